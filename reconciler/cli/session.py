"""One command's way: load, check, open the target, look, and plan or act."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reconciler.cli.loading import findings, load, refuse_errors
from reconciler.cli.settings import Settings
from reconciler.cli.targets import OnNotice, Opened, ShouldStop, capabilities_of, open_target
from reconciler.model.diagnostic import Diagnostic, DiagnosticsError, TargetError
from reconciler.model.resource import ResourceKey

if TYPE_CHECKING:
    from reconciler.controller.core import Controller
    from reconciler.controller.interface import Event, Policy
    from reconciler.daemon.reload import Read
    from reconciler.model.observed import Instance, Observed
    from reconciler.model.stack import Stack
    from reconciler.model.status import ResourceStatus, Verdict
    from reconciler.plan.plan import Plan
    from reconciler.spec.load import Loaded
    from reconciler.targets.port import Predicted

LOG_LINES = 10
_NOT_A_SERVICE = "R706"


@dataclass(frozen=True)
class Session:
    """A stack and its open target. `found` is what was said of the stack before looking."""

    settings: Settings
    loaded: "Loaded"
    opened: Opened
    found: Sequence[Diagnostic] = field(default=())

    @property
    def stack(self) -> "Stack":
        """What is wanted."""
        return self.loaded.stack

    @property
    def title(self) -> str:
        """``shop on docker``."""
        return f"{self.stack.name} on {self.settings.target}"

    def look(self) -> tuple["Observed", "Predicted"]:
        """What runs, and what would come of what is wanted. Writes nothing."""
        from reconciler.plan.planner import scope_of, wanted_of

        target = self.opened.target
        scope = scope_of(self.stack)
        observed = target.observe(scope)
        native = target.capabilities.workloads == "native"
        if not native:
            return observed, {}
        from reconciler import graph as graphs

        wanted = wanted_of(self.stack, graphs.build(self.stack).needs, native)
        return observed, target.preview(wanted) if wanted else {}

    def plan(self) -> "Plan":
        """What an apply would do now."""
        return self.plan_of(*self.look())

    def plan_of(self, observed: "Observed", predicted: "Predicted") -> "Plan":
        """What an apply would do, were this what runs."""
        from reconciler.plan.planner import make_plan

        return make_plan(
            self.stack,
            observed,
            predicted,
            self.opened.target.capabilities,
            target=self.settings.target,
            findings=self.found,
            retry=self.retried(),
            state=self.settings.state,
        )

    def destroy_plan(self, *, volumes: bool) -> "Plan":
        """What a destroy would do now."""
        from reconciler.plan.planner import destroy_plan, emptied, scope_of

        target = self.opened.target
        plan = destroy_plan(
            self.stack,
            target.observe(scope_of(emptied(self.stack))),
            target.capabilities,
            target=self.settings.target,
            volumes=volumes,
            state=self.settings.state,
        )
        why = "the stack is destroyed"
        findings = tuple(
            replace(f, detail=why, hint="apply it once with `protect: false`, then destroy")
            if f.code == "R304" else f
            for f in plan.findings
        )  # fmt: skip
        changes = tuple(replace(c, reason=why) for c in plan.changes)
        return replace(plan, changes=changes, findings=findings)

    def retried(self) -> frozenset[ResourceKey]:
        """The services named by `--retry`; DiagnosticsError where one is none."""
        declared = self.stack.declared
        keys, unknown = set(), []
        for text in sorted(self.settings.retry):
            kind, _, name = text.rpartition("/")
            if name in declared.services and kind in ("", "service"):
                keys.add(ResourceKey("service", name))
            elif name in declared.jobs and kind in ("", "job"):
                keys.add(ResourceKey("job", name))
            else:
                unknown.append(text)
        if unknown:
            known = ", ".join(sorted({*declared.services, *declared.jobs}))
            raise DiagnosticsError(
                [
                    Diagnostic(
                        _NOT_A_SERVICE, f"--retry {text}: no such service or job",
                        hint=f"one of {known}",
                    )
                    for text in unknown
                ]
            )  # fmt: skip
        return frozenset(keys)

    def controller(self, policy: "Policy", stack: "Stack | None" = None) -> "Controller":
        """A controller for the stack, or for another one on the same target."""
        from reconciler.controller.core import Controller

        return Controller(stack or self.stack, self.opened.target.capabilities, policy)

    def run(
        self,
        controller: "Controller",
        on_notice: OnNotice,
        should_stop: ShouldStop,
        feeds: "Sequence[Iterable[Event]]" = (),
    ) -> "Verdict":
        """Drive it until there is nothing more to do."""
        return self.opened.run(controller, on_notice, should_stop, feeds)

    def commit(self) -> str:
        """The git commit that the desired state was read from; empty where there is none."""
        return self._commit(self.loaded)

    def _commit(self, loaded: "Loaded") -> str:
        from reconciler.cli.commits import commit_of

        return commit_of(self.settings.state, loaded.contents.files())

    def as_read(self) -> "Read":
        """The desired state as it was read at first."""
        from reconciler.daemon.reload import Read

        return Read(self.stack, self.loaded.contents.files(), self.commit())

    def reread(self) -> "Read":
        """The desired state as its files say now; DiagnosticsError where they cannot be used.

        The target gets the contents of configs and secrets from there from now on.
        """
        from reconciler.daemon.reload import Read

        loaded = load(self.settings)
        able = self.opened.target.capabilities
        refuse_errors(findings(loaded, able, self.settings.target))
        self.opened.contents.now = loaded.contents
        return Read(loaded.stack, loaded.contents.files(), self._commit(loaded))

    def is_well(self) -> bool:
        """Whether all is as wanted and healthy now, so that nothing has to be written."""
        from reconciler.controller.interface import Looked, Policy

        observed, predicted = self.look()
        glance = self.controller(Policy(act=False))
        glance.handle(Looked(observed, predicted), observed.target_now_ns)
        return glance.verdict().kind == "converged"

    def with_logs(self, statuses: Sequence["ResourceStatus"]) -> tuple["ResourceStatus", ...]:
        """The same, with the last log lines of every instance that is not well."""
        return tuple(
            replace(s, instances=tuple(self._with_log(i) for i in s.instances)) for s in statuses
        )

    def _with_log(self, instance: "Instance") -> "Instance":
        well = instance.phase == "running" and instance.ready and instance.live
        finished = instance.has_ended and instance.exit_code == 0
        if instance.log_tail or well or finished or instance.phase == "created":
            return instance
        try:
            return replace(instance, log_tail=self.opened.target.logs(instance.id, LOG_LINES))
        except TargetError:  # gone meanwhile, or a log driver that cannot be read
            return instance


@contextmanager
def session(
    settings: Settings, *, acting: bool = False, removing: bool = False
) -> Iterator[Session]:
    """Load and check the stack, and open its target, to act on it or only to look.

    Errors end it before the target is touched. With `removing`, what is wanted does not
    matter: secrets are not asked for, and nothing is checked.
    """
    loaded = load(settings, resolve=not removing)
    found: list[Diagnostic] = []
    expected = capabilities_of(settings.target)
    if not removing:
        found = findings(loaded, expected, settings.target)
        refuse_errors(found)
    with open_target(settings, loaded, acting=acting) as opened:
        able = opened.target.capabilities
        if not removing and able != expected:  # this very engine can do less
            found = findings(loaded, able, settings.target)
            refuse_errors(found)
        yield Session(settings, loaded, opened, found)
