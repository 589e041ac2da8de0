"""Adopting what runs already, on the simulator and on a real engine."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from reconciler.cli import exits
from reconciler.model.observed import Value
from reconciler.model.resource import ResourceKey
from reconciler.sim import worldfile
from reconciler.sim.things import Container, Thing
from reconciler.sim.world import World
from tests.cli.conftest import Cli
from tests.services import BASE_IMAGE

WORLD = Path(".reconciler-world.json")
STATE = """\
name: shop
services:
  web:
    image: web:1.0
    command: [serve]
    volumes: [data:/data]
    readiness: {tcp: {port: 80}, period: 1s}
    rollout: {deadline: 20s}
volumes:
  data: {}
adopt:
  containers: {old-web: web}
  volumes: {old-data: data}
  networks: {old-net: default}
"""
FIELDS: dict[str, Value] = {
    "image": "web:1.0", "command": ("serve",), "networks": ("old-net",),
    "volumes./data": "old-data", "restart.policy": "always",
}  # fmt: skip


@pytest.fixture
def old(cli: Cli, shop: Path) -> Cli:
    """A world in which somebody has started a container, on a network, with a volume."""
    shop.write_text(STATE)
    world = World.fresh()
    world.images.pull("web:1.0")
    held: dict[str, dict[str, Value]] = {
        "network": {"internal": False}, "volume": {"driver": "local"},
    }  # fmt: skip
    for kind, name in (("network", "old-net"), ("volume", "old-data")):
        key = ResourceKey(kind, name)  # type: ignore[arg-type]
        thing = world.add_foreign("", key=key)
        assert isinstance(thing, Thing)
        thing.fields = held[kind]
    made = world.add_foreign("old-web")
    assert isinstance(made, Container)
    made.fields = FIELDS
    made.policy = made.asked_restart = "always"
    made.ready_since_ns, made.image_id = world.now_ns, world.images.local["web:1.0"]
    worldfile.save(world, WORLD)
    return cli


def stages(cli: Cli) -> dict[str, str]:
    made = json.loads(cli("adopt", "shop.yaml", "-y", "-o", "json").out)
    assert made["format"] == "reconciler.adopt/1"
    return {entry["name"]: entry["stage"] for entry in made["entries"]}


def owners() -> dict[str, str]:
    world = worldfile.load(WORLD)
    assert world is not None
    return {c.name: c.stack for c in world.containers.values()}


def test_a_plan_shows_what_is_adopted_and_writes_nothing(old: Cli) -> None:
    planned = old("plan", "shop.yaml")
    assert "~ network/default  adopted: old-net  shop.yaml:14" in planned.out
    assert "~ volume/data  adopted: old-data" in planned.out
    assert "~ service/web  adopted: old-web" in planned.out
    assert planned.out.endswith("Plan: 0 to create, 3 to update, 0 to replace, 0 to delete\n")
    assert owners() == {"old-web": ""}


def test_after_an_adoption_the_plan_is_empty_and_stays_so(old: Cli, shop: Path) -> None:
    assert set(stages(old).values()) == {"adopted"}
    assert owners() == {"old-web": "shop"}
    assert old("plan", "shop.yaml", "--detailed-exitcode").code == exits.OK
    assert "all 3 resources are ready" in old("status", "shop.yaml").out
    assert set(stages(old).values()) == {"adopted"}  # once more changes nothing
    shop.write_text(STATE.partition("adopt:")[0])
    assert old("plan", "shop.yaml", "--detailed-exitcode").code == exits.OK


def test_an_apply_adopts_as_its_first_step(old: Cli) -> None:
    made = old("apply", "shop.yaml", "-y")
    assert (made.code, "3 updated" in made.out) == (exits.OK, True)
    assert owners() == {"old-web": "shop"}
    assert old("plan", "shop.yaml", "--detailed-exitcode").code == exits.OK


def test_a_change_replaces_what_was_adopted_and_can_be_taken_back(old: Cli, shop: Path) -> None:
    stages(old)
    shop.write_text(STATE.replace("web:1.0", "web:2.0"))
    assert old("apply", "shop.yaml", "-y").code == exits.OK
    (name,) = owners()
    assert name.startswith("shop-web-0-")
    assert old("rollback", "shop.yaml", "web", "-y").code == exits.OK
    world = worldfile.load(WORLD)
    assert world is not None
    assert [c.fields["image"] for c in world.containers.values()] == ["web:1.0"]
    assert old("destroy", "shop.yaml", "-y", "--volumes").code == exits.OK
    world = worldfile.load(WORLD)
    assert world is not None
    held = world.stacks["shop"]
    assert (dict(held.objects), dict(held.records), dict(world.containers)) == ({}, {}, {})


def test_adopting_and_changing_is_one_plan(old: Cli, shop: Path) -> None:
    shop.write_text(STATE.replace("web:1.0", "web:2.0"))
    planned = old("plan", "shop.yaml")
    assert "-/+ service/web  adopted: old-web; image differs from what runs" in planned.out
    assert old("apply", "shop.yaml", "-y").code == exits.OK
    assert old("plan", "shop.yaml", "--detailed-exitcode").code == exits.OK


def test_what_is_not_there_is_told_and_made_anew(old: Cli, shop: Path) -> None:
    shop.write_text(STATE.replace("old-data: data", "odl-data: data"))
    assert "nothing is called odl-data, which `adopt` names" in old("plan", "shop.yaml").out
    assert stages(old)["odl-data"] == "missing"


def test_what_is_anothers_is_refused_and_nothing_is_done(old: Cli) -> None:
    world = worldfile.load(WORLD)
    assert world is not None
    (container,) = world.containers.values()
    container.owned, container.stack = True, "bank"
    worldfile.save(world, WORLD)
    for command in ("plan", "apply"):
        made = old(command, "shop.yaml", *(["-y"] if command == "apply" else []))
        assert made.code == exits.ERROR
        assert "error[R505]" in made.err
        assert "it belongs to the stack bank" in made.err
    refused = old("adopt", "shop.yaml", "-y")
    assert refused.code == exits.ERROR
    assert "cannot be adopted" in refused.out
    assert owners() == {"old-web": "bank"}


def test_adopting_asks_first(old: Cli) -> None:
    assert old("adopt", "shop.yaml").code == exits.UNCONFIRMED
    assert owners() == {"old-web": ""}


def test_a_state_that_adopts_nothing_says_so(cli: Cli) -> None:
    made = cli("adopt", "shop.yaml", "-y")
    assert (made.code, "`adopt` names nothing" in made.out) == (exits.OK, True)


LIVE = f"adopt-{os.getpid()}"
LIVE_STATE = f"""\
name: {LIVE}
services:
  web:
    image: {BASE_IMAGE}
    pull: never
    command: [sh, -c, "trap 'exit 0' TERM; sleep 300 & wait"]
    environment: {{COLOUR: blue, TOKEN: {{secret: token}}}}
    labels: {{tier: front}}
    volumes: [data:/data]
    readiness: {{exec: [sh, -c, "true"], period: 1s}}
    liveness: {{exec: [sh, -c, ":"], period: 1s}}
    rollout: {{deadline: 30s}}
    termination: {{grace: 20s}}
