"""Pulling from a registry with a password."""

import base64
import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.model.step import DONE, Outcome, PullImage
from reconciler.model.units import NS_PER_S
from reconciler.targets.port import Account
from tests.targets.docker.live import BUSYBOX, WEB, Live

pytestmark = pytest.mark.live("docker", "registry")


@pytest.fixture
def image(live: Live) -> Iterator[str]:
    """An image that is in the registry and not on the engine."""
    registry = os.environ["LIVE_REGISTRY"]
    name = f"{registry}/{live.stack}/app"
    live.raw.tag(BUSYBOX, name, "1")
    login = {"username": "live", "password": "live"}
    said = live.raw.push(name, "1", auth_config=login)
    assert "error" not in said, said
    live.raw.remove_image(f"{name}:1")
    yield f"{name}:1"
    for found in live.raw.images(name):
        for tag in found["RepoTags"] or []:
            live.raw.remove_image(tag)


def log_in(path: Path, monkeypatch: pytest.MonkeyPatch, password: str | None) -> None:
    auths = {}
    if password is not None:
        text = base64.b64encode(f"live:{password}".encode()).decode()
        auths = {os.environ["LIVE_REGISTRY"]: {"auth": text}}
    (path / "config.json").write_text(json.dumps({"auths": auths}))
    monkeypatch.setenv("DOCKER_CONFIG", str(path))


def pull(live: Live, reference: str) -> Outcome:
    return live.do(PullImage(WEB, reference))


def test_the_right_password_gets_the_image(
    live: Live, image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(tmp_path, monkeypatch, "live")
    assert live.observe(images=(image,)).images == {image: None}
    assert pull(live, image) == DONE
    assert live.observe(images=(image,)).images[image] is not None
    assert pull(live, image) == DONE


def test_the_account_in_the_state_file_goes_before_the_one_of_the_machine(
    live: Live, image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(tmp_path, monkeypatch, "wrong")
    live.contents.accounts[os.environ["LIVE_REGISTRY"]] = Account("live", "live")
    assert pull(live, image) == DONE


def test_an_image_is_got_by_its_digest(
    live: Live, image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(tmp_path, monkeypatch, "live")
    assert pull(live, image) == DONE
    digest = live.raw.inspect_image(image)["RepoDigests"][0].rpartition("@")[2]
    assert pull(live, f"{image}@{digest}") == DONE


@pytest.mark.parametrize("password", ["wrong", None])
def test_a_wrong_password_or_none_is_for_a_person(
    live: Live, image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: str | None
) -> None:
    log_in(tmp_path, monkeypatch, password)
    outcome = pull(live, image)
    assert (outcome.kind, outcome.code) == ("terminal", "R426"), outcome
    assert "docker login" in outcome.hint and image in outcome.message
    assert "wrong" not in outcome.message


def test_a_missing_manifest_is_for_a_person(
    live: Live, image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(tmp_path, monkeypatch, "live")
    outcome = pull(live, image.removesuffix(":1") + ":missing")
    assert (outcome.kind, outcome.code) == ("terminal", "R425"), outcome


def test_a_registry_that_is_away_is_tried_again(live: Live) -> None:
    outcome = pull(live, "127.0.0.1:9/app:1")
    assert (outcome.kind, outcome.code) == ("retryable", "R428"), outcome


def test_a_pull_from_a_registry_that_says_nothing_ends_in_time(live: Live) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        began = time.monotonic()
        outcome = live.do(PullImage(WEB, f"127.0.0.1:{port}/app:1"), deadline_ns=NS_PER_S)
        assert (outcome.kind, outcome.code) == ("retryable", "R435"), outcome
        assert time.monotonic() - began < 3


def test_what_is_no_reference_is_for_a_person(live: Live) -> None:
    assert pull(live, "NOT A REFERENCE").kind == "terminal"
