"""`reconciler simulate` and `rehearse`: what they print and write, and how they exit."""

import json
import subprocess
from pathlib import Path

import pytest

from reconciler.cli import exits
from tests.cli.conftest import Cli

WEB = """\
name: shop
services:
  web:
    image: web:1
    replicas: 2
    environment: {VERSION: "1"}
    readiness: {tcp: {port: 80}, period: 1s, failures: 1}
    termination: {drain: 2s, grace: 20s}
    rollout: {max_surge: 1, max_unavailable: 0}
    routing: {port: 80, websocket: true, session_longest: 60s, drain: DRAIN}
"""
SCENARIO = """\
title: Both copies are replaced.
state: shop.yaml
traffic:
  - {service: web, rate: {poisson: 50}, service_time: 20ms}
changes:
  - {at: 20s, set: {services.web.environment.VERSION: "2"}}
checks: [CHECK, converged within 1m]
seeds: 2
lasts: 90s
"""


def write(shop: Path, *, drain: str = "0s", check: str = "dropped <= 0") -> None:
    shop.write_text(WEB.replace("DRAIN", drain))
    (shop.parent / "roll.yaml").write_text(SCENARIO.replace("CHECK", check))


def test_a_scenario_that_holds_exits_with_0_and_says_so(shop: Path, cli: Cli) -> None:
    write(shop)
    done = cli("simulate", "roll.yaml", "--cores", "1")
    assert done.code == exits.OK, done.err
    assert done.out.startswith("holds: Both copies are replaced.")
    assert "reconciler simulate roll.yaml --seed" in done.out.splitlines()[-1]


def test_a_check_that_does_not_hold_exits_with_5(shop: Path, cli: Cli) -> None:
    write(shop, check="p99 <= 1ms")
    done = cli("simulate", "roll.yaml", "--cores", "1", "-o", "json")
    assert done.code == exits.MISSED
    said = json.loads(done.out)
    assert said["format"] == "reconciler.rehearsal/1" and said["holds"] is False


def test_one_seed_is_the_same_run_alone_and_among_others_and_on_two_cores(
    shop: Path, cli: Cli
) -> None:
    write(shop)
    alone = json.loads(cli("simulate", "roll.yaml", "--seed", "1", "-o", "json").out)
    among = json.loads(cli("simulate", "roll.yaml", "--cores", "2", "-o", "json").out)
    digests = {run["seed"]: run["digest"] for run in among["by_seed"]}
    assert [run["digest"] for run in alone["by_seed"]] == [digests[1]]


def test_it_writes_a_page_a_comment_and_a_trace(shop: Path, cli: Cli) -> None:
    write(shop)
    cli("simulate", "roll.yaml", "--seed", "0", "--html", "r.html", "--markdown", "r.md",
        "--trace", "r.txt")  # fmt: skip
    page = Path("r.html").read_text()
    assert "Both copies" in page and "src=" not in page and "https:" not in page
    assert "Both copies" in Path("r.md").read_text()
    assert "created shop service/web" in Path("r.txt").read_text()


def test_what_cannot_be_written_is_a_diagnostic(shop: Path, cli: Cli) -> None:
    write(shop)
    done = cli("simulate", "roll.yaml", "--seed", "0", "--html", "nowhere/r.html")
    assert done.code == exits.ERROR and "R713" in done.err


def test_a_broken_scenario_is_a_diagnostic_with_its_place(shop: Path, cli: Cli) -> None:
    write(shop)
    path = shop.parent / "roll.yaml"
    path.write_text(path.read_text().replace("service: web", "service: wbe"))
    done = cli("simulate", "roll.yaml")
    assert done.code == exits.ERROR and "roll.yaml:4" in done.err and "web" in done.err


def test_a_rehearsal_on_what_runs_names_the_line_and_passes_once_it_is_mended(
    shop: Path, cli: Cli
) -> None:
    write(shop)
    assert cli("apply", "shop.yaml", "--yes").code == exits.OK
    shop.write_text(shop.read_text().replace('"1"', '"2"'))
    world = Path(".reconciler-world.json").read_bytes()
    cut = cli("rehearse", "shop.yaml", "--seeds", "3", "--cores", "1", "-q")
    assert cut.code == exits.MISSED, cut.err
    assert "R625" in cut.out and "shop.yaml:8:" in cut.out  # termination.drain
    shop.write_text(shop.read_text().replace("drain: 0s", "drain: 10m"))
    mended = cli("rehearse", "shop.yaml", "--seeds", "3", "--cores", "1", "-q")
    assert mended.code == exits.OK, mended.out
    assert Path(".reconciler-world.json").read_bytes() == world  # nothing was changed


def git(*words: str) -> None:
    who = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    subprocess.run(["git", *who, *words], check=True, capture_output=True)


@pytest.fixture
def repository(shop: Path) -> Path:
    """Version 1 is committed."""
    write(shop)
    git("init", "-q", "-b", "main", ".")
    git("add", "shop.yaml")
    git("commit", "-q", "-m", "one")
    return shop


def test_another_revision_stands_for_what_runs(repository: Path, cli: Cli) -> None:
    repository.write_text(repository.read_text().replace('"1"', '"2"'))
    done = cli("rehearse", "shop.yaml", "--from", "HEAD", "--seeds", "2", "--cores", "1", "-q")
    assert done.code == exits.MISSED and "R625" in done.out
    assert not Path(".reconciler-world.json").exists()


def test_two_versions_of_a_change_stand_side_by_side(repository: Path, cli: Cli) -> None:
    later = repository.read_text().replace('"1"', '"2"').replace("drain: 0s", "drain: 10m")
    repository.write_text(later)
    done = cli("rehearse", "shop.yaml", "--from", "HEAD", "--compare", "HEAD", "--seeds", "2",
               "--cores", "1", "-o", "json")  # fmt: skip
    assert done.code == exits.OK, done.err
    assert json.loads(done.out)["format"] == "reconciler.comparison/1"


@pytest.mark.parametrize("revision", ["nowhere", "--help", "HEAD~7"])
def test_a_revision_that_is_none_is_a_diagnostic(repository: Path, cli: Cli, revision: str) -> None:
    done = cli("rehearse", "shop.yaml", f"--from={revision}", "--seeds", "1")
    assert done.code == exits.ERROR and "R714" in done.err
