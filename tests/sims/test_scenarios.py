"""Every scenario in `sims/` is well formed, and shows what its checks say that it shows."""

import re
from pathlib import Path

import pytest

from reconciler.model.checks import evaluate
from reconciler.rehearsal.run import Task, run_seed, task_of
from reconciler.spec.scenarios import LoadedScenario, load_scenario

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "sims").glob("*.yaml"))
NAMES = [path.stem for path in FILES]
SEEDS = (0, 1)
CLOSED = "R162"  # no secret is opened to simulate

PAGE = ROOT / "docs" / "reference" / "systems.md"
SYSTEMS = ("constellation", "orchestrator", "kpow", "kdcube", "airssys")


def loaded(path: Path) -> LoadedScenario:
    return load_scenario(path, env={})


def task(path: Path) -> Task:
    found = loaded(path)
    return task_of(found.scenario, found.path, found.start, found.after)


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_it_loads_without_warnings_and_says_what_it_shows(path: Path) -> None:
    found = loaded(path)
    assert [w.summary for w in found.warnings if w.code != CLOSED] == []
    scenario = found.scenario
    assert scenario.title.endswith("."), "a sentence"
    assert scenario.assumes, "what it takes for granted"
    assert scenario.checks
    assert 3 <= scenario.seeds <= 10


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_its_checks_hold(path: Path, seed: int) -> None:
    run, _ = run_seed(task(path), seed)
    missed = {check.text: check.value for check in run.checks if not check.holds}
    assert missed == {}, f"replay: reconciler simulate sims/{path.name} --seed {seed}"
    assert run.violations == ()
    for service in run.services:
        assert service.arrivals == service.served + service.dropped_total + service.in_flight


def _shown() -> set[str]:
    """The scenarios that the page names, in its tables and nowhere else."""
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    return {name for row in rows for name in re.findall(r"`([a-z0-9-]+)`", row.split("|")[2])}


def test_the_page_on_the_systems_names_every_scenario_of_theirs_and_no_other() -> None:
    ours = {name for name in NAMES if name.startswith(SYSTEMS)}
    assert _shown() == ours


@pytest.mark.parametrize("system", SYSTEMS)
def test_each_system_has_scenarios(system: str) -> None:
    assert any(name.startswith(f"{system}-") for name in NAMES)


@pytest.mark.parametrize(
    ("services", "first"),
    [
        (("chat-ingress", "chat-proc", "kb", "metrics"), ("postgres", "redis")),
        (("proxylogin",), ("redis",)),
        (("web-proxy",), ("chat-ingress", "proxylogin")),
    ],
)
def test_kdcube_starts_nothing_before_what_it_needs_is_ready(
    services: tuple[str, ...], first: tuple[str, ...]
) -> None:
    run, _ = run_seed(task(ROOT / "sims" / "kdcube-start.yaml"), 0)
    ready = max(min(s.from_ns for s in run.spans if s.service == n and s.state == "ready")
                for n in first)  # fmt: skip
    starts = [s.from_ns for s in run.spans if s.service in services and s.state == "starting"]
    assert starts
    assert min(starts) >= ready


SHUTDOWNS = sorted((ROOT / "sims").glob("airssys-shutdown*.yaml"))


@pytest.mark.parametrize("path", SHUTDOWNS, ids=lambda path: path.stem)
def test_airssys_stops_nothing_before_what_needs_it_is_gone(path: Path) -> None:
    found = loaded(path)
    run, _ = run_seed(task(path), 0)
    ends = {s.service: 0 for s in run.spans}
    for span in run.spans:
        if span.state != "down":  # what has ended is kept for its logs
            ends[span.service] = max(ends[span.service], span.to_ns)
    stops = {s.service: s.from_ns for s in run.spans if s.state == "draining"}
    services = found.start.declared.services
    pairs = [(name, str(need)) for name, service in services.items() for need in service.depends_on]
    assert pairs
    for name, need in pairs:
        assert stops[need.removeprefix("service/")] >= ends[name], (name, need)


# What goes wrong, and the same, mended.
PAIRS = [
    ("constellation-grace-30", "constellation-grace-45"),
    ("constellation-nginx-refusing", "constellation-nginx"),
    ("constellation-unlike-balanced", "constellation-unlike-least-connections"),
    ("constellation-lsp-short-drain", "constellation-lsp-cookie"),
    ("constellation-office-nginx", "constellation-office-haproxy"),
    ("constellation-executions-short-drain", "constellation-executions-drained"),
    ("constellation-executions-untied", "constellation-executions-id"),
    ("constellation-executions-hashed", "constellation-executions-address"),
    ("constellation-executions-untied", "constellation-executions-cookie"),
    ("constellation-executions-retied", "constellation-executions-retied-slowly"),
    ("constellation-office-scaled-nginx", "constellation-office-scaled-cookie"),
    ("constellation-lsp-tied-for-hours", "constellation-lsp-cookie"),
    ("constellation-lsp-office-nginx", "constellation-lsp-office-cookie"),
    ("constellation-machines-round-robin", "constellation-machines-weighted"),
    ("constellation-limit-2", "constellation-limit-4"),
    ("constellation-cache-cold", "constellation-cache-warm"),
    ("constellation-liveness-on-readiness", "constellation-liveness-as-guided"),
    ("kpow-kafka-log-exception", "kpow-kafka-liveness"),
    ("kpow-node-partition-deployment", "kpow-node-partition"),
    ("kdcube-bundles-restarted", "kdcube-bundles-waited"),
    ("kdcube-budgets-draining", "kdcube-budgets-mended"),
    ("kdcube-zones-on", "kdcube-zones-off"),
    ("kdcube-burst-fargate", "kdcube-burst-cluster"),
    ("kdcube-node-drain-two", "kdcube-node-drain-budget"),
    ("airssys-grace-guide", "airssys-grace-one-pod"),
    ("airssys-capacity-47", "airssys-capacity-46"),
    ("airssys-mailbox-1", "airssys-mailbox-5"),
]


@pytest.mark.parametrize(("wrong", "mended"), PAIRS, ids=["/".join(pair) for pair in PAIRS])
def test_the_checks_of_a_pair_tell_one_from_the_other(wrong: str, mended: str) -> None:
    tasks = {name: task(ROOT / "sims" / f"{name}.yaml") for name in (wrong, mended)}
    runs = {name: run_seed(each, SEEDS[0])[0] for name, each in tasks.items()}
    for checks, run in ((tasks[wrong].checks, runs[mended]), (tasks[mended].checks, runs[wrong])):
        assert not all(evaluate(check, run).holds for check in checks)
