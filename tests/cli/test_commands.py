"""The commands, one after another, on the simulator."""

import io
import json
import sys
from pathlib import Path

import pytest
import yaml

from reconciler.cli import exits
from reconciler.sim import worldfile
from reconciler.sim.behaviour import rule
from reconciler.sim.world import World
from tests.cli.conftest import SHOP, Cli

WORLD = Path(".reconciler-world.json")


def break_image(text: str, mode: str) -> None:
    """From now on, instances of images that contain `text` misbehave."""
    world = worldfile.load(WORLD) or World.fresh()
    world.rules = (*world.rules, rule(text, mode))
    worldfile.save(world, WORLD)


def test_plan_apply_status_plan_tells_one_story(cli: Cli) -> None:
    planned = cli("plan", "shop.yaml")
    assert planned.code == exits.OK
    assert "+ service/web  not there yet  shop.yaml:8" in planned.out
    assert planned.out.endswith("Plan: 4 to create, 0 to update, 0 to replace, 0 to delete\n")
    applied = cli("apply", "shop.yaml", "--yes")
    assert applied.code == exits.OK
    assert applied.out.rstrip().endswith("4 created.")
    assert "service/web  ready" in applied.err
    status = cli("status", "shop.yaml")
    assert (status.code, status.err) == (exits.OK, "")
    assert "shop on simulator: all 4 resources are ready" in status.out
    again = cli("plan", "shop.yaml", "--detailed-exitcode")
    assert again.code == exits.OK
    assert "No changes. shop is as wanted." in again.out


def test_a_plan_writes_nothing_at_all(cli: Cli, shop: Path) -> None:
    cli("plan", "shop.yaml")
    cli("diff", "shop.yaml")
    cli("status", "shop.yaml")
    assert [path.name for path in shop.parent.iterdir()] == ["shop.yaml"]


def test_an_environment_and_a_variable_change_what_is_wanted(cli: Cli) -> None:
    cli("apply", "shop.yaml", "-y")
    staged = cli("diff", "shop.yaml", "-e", "stage")
    assert "-image: web:1.0" in staged.out
    assert "+image: web:2.0" in staged.out
    given = cli("diff", "shop.yaml", "--var", "TAG=3.0")
    assert "+image: web:3.0" in given.out


