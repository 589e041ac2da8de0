"""One script on two arms: a real engine, and a world in which times are as were measured.

Both arms are driven by the same controller with its own drivers, and both tell what happened
in the same words, by instance and with a time: ``created``, ``started``, ``ready``,
``unhealthy``, ``SIGTERM``, ``SIGKILL``, ``ended 0``, ``removed``.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import docker

from reconciler.controller.core import Controller
from reconciler.controller.interface import Policy
from reconciler.drivers import real, virtual
from reconciler.model.observed import Fields, Scope
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Stack
from reconciler.model.status import Verdict
from reconciler.model.step import (
    DONE,
    CreateInstance,
    PullImage,
    RemoveInstance,
    SignalInstance,
    StartInstance,
    Step,
)
from reconciler.model.units import NS_PER_MS, NS_PER_S
from reconciler.plan.planner import make_plan, scope_of
from reconciler.sim import life
from reconciler.sim.behaviour import Behaviour
from reconciler.sim.engine import SimEngine
from reconciler.sim.things import Container, Transition
from reconciler.sim.world import World
from reconciler.targets.docker.target import DockerTarget
from reconciler.targets.port import Target
from tests.targets.docker.live import BUSYBOX, DEADLINE_NS, Live

SOON_S = 0.05  # until the engine has told what happened


@dataclass(frozen=True)
class Happening:
    """One thing that happened to one instance; `at_s` counts from the scene's beginning."""

    at_s: float
    service: str
    instance: str
    what: str


class Arm(Protocol):
    """What differs between the arms."""

    target: Target
    stack: str

    def drive(self, stack: Stack, policy: Policy, done: Callable[[], bool] | None) -> Verdict:
        """Let the controller act until its verdict, or with `done` follow until that holds."""

    def until(self, holds: Callable[[], object]) -> None:
        """Let time pass, with no reconciler, until it holds."""

    def kill(self, service: str) -> None:
        """The first instance's process is killed, behind the engine's back."""

    def hang(self, service: str) -> None:
        """The first instance answers no probe from now on."""

    def recover(self, service: str) -> None:
        """It answers again."""

    def run(self, service: str, fields: Fields, *, most: int = 0) -> None:
        """One container is made and started, with no reconciler; `most` restarts on failure."""

    def rest(self, seconds: float) -> None:
        """Let time pass."""

    def end(self, service: str) -> None:
        """What `run` made is killed, if it runs, and removed."""

    def begin(self) -> None:
        """A scene begins."""

    def happenings(self) -> list[Happening]:
        """What has happened since then."""


class Actor:
    """What both arms do alike."""

    target: Any
    stack: str

    def first(self, service: str) -> str:
        """The full id of a service's running instance with the lowest ordinal."""
        seen = self.target.observe(Scope(self.stack)).instances
        mine = [i for i in seen if i.key.name == service and i.is_running]
        return str(min(mine, key=lambda i: i.ordinal).id)

    def run(self: Any, service: str, fields: Fields, *, most: int = 0) -> None:
        """By the port's own steps."""
        key = ResourceKey("service", service)
        step = CreateInstance(key, f"{self.stack}-{service}-0-r1-0", 0, "r1", 0, fields)
        self.do(step)
        made = next(i for i in self.target.observe(Scope(self.stack)).instances if i.key == key)
        if most:
            self.limit(made.id, most)
        self.do(StartInstance(key, made.id))

    def end(self: Any, service: str) -> None:
        """Killed if it runs, and removed."""
        key = ResourceKey("service", service)
        seen = self.target.observe(Scope(self.stack)).instances
        (made,) = (i for i in seen if i.key == key)
        self.do(SignalInstance(key, made.id, "SIGKILL"))
        self.until(
            lambda: (
                not self.target.observe(Scope(self.stack, frozenset({key}))).instances[0].is_running
            )
        )
        self.do(RemoveInstance(key, made.id))

    def apply(self: Any, stack: Stack) -> Verdict:
        """What the `apply` command does."""
        observed = self.target.observe(scope_of(stack))
        plan = make_plan(stack, observed, {}, self.target.capabilities, target=self.target.name)
        approved = {change.key: change for change in plan.changes}
        verdict: Verdict = self.drive(stack, Policy(approved=approved), None)
        return verdict

    def watch(self: Any, stack: Stack, done: Callable[[], bool]) -> Verdict:
        """What the `watch` command does, until `done`."""
        verdict: Verdict = self.drive(stack, Policy(follow=True), done)
        return verdict