secrets:
  token: {{env: LIVE_TOKEN}}
volumes:
  data: {{}}
adopt:
  containers: {{{LIVE}-web: web}}
  volumes: {{{LIVE}-old: data}}
  networks: {{{LIVE}-net: default}}
"""


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An engine on which somebody runs a container with a network and a volume of its own."""
    monkeypatch.setenv("LIVE_TOKEN", "a-very-secret-token")
    raw: Any = docker.DockerClient(version="auto")
    raw.networks.create(f"{LIVE}-net")
    raw.volumes.create(f"{LIVE}-old")
    raw.containers.run(
        BASE_IMAGE, ["sh", "-c", "trap 'exit 0' TERM; sleep 300 & wait"], detach=True,
        name=f"{LIVE}-web", network=f"{LIVE}-net", labels={"tier": "front", "made.by": "hand"},
        volumes={f"{LIVE}-old": {"bind": "/data", "mode": "rw"}},
        environment={"COLOUR": "blue", "TOKEN": "a-very-secret-token", "OTHER": "hush-hush"},
        restart_policy={"Name": "always"},
    )  # fmt: skip
    yield raw
    for container in raw.containers.list(all=True, ignore_removed=True, filters={"name": LIVE}):
        container.remove(force=True, v=True)
    with contextlib.suppress(docker.errors.NotFound):
        raw.networks.get(f"{LIVE}-net").remove()
    for volume in raw.volumes.list(filters={"name": LIVE}):
        volume.remove()
    raw.close()