def test_the_state_may_come_from_standard_input(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    text = io.TextIOWrapper(io.BytesIO(SHOP.replace("image: db", "imge: db").encode()))
    monkeypatch.setattr(sys, "stdin", text)
    made = cli("validate", "-")
    assert made.code == exits.ERROR
    assert "<stdin>:15:5" in made.out
    assert "15 |     imge: db:1.0" in made.out


def test_several_files_are_one_stack(cli: Cli, shop: Path) -> None:
    shop.with_name("more.yaml").write_text("services: {cron: {image: 'cron:1'}}\n")
    made = cli("graph", "shop.yaml", "more.yaml", "-o", "json")
    assert "service/cron" in json.loads(made.out)["needs"]


def test_destroy_leaves_volumes_unless_they_are_asked_for(cli: Cli) -> None:
    cli("apply", "shop.yaml", "-y")
    gone = cli("destroy", "shop.yaml", "-y")
    assert gone.code == exits.OK
    assert "volume/data" in gone.out.partition("Kept")[2]
    assert "volume/data" in cli("destroy", "shop.yaml", "-y", "--volumes").out
    last = cli("destroy", "shop.yaml", "-y", "--volumes")
    assert (last.code, "Nothing of shop to remove." in last.out) == (exits.OK, True)


def test_a_destroy_of_what_is_protected_says_what_to_do_first(cli: Cli, shop: Path) -> None:
    shop.write_text(SHOP.replace("  web:\n", "  web:\n    protect: true\n", 1))
    assert cli("apply", "shop.yaml", "-y").code == exits.OK
    refused = cli("destroy", "shop.yaml", "-y")
    assert refused.code == exits.ERROR
    assert "R304" in refused.err and "the stack is destroyed" in refused.err
    assert "`protect: false`, then destroy" in refused.err


def test_the_simulator_leaves_no_file_that_git_would_see(cli: Cli, shop: Path) -> None:
    cli("apply", "shop.yaml", "-y")
    made = sorted(path.name for path in shop.parent.iterdir())
    assert made == [".reconciler-world.json", ".reconciler-world.json.lock", "shop.yaml"]


def test_a_destroy_needs_no_sound_state(cli: Cli, shop: Path) -> None:
    cli("apply", "shop.yaml", "-y")
    shop.write_text(SHOP + "secrets: {key: {env: NOWHERE_TO_BE_FOUND}}\n")
    assert cli("plan", "shop.yaml").code == exits.ERROR
    assert cli("destroy", "shop.yaml", "-y").code == exits.OK


def test_a_failed_apply_shows_why_with_the_last_log_lines(cli: Cli, shop: Path) -> None:
    break_image("web", "crash")
    failed = cli("apply", "shop.yaml", "-y")
    assert failed.code == exits.ERROR
    assert "Failed after" in failed.out
    assert "service/web" in failed.out
    assert "    | " in failed.out  # a log line
    assert "the next apply goes on from here" in failed.out


def test_what_is_rolled_back_has_told_its_last_words(cli: Cli) -> None:
    cli("apply", "shop.yaml", "-y")
    break_image("web:9.0", "crash")
    failed = cli("apply", "shop.yaml", "-y", "--var", "TAG=9.0")
    assert failed.code == exits.ERROR
    assert "service/web is held" in failed.out
    assert "    | ended with exit code 1" in failed.out
    assert "service/web      ready  2/2" in cli("status", "shop.yaml").out


def test_a_failed_revision_is_held_until_it_is_asked_for_again(cli: Cli) -> None:
    cli("apply", "shop.yaml", "-y")
    break_image("web:9.0", "never_ready")
    failed = cli("apply", "shop.yaml", "-y", "--var", "TAG=9.0")
    assert failed.code == exits.ERROR
    assert "apply --retry web" in failed.out
    held = cli("plan", "shop.yaml", "--var", "TAG=9.0")
    assert "Held: this revision has failed before" in held.out
    again = cli("plan", "shop.yaml", "--var", "TAG=9.0", "--retry", "web")
    assert "Held" not in again.out
    assert "-/+ service/web" in again.out


def test_retry_of_an_unknown_service_names_the_known_ones(cli: Cli) -> None:
    made = cli("plan", "shop.yaml", "--retry", "wbe")
    assert made.code == exits.ERROR
    assert "one of db, web" in made.err


def test_a_saved_plan_is_applied_as_it_was_shown(cli: Cli, shop: Path) -> None:
    saved = cli("plan", "shop.yaml", "--out", "shop.plan.json")
    assert saved.code == exits.OK
    assert json.loads(Path("shop.plan.json").read_text())["format"] == "reconciler.plan/1"
    assert cli("apply", "--plan", "shop.plan.json").code == exits.OK
    stale = cli("apply", "--plan", "shop.plan.json")
    assert stale.code == exits.STALE
    assert "error[R310]" in stale.err


def test_a_saved_plan_is_refused_when_the_file_has_changed(cli: Cli, shop: Path) -> None:
    cli("plan", "shop.yaml", "--out", "shop.plan.json")
    shop.write_text(SHOP.replace("replicas: 2", "replicas: 3"))
    refused = cli("apply", "--plan", "shop.plan.json")
    assert refused.code == exits.STALE
    assert "the desired state has changed since" in refused.err
    assert not WORLD.exists()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": "reconciler.plan/9"}'])
def test_what_is_no_plan_is_a_diagnostic(cli: Cli, text: str) -> None:
    Path("shop.plan.json").write_text(text)
    made = cli("apply", "--plan", "shop.plan.json")
    assert made.code == exits.ERROR
    assert "error[R311]" in made.err


def test_a_plan_that_cannot_be_written_or_read_is_a_diagnostic(cli: Cli) -> None:
    assert "error[R702]" in cli("plan", "shop.yaml", "--out", "nowhere/plan.json").err
    assert "error[R701]" in cli("apply", "--plan", "nowhere.json").err


def test_no_half_file_is_left_and_special_files_stay_what_they_are(cli: Cli) -> None:
    assert cli("schema", "--out", "/dev/null").code == exits.OK
    assert not Path("/dev/null").is_file()
    cli("schema", "--out", "schema.json")
    assert sorted(path.name for path in Path().iterdir()) == ["schema.json", "shop.yaml"]


def test_the_schema_is_json_schema(cli: Cli) -> None:
    schema = json.loads(cli("schema").out)
    assert "services" in json.dumps(schema)
    assert schema["$schema"].startswith("http")


@pytest.mark.parametrize("command", ["validate", "plan", "status", "diff", "graph"])
def test_json_and_yaml_say_the_same_and_name_their_format(cli: Cli, command: str) -> None:
    made = json.loads(cli(command, "shop.yaml", "-o", "json").out)
    assert made["format"].startswith("reconciler.")
    assert made["format"].endswith("/1")
    assert yaml.safe_load(cli(command, "shop.yaml", "-o", "yaml").out) == made


def test_an_apply_for_machines_prints_one_document(cli: Cli) -> None:
    made = json.loads(cli("apply", "shop.yaml", "-y", "-o", "json").out)
    assert (made["format"], made["verdict"]) == ("reconciler.apply/1", "converged")
    assert made["summary"]["create"] == 4


def test_a_failure_for_machines_is_a_document_too(cli: Cli) -> None:
    made = cli("plan", "nowhere.yaml", "-o", "json")
    assert json.loads(made.out)["format"] == "reconciler.diagnostics/1"
    assert "error[R100]" in made.err


def test_the_graph_can_be_drawn(cli: Cli) -> None:
    assert cli("graph", "shop.yaml", "--format", "dot").out.startswith("digraph")
    assert cli("graph", "shop.yaml", "--format", "mermaid").out.startswith("flowchart")
    assert cli("graph", "shop.yaml", "--format", "dot", "-o", "json").code == exits.USAGE


def test_a_cycle_is_a_diagnostic_with_its_path(cli: Cli, shop: Path) -> None:
    shop.write_text(SHOP.replace("image: db:1.0", "image: db:1.0\n    depends_on: {web: started}"))
    for command in ("graph", "validate", "plan"):
        made = cli(command, "shop.yaml")
        assert made.code == exits.ERROR
        assert "dependency cycle: service/db → service/web → service/db" in made.out + made.err


def test_validate_shows_what_is_waived_and_why(cli: Cli, shop: Path) -> None:
    shop.write_text(SHOP.replace("web:${TAG}", "web:latest"))
    found = json.loads(cli("validate", "shop.yaml", "-o", "json").out)["diagnostics"]
    code = next(d["code"] for d in found if "latest" in d["summary"])
    shop.write_text(shop.read_text() + f"checks: {{{code}: {{allow: 'pinned elsewhere'}}}}\n")
    made = cli("validate", "shop.yaml")
    assert f"waived[{code}]" in made.out
    assert "= waived: pinned elsewhere" in made.out
    assert "1 waived" in made.out.splitlines()[-1]


def test_time_passes_only_when_it_is_told_to(cli: Cli) -> None:
    cli("apply", "shop.yaml", "-y")
    before = json.loads(WORLD.read_text())["now_ns"]
    cli("status", "shop.yaml")
    assert json.loads(WORLD.read_text())["now_ns"] == before
    cli("status", "shop.yaml", "--advance", "2h")
    assert json.loads(WORLD.read_text())["now_ns"] == before + 7200 * 10**9


def test_a_world_keeps_its_seed(cli: Cli) -> None:
    cli("apply", "shop.yaml", "-y", "--seed", "7")
    assert cli("plan", "shop.yaml", "--seed", "7").code == exits.OK
    assert "error[R707]" in cli("plan", "shop.yaml", "--seed", "8").err


def test_a_timeout_ends_an_apply_that_is_not_done(cli: Cli) -> None:
    made = cli("apply", "shop.yaml", "-y", "--timeout", "200ms")
    assert made.code == exits.ERROR
    assert "its time was over" in made.out
    assert cli("apply", "shop.yaml", "-y").code == exits.OK


def test_completion_scripts_are_printed(cli: Cli) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert "_RECONCILER_COMPLETE" in cli("completion", shell).out
