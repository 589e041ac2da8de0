"""The plan: a value that is shown, saved, and checked for staleness."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.model.change import Action, Change
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Shutdown

COUNTED = ("service", "job", "network", "volume", "manifest", "route")


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that an apply would do.

    `changes` are in order of their waves; a wave starts when what it depends on is done.
    `held` are the services whose wanted revision has failed before, with the reason;
    `kept` what is ours, no longer declared, and deliberately left. `findings` are the
    diagnostics of `validate` and those that only the live state shows. `state` is what was
    read: paths, environment and target, so that a saved plan can be applied by itself.
    `shutdown` are the bounds that a destroy keeps to.
    """

    stack: str
    target: str
    environment: str = ""
    desired_digest: str = ""
    changes: tuple[Change, ...] = ()
    held: Mapping[ResourceKey, str] = field(default_factory=dict)
    kept: tuple[ResourceKey, ...] = ()
    findings: tuple[Diagnostic, ...] = ()
    state: tuple[str, ...] = ()
    confirm_above: int = 3
    shutdown: Shutdown = field(default_factory=Shutdown)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.changes

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The findings that stop it."""
        return tuple(finding for finding in self.findings if finding.is_error)

    def count(self, *actions: Action) -> int:
        """How many changes have one of these actions."""
        return sum(change.action in actions for change in self.changes)

    @property
    def deletions(self) -> tuple[Change, ...]:
        """The changes that remove for good what someone once declared by name.

        Old contents of configs and secrets, and records, go without being counted.
        """
        return tuple(c for c in self.changes if c.action is Action.DELETE and c.key.kind in COUNTED)

    @property
    def needs_confirmation(self) -> bool:
        """Whether it deletes more than the stack allows without a question."""
        return len(self.deletions) > self.confirm_above