@pytest.mark.live("image")
def test_what_was_started_by_hand_is_adopted_changed_and_removed_on_a_real_engine(
    cli: Cli, shop: Path, engine: Any
) -> None:
    live = ("shop.yaml", "--target", "docker")
    shop.write_text(LIVE_STATE)
    before = engine.containers.get(f"{LIVE}-web").id
    planned = cli("plan", *live)
    assert f"service/web  adopted: {LIVE}-web; environment.OTHER differs" in planned.out
    assert "hush-hush" not in planned.out + planned.err
    shop.write_text(LIVE_STATE.replace("COLOUR: blue", "COLOUR: blue, OTHER: hush-hush"))
    assert cli("plan", *live).out.count("~ ") == 3
    assert cli("adopt", *live, "-y").code == exits.OK
    assert cli("plan", *live, "--detailed-exitcode").code == exits.OK
    assert cli("apply", *live, "-y").code == exits.OK
    assert engine.containers.get(f"{LIVE}-web").id == before
    assert "all 3 resources are ready" in cli("status", *live).out
    shop.write_text(shop.read_text().replace("COLOUR: blue", "COLOUR: red"))
    assert cli("apply", *live, "-y").code == exits.OK
    assert cli("plan", *live, "--detailed-exitcode").code == exits.OK
    (made,) = engine.containers.list(filters={"name": LIVE})
    assert made.name.startswith(f"{LIVE}-web-0-")
    assert list(made.attrs["NetworkSettings"]["Networks"]) == [f"{LIVE}-net"]
    assert made.attrs["Mounts"][0]["Name"] == f"{LIVE}-old"
    assert cli("destroy", *live, "-y").code == exits.OK
    assert engine.volumes.get(f"{LIVE}-old")
    assert engine.networks.list(names=[f"{LIVE}-net"]) == []


@pytest.mark.live("image")
def test_nothing_that_another_stack_has_is_adopted_on_a_real_engine(
    cli: Cli, shop: Path, engine: Any
) -> None:
    live = ("shop.yaml", "--target", "docker")
    shop.write_text(LIVE_STATE)
    other = shop.with_name("other.yaml")
    other.write_text(LIVE_STATE.replace(f"name: {LIVE}\n", f"name: {LIVE}-other\n"))
    try:
        assert cli("adopt", "other.yaml", "--target", "docker", "-y").code == exits.OK
        refused = cli("apply", *live, "-y")
        assert refused.code == exits.ERROR
        assert f"it belongs to the stack {LIVE}-other" in refused.err
        assert len(engine.containers.list(filters={"name": LIVE})) == 1
    finally:
        cli("destroy", "other.yaml", "--target", "docker", "-y", "--volumes")


@pytest.mark.live("image")
def test_logs_of_a_real_engine_follow_and_hide_what_is_secret(
    cli: Cli, shop: Path, engine: Any
) -> None:
    live = ("shop.yaml", "--target", "docker")
    said = 'echo begun; (sleep 6; echo token is $TOKEN) & trap "exit 0" TERM; sleep 300 & wait'
    text = LIVE_STATE.partition("adopt:")[0]
    state = text.replace("trap 'exit 0' TERM; sleep 300 & wait", said.replace('"', '\\"'))
    shop.write_text(state)
    try:
        assert cli("apply", *live, "-y").code == exits.OK
        command = [sys.executable, "-m", "reconciler", "logs", *live, "--follow"]
        root = Path(__file__).parent.parent.parent
        environment = {**os.environ, "PYTHONPATH": str(root)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as tail:
            assert tail.stdout is not None
            lines = [tail.stdout.readline(), tail.stdout.readline()]
            tail.send_signal(signal.SIGINT)
            assert tail.wait(timeout=20) == exits.INTERRUPTED
        assert [line.partition(" | ")[2].strip() for line in lines] == ["begun", "token is ***"]
    finally:
        cli("destroy", *live, "-y", "--volumes")
