"""`reconciler simulate` and `rehearse`: what they print and write, and how they exit."""

import io
import json
import shlex
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


def test_simulate_tells_once_what_validate_says_of_its_states(shop: Path, cli: Cli) -> None:
    write(shop)
    shop.write_text(shop.read_text().replace("drain: 2s, grace: 20s", "drain: 40s, grace: 20s"))
    validated = cli("validate", "shop.yaml")
    assert "error[R201]" in validated.out + validated.err
    done = cli("simulate", "roll.yaml", "--seed", "0")
    assert done.code in (exits.OK, exits.MISSED)
    assert done.err.count("warning[R201]") == 1 and "error" not in done.err


def test_simulate_refuses_what_the_target_does_not_act_on(shop: Path, cli: Cli) -> None:
    write(shop)
    scaled = "    autoscale: {min: 1, max: 3, cpu: 50}\n"
    shop.write_text(shop.read_text().replace("    replicas: 2\n", scaled))
    done = cli("simulate", "roll.yaml", "--seed", "0")
    assert done.code == exits.ERROR and "R457" in done.err
    on_cluster = (shop.parent / "roll.yaml").read_text() + "target: kubernetes\n"
    (shop.parent / "roll.yaml").write_text(on_cluster)
    assert "R457" not in cli("simulate", "roll.yaml", "--seed", "0").err


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


def test_what_cannot_be_written_is_told_before_anything_is_run(shop: Path, cli: Cli) -> None:
    write(shop)
    (shop.parent / "roll.yaml").unlink()  # so that a run would be another error
    done = cli("simulate", "roll.yaml", "--html", "nowhere/r.html", "--trace", "shop.yaml/t")
    assert done.code == exits.ERROR and not done.out
    assert done.err.count("R713") == 2 and "nowhere/r.html" in done.err and "R605" not in done.err


def test_a_report_goes_to_standard_output_in_place_of_the_text(shop: Path, cli: Cli) -> None:
    write(shop)
    done = cli("simulate", "roll.yaml", "--seed", "0", "--markdown", "-", "--html", "r.html")
    assert done.out.startswith("### ✅ Both copies are replaced") and "holds: " not in done.out
    assert Path("r.html").read_text().startswith("<!doctype html>")
    assert cli("simulate", "roll.yaml", "--seed", "0", "--html", "-").out.startswith("<!doctype")


@pytest.mark.parametrize("words", [["--html", "-", "--markdown", "-"], ["--html", "-", "-ojson"]])
def test_standard_output_takes_one_report(shop: Path, cli: Cli, words: list[str]) -> None:
    write(shop)
    assert cli("simulate", "roll.yaml", *words).code == exits.USAGE


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


def replayed(cli: Cli, said: str) -> tuple[str, str]:
    """The command that a document names, and the digest of the run that it makes."""
    command = json.loads(said)["replay"]
    program, *words = shlex.split(command)
    assert program == "reconciler"
    again = json.loads(cli(*words, "-q", "-o", "json", "--cores", "1").out)
    return command, again["by_seed"][0]["digest"]


def worst(said: str) -> str:
    made = json.loads(said)
    found: str = next(r["digest"] for r in made["by_seed"] if r["seed"] == made["worst_seed"])
    return found


def test_what_fails_on_what_runs_is_replayed_after_that_has_changed(shop: Path, cli: Cli) -> None:
    write(shop)
    assert cli("apply", "shop.yaml", "--yes").code == exits.OK
    shop.write_text(shop.read_text().replace('"1"', '"2"'))
    failed = cli("rehearse", "shop.yaml", "--seeds", "3", "--cores", "1", "-q", "-o", "json")
    assert failed.code == exits.MISSED
    assert cli("apply", "shop.yaml", "--yes", "--advance", "1h").code == exits.OK  # it changes
    command, digest = replayed(cli, failed.out)
    assert "--from" in command and digest == worst(failed.out)


