"""History, rollback and logs, on the simulator."""

import json
from pathlib import Path

import pytest

from reconciler.cli import exits
from reconciler.sim import worldfile
from reconciler.sim.world import World
from tests.cli.conftest import SHOP, Cli
from tests.cli.test_commands import WORLD, break_image


def entries(cli: Cli, *arguments: str, name: str = "web") -> list[dict[str, object]]:
    made = json.loads(cli("history", "shop.yaml", name, *arguments, "-o", "json").out)
    assert made["format"] == "reconciler.history/1"
    found: list[dict[str, object]] = made["resources"][0]["revisions"]
    return found


def images(cli: Cli, *arguments: str) -> list[tuple[object, object, object, object]]:
    return [(e["image"], e["outcome"], e["running"], e["wanted"]) for e in entries(cli, *arguments)]


@pytest.fixture
def rolled(cli: Cli) -> Cli:
    """A shop that ran three revisions of web, one after another."""
    for tag in ("1.0", "2.0", "3.0"):
        assert cli("apply", "shop.yaml", "-y", "--var", f"TAG={tag}").code == exits.OK
    return cli


V3 = ("--var", "TAG=3.0")
NAMES = {tag: f"web:{tag}" for tag in ("1.0", "2.0", "3.0")}


def ready(cli: Cli, tag: str) -> bool:
    """Whether the instances of web are of this image."""
    logs = json.loads(cli("status", "shop.yaml", *V3, "-o", "json").out)
    web = next(r for r in logs["resources"] if r["resource"] == "service/web")
    runs = {e["revision"] for e in entries(cli, *V3) if e["image"] == NAMES[tag]}
    return {i["revision"] for i in web["instances"]} == runs and web["ready"] == 2


def test_history_tells_what_was_tried_newest_first(rolled: Cli) -> None:
    assert images(rolled, *V3) == [
        (NAMES["3.0"], "good", True, True),
        (NAMES["2.0"], "good", False, False),
        (NAMES["1.0"], "good", False, False),
    ]
    text = rolled("history", "shop.yaml", *V3).out
    assert "runs, wanted" in text
    assert "service/db" in text
    assert "service/db" not in rolled("history", "shop.yaml", "service/web", *V3).out


def test_history_of_what_never_ran_is_empty(cli: Cli) -> None:
    made = cli("history", "shop.yaml")
    assert (made.code, made.out.count("nothing is noted yet")) == (exits.OK, 2)


def test_history_tells_why_a_revision_failed(cli: Cli) -> None:
    cli("apply", "shop.yaml", "-y")
    break_image("web:9.0", "never_ready")
    cli("apply", "shop.yaml", "-y", "--var", "TAG=9.0")
    last, first = entries(cli, "--var", "TAG=9.0")
    assert (last["outcome"], last["wanted"], last["running"]) == ("failed", True, False)
    assert "not healthy within 20s" in str(last["reason"])
    assert (first["outcome"], first["running"]) == ("good", True)


def test_an_unknown_service_is_told_with_the_known_ones(cli: Cli) -> None:
    for command in ("history", "logs", "rollback"):
        made = cli(command, "shop.yaml", "wbe")
        assert (made.code, "one of db, web" in made.err) == (exits.ERROR, True)


def test_a_rollback_goes_to_the_last_good_one_and_is_held(rolled: Cli) -> None:
    made = rolled("rollback", "shop.yaml", "web", *V3, "-y", "--reason", "slow pages")
    assert (made.code, "Done in" in made.out) == (exits.OK, True)
    assert "web:2.0" in made.out
    assert ready(rolled, "2.0")
    held = rolled("plan", "shop.yaml", *V3, "--detailed-exitcode")
    assert held.code == exits.OK
    assert "rolled back by hand: slow pages; the last good one is kept" in held.out
    forward = rolled("apply", "shop.yaml", *V3, "-y", "--retry", "web")
    assert forward.code == exits.OK
    assert ready(rolled, "3.0")
    assert "Held" not in rolled("plan", "shop.yaml", *V3).out


def test_a_rollback_of_a_rollback_goes_one_further_back(rolled: Cli) -> None:
    rolled("rollback", "shop.yaml", "web", *V3, "-y")
    assert rolled("rollback", "shop.yaml", "web", *V3, "-y").code == exits.OK
    assert ready(rolled, "1.0")


