"""Registries: with a password, a wrong one, without the image, slow, dying, with a limit."""

import base64
import json
import os
import re
import time
from collections.abc import Iterator

import pytest

from reconciler.views import progress
from tests.live.troubles.command import Command, Engine
from tests.live.troubles.registry import Front, pushed

pytestmark = pytest.mark.live("docker", "registry")
IN_FILE = {"secrets": {"hub": {"env": "TROUBLE_HUB"}}}


@pytest.fixture
def front(monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    monkeypatch.setenv("TROUBLE_HUB", "live")
    made = Front()
    yield made
    made.close()


def wanted(command: Command, image: str, pull: str = "missing", **web: object) -> None:
    """The image from where it says, with the account in the file."""
    account = {image.partition("/")[0]: {"username": "live", "password": "hub"}}
    command.write({"image": image, "pull": pull, **web}, registries=account, **IN_FILE)


def test_a_wrong_password_is_told_and_the_right_one_finishes(
    command: Command, engine: Engine, front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = f"{front.host}/{pushed(engine)}"
    monkeypatch.setenv("TROUBLE_HUB", "wr0ng-value")
    wanted(command, image)
    said = command.apply()
    said.check_refused("R426", image, "docker login")
    assert "wr0ng-value" not in said.text
    assert engine.containers() == []
    monkeypatch.setenv("TROUBLE_HUB", "live")
    command.check_finishes()


def test_the_machine_s_own_login_is_used_where_the_file_names_no_account(
    command: Command, engine: Engine
) -> None:
    registry = os.environ["LIVE_REGISTRY"]
    image = f"{registry}/{pushed(engine)}"
    command.write({"image": image})
    command.apply().check_refused("R426", image)
    text = base64.b64encode(b"live:live").decode()
    config = {"auths": {registry: {"auth": text}}}
    (command.folder / "docker" / "config.json").write_text(json.dumps(config))
    command.check_finishes()


def test_an_image_that_is_not_there_is_told_and_pushing_it_finishes(
    command: Command, engine: Engine, front: Front
) -> None:
    path = pushed(engine).removesuffix(":1")
    wanted(command, f"{front.host}/{path}:2")
    command.apply().check_refused("R425", f"{path}:2", "check the image's name and tag")
    assert engine.containers() == []
    wanted(command, f"{front.host}/{path}:1")
    command.check_finishes()


def test_a_slow_registry_and_one_that_dies_half_way_only_take_longer(
    command: Command, engine: Engine, front: Front
) -> None:
    front.slow_s, front.cuts = 0.5, 1
    wanted(command, f"{front.host}/{pushed(engine)}", rollout={"deadline": "60s"})
    command.check_finishes()
    assert front.cuts == 0


def test_a_rate_limit_is_waited_for_as_long_as_the_registry_asks(
    command: Command, engine: Engine, front: Front
) -> None:
    image = f"{front.host}/{pushed(engine)}"
    front.limits = 2  # the engine asks twice for one pull: HEAD is no GET
    wanted(command, image, rollout={"deadline": "30s"})
    began = time.monotonic()
    said = command.apply()
    assert said.code == 0, said.text
    assert "toomanyrequests" in said.text and "R427" in said.text
    assert time.monotonic() - began >= 3 and front.limits == 0


def test_a_registry_that_is_away_is_given_up_on_in_time_and_condemns_nothing(
    command: Command, engine: Engine, front: Front
) -> None:
    path = pushed(engine)
    wanted(command, f"127.0.0.1:9/{path}")
    command.apply().check_refused("R428", "still failing after 4s", "is the registry up")
    wanted(command, f"{front.host}/{path}")
    command.check_finishes()


def test_a_pull_that_takes_too_long_ends_with_the_time_of_the_run(
    command: Command, engine: Engine, front: Front
) -> None:
    front.slow_s = 6
    wanted(command, f"{front.host}/{pushed(engine)}")
    began = time.monotonic()
    command.apply("--timeout", "1s").check_refused("stopped before it was done", "pulling")
    assert time.monotonic() - began < 12
    front.slow_s = 0
    command.check_finishes()


def test_a_pull_takes_no_longer_than_the_file_says(
    command: Command, engine: Engine, front: Front
) -> None:
    front.trickle_s = 8
    wanted(command, f"{front.host}/{pushed(engine)}", pull_timeout="1s")
    began = time.monotonic()
    command.apply().check_refused("R435", "took too long", "is the registry slow")
    assert time.monotonic() - began < 12
    front.trickle_s = 0
    command.check_finishes()


def test_a_slow_pull_tells_how_far_it_has_come(
    command: Command, engine: Engine, front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_PROGRESS_NS", 500_000_000)
    front.trickle_s = 3
    image = f"{front.host}/{pushed(engine)}"
    wanted(command, image, rollout={"deadline": "30s"})
    said = command.apply()
    assert said.code == 0, said.text
    how_far = rf"pull {re.escape(image)}: 0 of 1 layers, (\d\.\d) of 1\.\d MB"
    told = re.findall(how_far, said.text)
    assert 2 <= len(told) <= 8 and told == sorted(told) and told[0] != told[-1], said.text


def test_status_says_of_what_could_not_be_pulled_that_its_image_is_not_there(
    command: Command, engine: Engine, front: Front
) -> None:
    image = f"{front.host}/{pushed(engine).removesuffix(':1')}:2"
    wanted(command, image)
    command.apply().check_refused("R425")
    said = command("status").text
    assert f"service/web is absent: not there; the image {image} is not there" in said
    assert "R506: `apply` pulls it" in said


def test_a_rollback_pulls_the_image_that_is_gone_or_writes_nothing(
    command: Command, engine: Engine, front: Front
) -> None:
    images = [f"{front.host}/{pushed(engine, name)}" for name in ("one", "two")]
    for image in images:
        wanted(command, image)
        assert command.apply().code == 0
    was = engine.raw.inspect_image(images[0])["Id"]
    engine.raw.remove_image(images[0])
    before = engine.things()
    front.limits = 99
    command("rollback", "web", "--yes").check_refused("R444", "cannot be pulled", "R427")
    assert engine.things() == before
    front.limits = 0
    said = command("rollback", "web", "--yes")
    assert said.code == 0 and "is no longer there: it is pulled first" in said.text, said.text
    assert [raw["Image"] for raw in engine.containers()] == [was]


def test_pull_policies_say_when_the_registry_is_asked(
    command: Command, engine: Engine, front: Front
) -> None:
    image = f"{front.host}/{pushed(engine)}"
    wanted(command, image, pull="never")
    command.apply().check_refused("R503", image, "load the image first")
    assert engine.things() == 0 and front.asked == []
    wanted(command, image, pull="missing")
    command.check_finishes()
    asked = len(front.asked)
    wanted(command, image, pull="missing", environment={"A": "1"})
    command.check_finishes()
    assert len(front.asked) == asked, "what is there is not asked for"
    wanted(command, image, pull="always", environment={"A": "2"})
    command.check_finishes()
    assert len(front.asked) > asked
