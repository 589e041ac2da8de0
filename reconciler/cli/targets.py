"""Targets by name: what each can do, how it is opened, and which driver it needs.

The only place that knows all targets. Each is imported when it is asked for.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, Protocol

from reconciler.cli.settings import Settings, TargetName
from reconciler.model.diagnostic import Diagnostic, DiagnosticsError

if TYPE_CHECKING:
    from reconciler.controller.core import Controller
    from reconciler.controller.interface import Event, Output
    from reconciler.model.observed import Scope
    from reconciler.model.stack import Stack
    from reconciler.model.status import Notice, Verdict
    from reconciler.model.survey import Survey
    from reconciler.sim.world import World
    from reconciler.spec.load import Loaded
    from reconciler.targets.port import Account, Capabilities, Contents, Target, Wanted

OnNotice = Callable[["Notice"], None]
ShouldStop = Callable[[], bool]
OnWait = Callable[[str], None]
Hold = Callable[[ShouldStop, OnWait], AbstractContextManager[None]]


class Run(Protocol):
    """Drives a controller; `feeds` are further sources of events, read until they end."""

    def __call__(
        self,
        controller: "Controller",
        on_notice: OnNotice,
        should_stop: ShouldStop,
        feeds: "Sequence[Iterable[Event]]" = (),
    ) -> "Verdict":
        """Drive it until there is nothing more to do."""


class Current:
    """The contents of the newest desired state that was read, for a target that stays open."""

    def __init__(self, now: "Contents") -> None:
        self.now = now

    def config(self, name: str) -> bytes:
        """The content of a config."""
        return self.now.config(name)

    def secret(self, name: str) -> bytes:
        """The content of a secret."""
        return self.now.secret(name)

    def account(self, host: str) -> "Account | None":
        """The stack's account at an image registry."""
        return self.now.account(host)


@dataclass(frozen=True, slots=True)
class Opened:
    """A target, how to drive a controller against it, and what time it is there.

    `is_virtual`: its clock is its own and begins at a fixed instant. `contents` is where it
    gets the contents of configs and secrets. `keep` sees to it that what was written without
    a controller outlives this process. `hold` takes the stack's lock around what is done
    without a controller, and the runs inside; a simulated world is nobody else's meanwhile.
    """

    target: "Target"
    run: Run
    now_ns: Callable[[], int]
    contents: Current
    is_virtual: bool = False
    keep: Callable[[], None] = lambda: None
    hold: Hold = lambda should_stop, on_wait: nullcontext()


def capabilities_of(name: TargetName) -> "Capabilities":
    """What a target can do; nothing is contacted."""
    if name == "simulator":
        from reconciler.sim.engine import SimEngine

        return SimEngine.capabilities
    if name == "docker":
        from reconciler.targets.docker.features import CAPABILITIES

        return CAPABILITIES
    _not_there(name)


@contextmanager
def open_target(settings: Settings, loaded: "Loaded", *, acting: bool) -> Iterator[Opened]:
    """The target that was asked for, closed at the end; TargetError where it does not answer.

    `acting`: something is going to be done to it, and not only looked at.
    """
    if settings.target == "simulator":
        with _simulator(settings, loaded, acting) as opened:
            yield opened
    elif settings.target == "docker":
        with _docker(settings, loaded) as opened:
            yield opened
    else:
        _not_there(settings.target)


@contextmanager
def _docker(settings: Settings, loaded: "Loaded") -> Iterator[Opened]:
    from reconciler.cli.live import Live
    from reconciler.targets.docker.target import DockerTarget

    contents = Current(loaded.contents)
    target = DockerTarget(loaded.stack.name, contents)
    live = Live(target, loaded.stack.name, settings)
    try:
        yield Opened(target, live.run, live.now_ns, contents, hold=live.hold)
    finally:
        target.close()