def test_a_rollback_to_a_named_revision_takes_its_beginning(rolled: Cli) -> None:
    first = str(entries(rolled, *V3)[-1]["revision"])
    named = ("rollback", "shop.yaml", "web", *V3, "-y", "--to", first[:6])
    assert rolled(*named).code == exits.OK
    assert ready(rolled, "1.0")
    again = rolled(*named)
    assert (again.code, "0 to replace" in again.out) == (exits.OK, True)
    assert len(entries(rolled, *V3)) == 5  # nothing was noted by the second one


def test_a_revision_that_is_unknown_or_wanted_or_was_never_good_is_refused(rolled: Cli) -> None:
    wanted, second, first = (str(e["revision"]) for e in entries(rolled, *V3))
    unknown = rolled("rollback", "shop.yaml", "web", *V3, "-y", "--to", "nothing")
    assert unknown.code == exits.ERROR
    assert f"one of {second}, {first}" in unknown.err
    same = rolled("rollback", "shop.yaml", "web", *V3, "-y", "--to", wanted)
    assert "is what the desired state asks of service/web" in same.err
    break_image("web:9.0", "never_ready")
    rolled("apply", "shop.yaml", "-y", "--var", "TAG=9.0")
    failed = str(entries(rolled, *V3)[0]["revision"])
    bad = rolled("rollback", "shop.yaml", "web", *V3, "-y", "--to", failed)
    assert "has never been good" in bad.err


def test_where_there_is_nothing_to_go_back_to_nothing_is_done(cli: Cli) -> None:
    cli("apply", "shop.yaml", "-y")
    made = cli("rollback", "shop.yaml", "web", "-y")
    assert (made.code, "error[R320]" in made.err) == (exits.ERROR, True)
    assert cli("plan", "shop.yaml", "--detailed-exitcode").code == exits.OK


def test_a_rollback_touches_nothing_but_its_service(rolled: Cli) -> None:
    Path("shop.yaml").write_text(SHOP.replace("db:1.0", "db:2.0"))
    made = rolled("rollback", "shop.yaml", "web", *V3, "-y")
    assert (made.code, "service/db" in made.out.partition("Done")[0]) == (exits.OK, False)
    assert ready(rolled, "2.0")
    assert "-/+ service/db" in rolled("plan", "shop.yaml", *V3).out


def test_a_service_that_pauses_is_rolled_back_by_hand_too(rolled: Cli) -> None:
    Path("shop.yaml").write_text(SHOP.replace("deadline: 20s", "deadline: 20s, on_failure: pause"))
    break_image("web:9.0", "never_ready")
    v9 = ("--var", "TAG=9.0")
    assert rolled("apply", "shop.yaml", "-y", *v9).code == exits.ERROR
    assert rolled("rollback", "shop.yaml", "web", "-y", *v9).code == exits.OK
    assert ready(rolled, "3.0")


def test_a_rollback_asks_first(rolled: Cli) -> None:
    made = rolled("rollback", "shop.yaml", "web", *V3)
    assert made.code == exits.UNCONFIRMED
    assert ready(rolled, "3.0")
    assert len(entries(rolled, *V3)) == 3


def test_a_revision_whose_content_is_gone_is_refused_before_anything_is_done(cli: Cli) -> None:
    text = SHOP + "configs: {motd: {content: '%s'}}\n"
    text = text.replace("    replicas: 2\n", "    replicas: 2\n    configs: [motd:/etc/motd]\n")
    for content in ("one", "two", "three"):
        Path("shop.yaml").write_text(text % content)
        assert cli("apply", "shop.yaml", "-y").code == exits.OK
    made = cli("rollback", "shop.yaml", "web", "-y")
    assert made.code == exits.ERROR
    assert "needs the content of config motd, which is no longer there" in made.err
    assert cli("plan", "shop.yaml", "--detailed-exitcode").code == exits.OK


def forget_image(image: str) -> World:
    """The image is no longer on the engine, by whatever name."""
    world = worldfile.load(WORLD)
    assert world is not None
    del world.images.stored[world.images.local.pop(image)]
    return world


def test_an_image_that_is_gone_is_pulled_before_anything_is_written(rolled: Cli) -> None:
    worldfile.save(forget_image("web:2.0"), WORLD)
    made = rolled("rollback", "shop.yaml", "web", *V3, "-y")
    assert (made.code, "is no longer there: it is pulled first" in made.out) == (exits.OK, True)
    assert ready(rolled, "2.0")


