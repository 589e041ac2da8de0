"""One run: a scenario, by one seed, from its beginning to its end."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from reconciler.drivers.virtual import Kill
from reconciler.model.checks import Check, evaluate, parse
from reconciler.model.observed import Observed
from reconciler.model.rehearsal import Assumption, Cause, Moment, Run, ServiceRun
from reconciler.model.resource import ResourceKey
from reconciler.model.scenario import Scenario, Trouble
from reconciler.model.service import Service
from reconciler.model.stack import Stack
from reconciler.model.traffic import Routing
from reconciler.rehearsal.budgets import BudgetWatch
from reconciler.rehearsal.causes import causes_of
from reconciler.rehearsal.findings import Seen, findings_of
from reconciler.rehearsal.recorder import Recorder, floor_of
from reconciler.rehearsal.routes import reroute
from reconciler.rehearsal.scene import UNSEEN, Scene
from reconciler.rehearsal.setting import Logs, behave, furnish, load_of, logs_of, scale, trouble
from reconciler.rehearsal.stage import Stage
from reconciler.rehearsal.troubles import told
from reconciler.sim import nodes
from reconciler.sim.behaviour import SERVICE
from reconciler.sim.checkers import Expect, Singleton, watch
from reconciler.sim.chooser import Chooser
from reconciler.sim.cluster import SimCluster
from reconciler.sim.engine import SimEngine
from reconciler.sim.landing import Landed, land
from reconciler.sim.mirror import mirror
from reconciler.sim.trace import Trace
from reconciler.sim.traffic.endpoints import Ledger
from reconciler.sim.world import World

NEVER_NS = 1 << 62  # until an edge without a limit gives up


@dataclass(frozen=True)
class Task:
    """What is run: a scenario, the stack at the beginning, and the stacks it changes to.

    `after`: at which time which stack is wanted; None is a destroy. `live` is what runs
    somewhere, and takes the place of a beginning of the scenario's own; `landed` is that for a
    cluster. `facts` are what was found there, `measured` which values of profiles stem from it,
    as ``web.ready``.
    """

    scenario: Scenario
    start: Stack
    after: tuple[tuple[int, Stack | None], ...]
    checks: tuple[Check, ...] = ()
    logs: Logs = field(default_factory=Logs)
    live: Observed | None = None
    landed: Landed | None = None
    facts: tuple[Assumption, ...] = ()
    measured: frozenset[str] = frozenset()

    @property
    def is_live(self) -> bool:
        """Whether it begins with what runs somewhere."""
        return self.live is not None or self.landed is not None


def run_seed(
    task: Task, seed: int, *, keep: bool = False, chooser: Chooser | None = None
) -> tuple[Run, tuple[str, ...]]:
    """Run a task by one seed. With `keep`, every transition is told too, a line each.

    The same task and seed give the same run, in any process. A `chooser` decides which of the
    calls go wrong, from when the scenario's own faults begin.
    """
    return _One(task, seed, keep, chooser).run()


class _One:
    """The state of one run."""

    def __init__(self, task: Task, seed: int, keep: bool, chooser: Chooser | None) -> None:
        self.chooser = chooser
        self.task, self.scenario, self.seed = task, task.scenario, seed
        self.world = World.fresh(seed)
        furnish(self.world, self.scenario, task.start, task.logs)
        if task.landed is not None:
            land(self.world, task.landed)
        elif task.live is not None:
            mirror(self.world, task.live)
            nodes.board(self.world)
        native = self.scenario.target == "kubernetes"
        target = (SimCluster if native else SimEngine)(self.world, task.start.name)
        self.stage = Stage(self.world, target, task.start)
        self.trace = Trace(self.world, keep=keep)
        self.changed_ns = 0
        self.made_before: frozenset[str] = frozenset()
        self.sent_before: Counter[str] = Counter()
        self.plan: Sequence[str] = ()

    def run(self) -> tuple[Run, tuple[str, ...]]:
        """From the beginning to the end."""
        problem = ""
        if not self.task.is_live and not self.scenario.empty:
            problem = self.stage.settle()
        self.began_ns = self.world.now_ns
        self.recorder = Recorder(self.world, self.stage.stack.name, self._services())
        self.recorder.want(self.task.start)
        self.load = load_of(self.world, self.scenario, self._stacks(), self.seed, self.task.logs)
        self.budgets = BudgetWatch(self.world, self._stacks())
        singletons = Singleton(_singletons(self._stacks()))
        watch(self.world, singletons)
        scale(self.world, self.scenario, self.task.start)
        trouble(self.world, self.scenario)
        self.stage.target.chooser = self.chooser
        if problem:
            self.recorder.say("verdict", f"the state at the beginning does not converge: {problem}")
        else:
            self._phases()
        self.load.close()
        self.recorder.finish()
        run = self._summary(problem, tuple(singletons.violations))
        return run, tuple(self.trace.lines or ())

    def _stacks(self) -> list[Stack]:
        return [self.task.start, *(stack for _, stack in self.task.after if stack is not None)]

    def _services(self) -> list[str]:
        return sorted({name for stack in self._stacks() for name in stack.declared.services})

    # -- the changes, one after the other ---------------------------------------------------

    def _phases(self) -> None:
        end_ns = self.began_ns + self.scenario.lasts
        wanted: Stack | None = self.task.start
        stage = 0
        if not self.task.after:
            self.recorder.judge()  # nothing changes: all of the run counts
        for at_ns, stack in (*self.task.after, (self.scenario.lasts, None)):
            until_ns = min(self.began_ns + at_ns, end_ns)
            if self.task.is_live and not self.changed_ns:
                self.stage.rest(until_ns)  # nobody watches over what was applied once
            else:
                self._watch(wanted, until_ns)
            self._say_when_converged()
            if until_ns >= end_ns:
                return
            wanted = stack
            if stack is not None:
                behave(self.world, self.scenario, stack, self.task.logs)
                scale(self.world, self.scenario, stack)
                stage += 1
                reroute(self.load, self.scenario, self._stacks(), stage)
            self.recorder.want(stack)
            if not self.changed_ns:
                self.plan = self.stage.plan_lines(stack)
                self.changed_ns = self.world.now_ns
                there = self.world.containers.values()
                self.made_before = frozenset(each.name for each in there)
                self.sent_before = self.stage.sent.copy()
                self.recorder.judge()
            self.recorder.say("change", "the desired state changes" if stack else "destroy")

    def _watch(self, stack: Stack | None, until_ns: int) -> None:
        """One reconciler after the other, where some of them are killed."""
        for fault in self._deaths(until_ns):
            assert fault.at is not None
            self._live(stack, self.began_ns + fault.at)
            self._die(fault, "the reconciler is killed", until_ns)
        self._live(stack, until_ns)

    def _live(self, stack: Stack | None, until_ns: int) -> None:
        """Reconcilers until then, where some of them die at a call."""
        while self.world.now_ns < until_ns:
            due = self._due()
            kill = self.stage.follow(stack, until_ns, tuple(due))
            if kill is None:
                return
            fault = due[kill]
            call = f"{fault.call or 'call'} {fault.nth or self._sent(fault)}"
            self._die(fault, f"the reconciler dies at {call}", until_ns)

    def _die(self, fault: Trouble, text: str, until_ns: int) -> None:
        """Nobody is there for a time."""
        self.recorder.say("fault", text)
        self.world.faults_struck[str(self.scenario.faults.index(fault))] = self.world.now_ns
        self.stage.rest(min(self.world.now_ns + fault.lasting, until_ns))

    def _deaths(self, until_ns: int) -> Iterator[Trouble]:
        kills = [f for f in self.scenario.faults if f.kind == "kill_reconciler"]
        for fault in sorted(kills, key=lambda each: each.at or 0):
            at_ns = self.began_ns + (fault.at or 0)
            if fault.at is not None and self.world.now_ns <= at_ns < until_ns:
                yield fault

    def _due(self) -> dict[Kill, Trouble]:
        """At which call from now on it dies by which fault; one strikes once, at its `nth`."""
        found: dict[Kill, Trouble] = {}
        for fault in self.scenario.faults if self.changed_ns else ():
            left = fault.nth - self._sent(fault) if fault.nth else 1
            if fault.kind == "kill_reconciler" and fault.at is None and left > 0:
                found.setdefault(Kill(left, "after", fault.call), fault)
        return found

    def _sent(self, fault: Trouble) -> int:
        """The calls that a fault counts, since the first change."""
        sent = self.stage.sent - self.sent_before
        return sent[fault.call] if fault.call else sent.total()

    def _say_when_converged(self) -> None:
        """When it was first as wanted, when it ceased to be for the last time, and since when."""
        found = self.stage.convergence
        if found.first_ns is None:
            return
        said = [(found.first_ns, "all is as wanted")] if self.changed_ns else []
        if found.lost_ns is not None:
            said.append((found.lost_ns, "not all is as wanted any more"))
            if found.since_ns is not None:
                said.append((found.since_ns, "all is as wanted again"))
        for at_ns, text in said:
            self.recorder.moments.append(Moment(at_ns - self.began_ns, "verdict", text))

    def _moments(self) -> tuple[Moment, ...]:
        """What was recorded, and what the reconciler gave up on or took back."""
        said = [
            Moment(n.at_ns - self.began_ns, "rollout", n.text, n.key.name if n.key else "")
            for n in self.stage.notices
            if n.kind in ("failed", "rollback") and n.at_ns >= self.began_ns
        ]
        return tuple(sorted([*self.recorder.moments, *said], key=lambda each: each.at_ns))

    # -- what came of it ---------------------------------------------------------------------

    def _summary(self, problem: str, violations: tuple[str, ...]) -> Run:
        changed_ns = self.changed_ns or self.began_ns
        converged_ns = self.stage.converged_ns
        services = tuple(self._service(name) for name in self.recorder.tallies)
        verdict = problem or ("converged" if converged_ns is not None else "not converged")
        run = Run(
            self.seed, self._digest(), verdict, self.world.now_ns - self.began_ns,
            changed_ns - self.began_ns,
            self.stage.convergence.took_ns(self._last_change_ns(), self._ends()),
            services, (), tuple(self.recorder.spans), self._moments(),
            violations=violations, budgets=self.budgets.peaks, events=self.load.events,
            plan=tuple(self.plan), idle=self._idle(),
        )  # fmt: skip
        results = tuple(evaluate(check, run) for check in self.task.checks)
        run = replace(run, checks=results)
        return replace(run, causes=self._causes(run))

    def _digest(self) -> str:
        """One hash over what happened to instances and to requests."""
        text = f"{self.trace.digest} {self.load.digest}"
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def _last_change_ns(self) -> int:
        """When the newest change was asked for."""
        times = [at for at, _ in self.task.after]
        return self.began_ns + (times[-1] if times else 0)

    def _idle(self) -> tuple[str, ...]:
        """The faults that never struck."""
        struck = self.world.faults_struck
        return tuple(told(f) for n, f in enumerate(self.scenario.faults) if str(n) not in struck)

    def _ends(self) -> Iterator[int]:
        """When faults that last for a time are over."""
        for fault in self.scenario.faults:
            if fault.at is None or not fault.lasting:
                continue
            for at_ns in range(fault.at, self.scenario.lasts, fault.every or self.scenario.lasts):
                yield self.began_ns + at_ns + fault.lasting

    def _service(self, name: str) -> ServiceRun:
        tally = self.recorder.tallies[name]
        wanted = self._wanted(name)
        replicas = wanted.wanted if wanted is not None else 0
        base = self.load.service_run(ResourceKey("service", name))
        return replace(
            base, service=name, wanted=replicas, floor=floor_of(wanted) if wanted else 0,
            least_ready=tally.least_ready or 0, most_instances=tally.most,
            replicas_last=tally.running, restarts=tally.restarts, floors=tuple(tally.floors),
            tightest=tally.tightest,
            memory_peak_percent=max(base.memory_peak_percent, tally.memory),
        )  # fmt: skip

    def _wanted(self, name: str) -> Service | None:
        return self._stacks()[-1].declared.services.get(name)

    def _before(self, name: str) -> tuple[Service | None, frozenset[str]]:
        """The service as what ran before the change was made, where it is known; and its names.

        On an engine the times of a stop are the reconciler's, so that those of the state hold;
        how an app drains is its own.
        """
        start, wanted = self.task.start.declared.services.get(name), self._wanted(name)
        if start is None or wanted is None or self.task.live is not None:
            return None, frozenset()
        if self.scenario.target != "kubernetes":
            drain = start.termination.drain
            start = replace(wanted, termination=replace(wanted.termination, drain=drain))
        return start, self.made_before

    def _causes(self, run: Run) -> tuple[Cause, ...]:
        """What explains what was dropped, and checks that are missed."""
        results = zip(self.task.checks, run.checks, strict=True)
        missed = tuple(check for check, result in results if not result.holds)
        found: list[Cause] = []
        for numbers in run.services:
            scene = self._scene(numbers.service)
            if scene is None:
                continue
            loaded = self.load.flows.get(ResourceKey("service", numbers.service))
            ledgers = loaded.flow.ledgers if loaded is not None else []
            eras = list(self._eras(scene, ledgers))
            if eras:
                scene = replace(scene, impatient=eras[-1][0].impatient)
            causes = causes_of(scene, *eras)
            twice = (text for text in run.violations if f" {scene.stack.name} {scene.key} " in text)
            seen = Seen(
                scene, numbers, self.recorder.tallies[numbers.service], missed,
                next(twice, ""), run.converged_ns is not None,
                eras[-2][0].service.routing if len(eras) > 1 else None,
                loaded.flow.turned_ns if loaded is not None else 0,
            )  # fmt: skip
            known = {cause.code for cause in causes}
            found += [*causes, *(c for c in findings_of(seen) if c.code not in known)]
        return tuple(found)

    def _eras(
        self, scene: Scene, ledgers: Sequence[tuple[int, Ledger]]
    ) -> Iterator[tuple[Scene, Ledger]]:
        """Each ledger with the scene as it was routed then."""
        waited_ns, out_of_time = None, False
        for stage, ledger in ledgers:
            era = self._routed(scene, stage)
            waits_ns = (era.service.routing or Routing()).timeouts.request or NEVER_NS
            if waited_ns is None:
                waited_ns = waits_ns
            yield replace(era, impatient=waits_ns < waited_ns and not out_of_time), ledger
            out_of_time |= waits_ns == waited_ns and any(r == "timeout" for r, _ in ledger.requests)

    def _routed(self, scene: Scene, stage: int) -> Scene:
        """The scene as its requests were routed by the stack of this stage."""
        stack = self._stacks()[stage]
        then = stack.declared.services[scene.name]
        own, zones = scene.service, scene.stack.declared.zones
        if (then.routing, then.weights, stack.declared.zones) == (own.routing, own.weights, zones):
            return scene
        service = replace(scene.service, routing=then.routing, weights=then.weights)
        return replace(scene, stack=stack, service=service)

    def _scene(self, name: str) -> Scene | None:
        """The service as it is wanted last; None where that is nowhere."""
        stack = next((s for s in reversed(self._stacks()) if name in s.declared.services), None)
        if stack is None:
            return None
        loaded = self.load.flows.get(ResourceKey("service", name))
        rules = loaded.flow.rules if loaded is not None else UNSEEN
        behaviour = self.world.behaviours.get(f"service/{name}", SERVICE)
        service = stack.declared.services[name]
        return Scene(stack, service, name, rules, behaviour, *self._before(name))


def task_of(
    scenario: Scenario, path: str, start: Stack, after: Sequence[tuple[int, Stack | None]],
    live: Observed | None = None,
) -> Task:  # fmt: skip
    """A task from a scenario's file: its checks read, its logs too."""
    return Task(
        scenario, start, tuple(after), tuple(parse(text) for text in scenario.checks),
        logs_of(scenario, path), live,
    )  # fmt: skip


def _singletons(stacks: Sequence[Stack]) -> dict[ResourceKey, Expect]:
    return {
        ResourceKey("service", name): Expect(singleton=True)
        for stack in stacks
        for name, service in stack.declared.services.items()
        if service.singleton
    }