class Real(Actor):
    """A stack of its own on the engine; what happened is told by the engine's own events."""

    def __init__(self) -> None:
        self.live = Live()
        self.target, self.stack = self.live.target, self.live.stack
        self.began = time.time()
        self.told: list[Happening] = []
        self.ear: Any = docker.APIClient(version="auto", timeout=120)
        mine = {"type": "container", "label": f"reconciler.stack={self.stack}"}
        self.events = self.ear.events(filters=mine, decode=True)
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def drive(self, stack: Stack, policy: Policy, done: Callable[[], bool] | None) -> Verdict:
        # As each command does it: a target of its own, whose hints nobody else reads.
        self.target.close()
        self.live.target = self.target = DockerTarget(self.stack, self.live.contents)
        controller = Controller(stack, self.target.capabilities, policy)
        return real.run(
            controller, self.target, on_notice=lambda notice: None, timeout_ns=90 * NS_PER_S,
            should_stop=done or (lambda: False),
        )  # fmt: skip

    def until(self, holds: Callable[[], object]) -> None:
        self.live.until(holds, 60)

    def do(self, step: Step) -> None:
        assert self.target.perform(step, DEADLINE_NS) == DONE

    def rest(self, seconds: float) -> None:
        time.sleep(seconds)

    def limit(self, id: str, most: int) -> None:
        policy = {"Name": "on-failure", "MaximumRetryCount": most}
        self.live.raw.update_container(id, restart_policy=policy)

    def kill(self, service: str) -> None:
        os.kill(self._pid(service), signal.SIGKILL)

    def hang(self, service: str) -> None:
        os.kill(self._pid(service), signal.SIGSTOP)
        self._inside(service, "touch", "/hang")

    def recover(self, service: str) -> None:
        self._inside(service, "rm", "/hang")
        os.kill(self._pid(service), signal.SIGCONT)

    def _inside(self, service: str, *command: str) -> None:
        raw = self.live.raw
        raw.exec_start(raw.exec_create(self.first(service), ["/bin/busybox", *command])["Id"])

    def _pid(self, service: str) -> int:
        return int(self.live.raw.inspect_container(self.first(service))["State"]["Pid"])

    def begin(self) -> None:
        self.happenings()  # what came late is of the scene before
        self.told, self.began = [], time.time()

    def happenings(self) -> list[Happening]:
        time.sleep(SOON_S)
        return list(self.told)

    def _listen(self) -> None:
        """Note what the engine tells, as it does: of what is over it keeps the last few only."""
        for event in self.events:
            marks = event["Actor"]["Attributes"]
            what = _said(event["Action"], marks)
            if what and "reconciler.ordinal" in marks:
                at_s = event["timeNano"] / NS_PER_S - self.began
                self.told.append(Happening(at_s, marks["reconciler.name"], marks["name"], what))

    def close(self) -> None:
        self.events.close()
        self.listener.join(10)
        self.ear.close()
        self.live.clean()


_WORDS = {
    "create": "created", "start": "started", "destroy": "removed",
    "health_status: healthy": "ready", "health_status: unhealthy": "unhealthy",
}  # fmt: skip


def _said(action: str, marks: dict[str, str]) -> str:
    """An engine's event in our words; empty for those that are not about an instance's life."""
    if action == "kill":
        number = marks["signal"].removeprefix("SIG")
        return signal.Signals(int(number)).name if number.isdigit() else f"SIG{number}"
    if action == "die":
        return f"ended {marks['exitCode']}"
    return _WORDS.get(action, "")


class Simulated(Actor):
    """A world whose instances behave as `behaviours` says."""

    stack = "fid"

    def __init__(self, behaviours: dict[str, Behaviour]) -> None:
        self.world = World.fresh(1)
        self.world.behaviours = {f"service/{name}": each for name, each in behaviours.items()}
        self.target = SimEngine(self.world, self.stack)
        self.target.perform(PullImage(ResourceKey("service", "web"), BUSYBOX), DEADLINE_NS)
        self.began_ns = self.world.now_ns
        self.told: list[Happening] = []
        self.world.listeners.append(self._heard)

    def drive(self, stack: Stack, policy: Policy, done: Callable[[], bool] | None) -> Verdict:
        controller = Controller(stack, self.target.capabilities, policy)
        return virtual.run(
            controller, self.target, max_ns=90 * NS_PER_S, stop=done, follow=policy.follow
        ).verdict

    def until(self, holds: Callable[[], object]) -> None:
        end_ns = self.world.now_ns + 60 * NS_PER_S
        while not holds():
            assert self.world.now_ns < end_ns, "it did not come to be in time"
            self.target.advance(self.world.now_ns + 50 * NS_PER_MS)

    def do(self, step: Step) -> None:
        """One call, which takes its time."""
        took_ns = self.target.timing(step).reply_after_ns
        assert took_ns is not None
        self.target.advance(self.world.now_ns + took_ns)
        assert self.target.perform(step, DEADLINE_NS) == DONE

    def rest(self, seconds: float) -> None:
        self.target.advance(self.world.now_ns + round(seconds * NS_PER_S))

    def limit(self, id: str, most: int) -> None:
        self.world.containers[id].policy = f"on-failure:{most}"

    def kill(self, service: str) -> None:
        life.end(self.world, self.world.containers[self.first(service)], 137)

    def hang(self, service: str) -> None:
        life.hang(self.world, self.world.containers[self.first(service)])

    def recover(self, service: str) -> None:
        life.recover(self.world, self.world.containers[self.first(service)])

    def begin(self) -> None:
        self.told = []
        self.began_ns = self.world.now_ns

    def happenings(self) -> list[Happening]:
        return list(self.told)

    def _heard(self, world: World, told: Transition) -> None:
        container = told.thing
        if not isinstance(container, Container):
            return
        has_probe = any(path.endswith(".kind") for path in container.fields)
        what = {
            "created": "created", "started": "started", "removed": "removed",
            "dead": "unhealthy", "signalled": told.detail,
            "ready": "ready" if has_probe else "",
            "exited": f"ended {told.detail}", "restarting": f"ended {told.detail}",
        }.get(told.what, "")  # fmt: skip
        if what:
            at_s = (world.now_ns - self.began_ns) / NS_PER_S
            self.told.append(Happening(at_s, container.key.name, container.name, what))

    def close(self) -> None:
        self.target.close()