def test_what_runs_is_kept_where_one_says_and_without_secrets(
    shop: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(shop, drain="10m")
    monkeypatch.setenv("SHOP_KEY", "hunter2-hunter2")
    secret = "secrets: {key: {env: SHOP_KEY}}\n"
    used = shop.read_text().replace('{VERSION: "1"}', '{VERSION: "1", KEY: {secret: key}}')
    shop.write_text(used + secret)
    assert cli("apply", "shop.yaml", "--yes").code == exits.OK
    shop.write_text(shop.read_text().replace('"1"', '"2"'))
    words = ("--seeds", "2", "--cores", "1", "-q", "-o", "json")
    first = cli("rehearse", "shop.yaml", "--save", "it runs.json", *words)
    assert first.code == exits.OK, first.err
    kept = Path("it runs.json").read_text()
    assert "hunter2" not in kept and "secret:key@" in kept
    command, digest = replayed(cli, first.out)
    assert "--from 'it runs.json'" in command and digest == worst(first.out)
    monkeypatch.setenv("SHOP_KEY", "another one")
    changed = json.loads(cli("rehearse", "shop.yaml", "--from", "it runs.json", *words).out)
    assert any("KEY" in text for text in changed["changes"])


@pytest.mark.parametrize(
    "text", ['{"format": "reconciler.observed/1"}', '{"format": "reconciler.observed/9", ', "{"]
)
def test_a_damaged_observation_is_a_diagnostic(shop: Path, cli: Cli, text: str) -> None:
    write(shop)
    Path("kept.json").write_text(text)
    done = cli("rehearse", "shop.yaml", "--from", "kept.json", "--seeds", "1")
    assert done.code == exits.ERROR and "internal" not in done.err
    assert cli("rehearse", "shop.yaml", "--from", "x", "--save", "y").code == exits.USAGE


def test_variables_and_the_scenario_are_in_the_replay_and_secrets_are_not(
    shop: Path, cli: Cli
) -> None:
    write(shop)
    text = shop.read_text().replace('{VERSION: "1"}', '{VERSION: "${V}", W: "${DB_PASSWORD}"}')
    shop.write_text(text + "variables: {V: {default: a}, DB_PASSWORD: {default: b}}\n")
    words = ("--var", 'V=it\'s "x y"', "--var", "DB_PASSWORD=hunter2")
    done = cli("simulate", "roll.yaml", "--seed", "4", "-o", "json", *words)
    replay = json.loads(done.out)["replay"]
    assert "hunter2" not in done.out + done.err
    assert replay.endswith('--var DB_PASSWORD="$DB_PASSWORD" --seed 4')
    assert 'V=it\'s "x y"' in shlex.split(replay)


def test_two_files_and_two_scenarios_stand_side_by_side(shop: Path, cli: Cli) -> None:
    write(shop)
    assert cli("apply", "shop.yaml", "--yes").code == exits.OK
    shop.write_text(shop.read_text().replace('"1"', '"2"'))
    Path("mended.yaml").write_text(shop.read_text().replace("drain: 0s", "drain: 10m"))
    words = ("--seeds", "4", "--cores", "1", "-q", "-o", "json")
    done = cli("rehearse", "mended.yaml", "--compare", "shop.yaml", *words)
    said = json.loads(done.out)
    assert done.code == exits.OK and said["verdict"] == "better"
    assert "mended.yaml" in said["before"]["replay"] and "--compare" in said["before"]["replay"]
    cut = next(each for each in said["figures"] if each["name"] == "sessions cut")
    assert cut["judgement"] == "better" and cut["paired"]["confidence95"][1] < 0

    scenario = Path("roll.yaml").read_text()
    Path("slow.yaml").write_text(scenario.replace("20ms", "200ms"))
    done = cli("simulate", "slow.yaml", "--compare", "roll.yaml", *words)
    said = json.loads(done.out)
    assert said["verdict"] == "worse" and said["before"]["replay"].count("roll.yaml") == 1
    same = json.loads(cli("simulate", "roll.yaml", "--compare", "roll.yaml", *words).out)
    assert same["verdict"] == "none"


def test_places_in_another_revision_are_named_by_its_commit(repository: Path, cli: Cli) -> None:
    repository.write_text(repository.read_text().replace("drain: 0s", "drain: 10m"))
    words = ("--from", "HEAD", "--compare", "HEAD", "--seeds", "2", "--cores", "1", "-q")
    repository.write_text(repository.read_text().replace('"1"', '"2"'))
    done = cli("rehearse", "shop.yaml", *words, "-o", "json")
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True).stdout
    said = json.loads(done.out)
    assert f"--from {commit.strip()}" in said["after"]["replay"]
    places = [c["before"]["position"] for c in said["causes"] if c["before"]]
    assert all(at["file"] == f"{commit[:12]}:shop.yaml" for at in places if at)


def test_the_state_may_come_from_standard_input(
    shop: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(shop)
    assert cli("apply", "shop.yaml", "--yes").code == exits.OK
    text = shop.read_text().replace('"1"', '"2"')
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    done = cli("rehearse", "-", "--seeds", "2", "--cores", "1", "-q")
    assert done.code == exits.MISSED, done.err
    assert "<stdin>:8:" in done.out


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("- {service: api, rate: {poisson: 50}, service_time: 20ms}", 4),
        ("- {service: web, rate: {poisson: 50}, service_time: 20ms}\n"
         "behaviour: {api: {ready: 2s}}", 5),
        ("- {service: web, rate: {poisson: 50}, service_time: 20ms}\n"
         "faults: [{kind: crash, on: api, at: 30s}]", 5),
    ],
)  # fmt: skip
def test_names_of_a_scenario_must_lead_somewhere_in_what_is_rehearsed(
    shop: Path, cli: Cli, said: str, line: int
) -> None:
    write(shop)
    text = SCENARIO.replace("CHECK", "dropped <= 0").replace("shop.yaml", "other.yaml")
    text = text.replace("services.web", "services.api")
    text = text.replace("- {service: web, rate: {poisson: 50}, service_time: 20ms}", said)
    # Both are in its own state, and one of them alone in what is rehearsed.
    both = WEB.replace("DRAIN", "0s") + WEB.split("services:\n")[1].replace("web:", "api:", 1)
    (shop.parent / "other.yaml").write_text(both.replace("DRAIN", "0s"))
    (shop.parent / "other-roll.yaml").write_text(text)
    assert cli("apply", "shop.yaml", "--yes").code == exits.OK
    for more in ([], ["--from", "shop.yaml"]):
        done = cli("rehearse", "shop.yaml", "--scenario", "other-roll.yaml", *more)
        assert done.code == exits.ERROR and done.err.count("error[R607]") == 1
        assert f"other-roll.yaml:{line}:" in done.err


def test_what_runs_on_an_engine_is_not_rehearsed_by_the_rules_of_a_cluster(
    shop: Path, cli: Cli
) -> None:
    write(shop)
    with (shop.parent / "roll.yaml").open("a") as file:
        file.write("target: kubernetes\n")
    assert cli("apply", "shop.yaml", "--yes").code == exits.OK
    done = cli("rehearse", "shop.yaml", "--scenario", "roll.yaml", "--seed", "0")
    assert done.code == exits.USAGE and "target: docker" in done.err
    done = cli(
        "rehearse", "shop.yaml", "--scenario", "roll.yaml", "--from", "shop.yaml", "--seed", "0"
    )
    assert done.code in (exits.OK, exits.MISSED)