@contextmanager
def _simulator(settings: Settings, loaded: "Loaded", acting: bool) -> Iterator[Opened]:
    from reconciler.drivers import virtual
    from reconciler.sim import worldfile
    from reconciler.sim.engine import SimEngine

    def run(
        controller: "Controller",
        on_notice: OnNotice,
        should_stop: ShouldStop,
        feeds: "Sequence[Iterable[Event]]" = (),
    ) -> "Verdict":
        limit_ns = settings.timeout_ns or virtual.DAY_NS
        told = _Told(controller, on_notice)
        result = virtual.run(
            told, target, stop=should_stop, max_ns=limit_ns, follow=controller.policy.follow
        )
        for flight in result.in_flight:  # what is under way ends, also in a world that waits
            target.advance(max(flight.at_ns, target.now_ns))
            target.perform(flight.perform.step, flight.perform.deadline_ns)
        worldfile.save(world, settings.world)
        return _ended(result.verdict, interrupted=should_stop())

    writes = acting or settings.advance_ns > 0
    with worldfile.locked(settings.world) if writes else nullcontext():
        world = _world(settings)
        target = SimEngine(world, loaded.stack.name)
        if settings.advance_ns:
            target.advance(target.now_ns + settings.advance_ns)
            worldfile.save(world, settings.world)
        contents = Current(loaded.contents)
        yield Opened(
            target, run, lambda: target.now_ns, contents, is_virtual=True,
            keep=lambda: worldfile.save(world, settings.world),
        )  # fmt: skip
        target.close()


@dataclass(frozen=True, slots=True)
class _Told:
    """A controller whose notices are passed on at once, while the world is as they say."""

    controller: "Controller"
    on_notice: OnNotice

    def handle(self, event: "Event", now_ns: int) -> "Output":
        """What the controller says."""
        output = self.controller.handle(event, now_ns)
        for notice in output.notices:
            self.on_notice(notice)
        return output

    def verdict(self) -> "Verdict":
        """What the controller says."""
        return self.controller.verdict()

    def wanted(self, scope: "Scope") -> "tuple[Wanted, ...]":
        """What the controller says."""
        return self.controller.wanted(scope)


def _world(settings: Settings) -> "World":
    """The world in the file, or an empty one."""
    from reconciler.sim import worldfile
    from reconciler.sim.world import World

    found = worldfile.load(settings.world)
    if found is None:
        return World.fresh(settings.seed or 0)
    if settings.seed not in (None, found.seed):
        _refuse(
            "R707",
            f"the world in {settings.world} has seed {found.seed}",
            "leave --seed out, or begin another world with --world FILE",
        )
    return found


def _ended(verdict: "Verdict", *, interrupted: bool) -> "Verdict":
    """A run that stopped without a verdict was interrupted, or its time was over."""
    from reconciler.model.status import Verdict

    if verdict.kind != "running":
        return verdict
    why = "stopped before it was done" if interrupted else "its time was over"
    return Verdict("interrupted", verdict.failures, why)


def survey_of(settings: Settings, stack: "Stack") -> "Survey":
    """What runs in the stack's namespace of a cluster, and around it. Nothing is written."""
    from reconciler.plan.planner import scope_of
    from reconciler.targets.kubernetes.connect import Access
    from reconciler.targets.kubernetes.target import KubernetesTarget

    access = Access(settings.kubeconfig, settings.context)
    target = KubernetesTarget(stack.name, settings.namespace, access)
    try:
        return target.survey(scope_of(stack), tuple(stack.declared.services))
    finally:
        target.close()


def _not_there(name: str) -> NoReturn:
    _refuse(
        "R705",
        f"this version only rehearses on {name}, and does nothing else there",
        "rehearse it: `reconciler rehearse`; or use --target docker, or --target simulator",
    )


def _refuse(code: str, summary: str, hint: str) -> NoReturn:
    raise DiagnosticsError([Diagnostic(code, summary, hint=hint)])
