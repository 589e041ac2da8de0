"""Registries: with a password, a wrong one, without the image, slow, dying, with a limit."""

import base64
import json
import os
import time
from collections.abc import Iterator

import pytest

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