@pytest.mark.parametrize("trouble", ["missing", "moved", "never"])
def test_an_image_that_cannot_be_had_again_is_told_and_nothing_is_written(
    rolled: Cli, trouble: str
) -> None:
    world = forget_image("web:2.0")
    if trouble == "missing":
        world.images.missing = frozenset({"web:2.0"})
    if trouble == "moved":
        world.images.moved["web:2.0"] = 1
    worldfile.save(world, WORLD)
    if trouble == "never":
        Path("shop.yaml").write_text(
            SHOP.replace("    replicas: 2", "    pull: never\n    replicas: 2")
        )
    made = rolled("rollback", "shop.yaml", "web", *V3, "-y")
    said = {
        "missing": "cannot be pulled: manifest for web:2.0 not found (R425)",
        "moved": "is no longer the one that was good",
        "never": "is not there any more, and is never pulled",
    }
    assert (made.code, "error[R444]" in made.err) == (exits.ERROR, True)
    assert said[trouble] in made.err.replace("\n", " ")
    assert len(entries(rolled, *V3)) == 3
    assert ready(rolled, "3.0")


def test_a_secret_that_was_only_a_variable_is_said_to_be_kept_nowhere(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = "    replicas: 2\n    environment: {KEY: {secret: key}}\n"
    Path("shop.yaml").write_text(
        SHOP.replace("    replicas: 2\n", more) + "secrets: {key: {env: SHOP_KEY}}\n"
    )
    for value in ("first-value", "other-value"):
        monkeypatch.setenv("SHOP_KEY", value)
        assert cli("apply", "shop.yaml", "-y").code == exits.OK
    made = cli("rollback", "shop.yaml", "web", "-y")
    assert (made.code, "error[R323]" in made.err) == (exits.ERROR, True)
    assert "another value of secret key in KEY, and that value is not kept" in made.err
    assert "shop.yaml:" in made.err and "-value" not in made.err
    monkeypatch.setenv("SHOP_KEY", "first-value")
    assert cli("apply", "shop.yaml", "-y").code == exits.OK
    assert cli("plan", "shop.yaml", "--detailed-exitcode").code == exits.OK


def test_status_says_of_what_is_absent_that_its_image_is_not_there(cli: Cli) -> None:
    world = World.fresh()
    world.images.missing = frozenset({"web:9.0"})
    worldfile.save(world, WORLD)
    v9 = ("--var", "TAG=9.0")
    assert cli("apply", "shop.yaml", "-y", *v9).code == exits.ERROR
    text = cli("status", "shop.yaml", *v9).out
    assert "service/web is absent: not there; the image web:9.0 is not there" in text
    assert "R506: `apply` pulls it" in text
    document = json.loads(cli("status", "shop.yaml", *v9, "-o", "json").out)
    web = next(r for r in document["resources"] if r["resource"] == "service/web")
    assert (web["code"], web["phase"]) == ("R506", "absent")


def test_a_job_is_not_rolled_back(cli: Cli) -> None:
    Path("shop.yaml").write_text(SHOP + "jobs: {migrate: {image: 'web:1.0'}}\n")
    assert cli("rollback", "shop.yaml", "migrate", "-y").code == exits.USAGE
    assert cli("rollback", "shop.yaml", "-y").code == exits.USAGE


def test_logs_carry_the_name_of_their_instance(cli: Cli) -> None:
    break_image("web", "crash")
    cli("apply", "shop.yaml", "-y")
    made = cli("logs", "shop.yaml", "web")
    assert made.code == exits.OK
    assert made.out.splitlines()[-1].startswith("shop-web-")
    assert " | ended with exit code 1" in made.out
    assert len(cli("logs", "shop.yaml", "web", "-n", "1").out.splitlines()) == 2
    document = json.loads(cli("logs", "shop.yaml", "-o", "json").out)
    assert document["format"] == "reconciler.logs/1"
    assert {each["resource"] for each in document["instances"]} >= {"service/web"}


def test_logs_need_no_sound_state_and_follow_only_a_real_target(cli: Cli) -> None:
    cli("apply", "shop.yaml", "-y")
    Path("shop.yaml").write_text(SHOP + "secrets: {key: {env: NOWHERE_TO_BE_FOUND}}\n")
    assert cli("logs", "shop.yaml").code == exits.OK
    assert cli("logs", "shop.yaml", "--follow").code == exits.USAGE
