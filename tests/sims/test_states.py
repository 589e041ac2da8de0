"""The states of the five systems: clean, in every environment, or refused for a stated reason."""

from collections.abc import Collection
from pathlib import Path

import pytest
import yaml

from reconciler.cli.loading import findings
from reconciler.model.diagnostic import Diagnostic
from reconciler.sim.capacity import capacity_of
from reconciler.spec.load import Loaded, load
from reconciler.targets.docker.features import CAPABILITIES

ROOT = Path(__file__).parents[2]
CLOSED = "R162"  # their secrets are not here
# What Docker is told and does not act on, where the system has it on other targets.
TOLD = {"R460", "R462", "R463", "R464", "R465", "R466", "R467", "R468", "R469", "R470"}
# Environments that are for another target than Docker, with what refuses them there.
ELSEWHERE = {
    ("airssys", "guarded"): {"R452"},
    ("constellation", "autoscale-cpu"): {"R457"},
    ("constellation", "autoscale-queue"): {"R457"},
    ("kdcube", "cluster"): {"R457"},
    ("kdcube", "fargate"): {"R457"},
}
# Constellation is shown as its guide has it, its image without a version and its host ports.
AS_GUIDED = {"constellation": {"R280", "R245"}}


def _environments() -> list[tuple[str, str]]:
    found = []
    for path in sorted((ROOT / "state").glob("*/environments.yaml")):
        names = yaml.safe_load(path.read_text())["environments"]
        found += [(path.parent.name, name) for name in ("", *names)]
    return found


CASES = _environments()


def _loaded(system: str, environment: str) -> Loaded:
    return load([f"state/{system}"], environment=environment, env={}, resolve=False)


def _codes(found: Collection[Diagnostic]) -> set[str]:
    return {d.code for d in found if d.waived is None}


def test_there_are_five_systems() -> None:
    systems = {system for system, _ in CASES}
    assert systems == {"airssys", "constellation", "kdcube", "kpow", "orchestrator"}


@pytest.mark.parametrize(("system", "environment"), CASES, ids=["-".join(case) for case in CASES])
def test_nothing_is_found_in_it_that_is_not_waived(
    system: str, environment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    found = findings(_loaded(system, environment), CAPABILITIES, "docker")
    refused = {d.code for d in found if d.is_error}
    assert refused == ELSEWHERE.get((system, environment), set())
    expected = TOLD | {CLOSED} | AS_GUIDED.get(system, set()) | refused
    assert _codes(found) <= expected


@pytest.mark.parametrize(("system", "environment"), CASES, ids=["-".join(case) for case in CASES])
def test_every_waiver_gives_its_reason(
    system: str, environment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    declared = _loaded(system, environment).stack.declared
    assert all(len(waiver.allow.split()) >= 4 for waiver in declared.checks.values())


def test_a_node_of_airssys_holds_54_components_of_the_mean_size_and_46_beside_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Decimal units, as the guide has it: 14,000 / 256 = 54.7.
    monkeypatch.chdir(ROOT)
    capacity = capacity_of(_loaded("airssys", "").stack)
    fit = next(f for f in capacity.fits if f.service == "enricher")
    assert (fit.alone, fit.beside, fit.binds) == (54, 46, "memory")


def test_an_app_gets_what_its_sdk_asks_for_and_no_credentials_of_the_stores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    env = {
        "APPSERVER_DB_HOST": "db", "APPSERVER_DB_SSLMODE": "require", "POSTGRES_PASSWORD": "p",
        "KRATOS_KEY": "k", "APPSERVER_HTTP_URL": "http://elsewhere",
    }  # fmt: skip
    loaded = load(["state/orchestrator"], env={**env, "APPSERVER_DB_PASSWORD": "s"}, resolve=True)
    app = loaded.stack.declared.services["app-de.easy-m.statistics"]
    assert {"DB_HOST", "DB_SSL_MODE", "DB_PASSWORD", "APP_ID"} <= set(app.environment)
    assert not [n for n in app.environment if n.startswith(("POSTGRES_", "KRATOS_"))]
    upstream = app.environment["UPSTREAM_DE_EASY_M_STATISTICS"].value
    assert upstream == "http://app-de.easy-m.statistics:3000"
    assert app.environment["APPSERVER_HTTP_URL"].value == "http://appserver:8080"
    assert app.environment["DB_PASSWORD"].value is None, "forwarded values are secrets"
    assert app.aliases == ("app-de.easy-m.statistics",)
