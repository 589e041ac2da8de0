"""What the controller remembers of one resource between two events.

All of it can be lost: a new process derives it again from what it observes, later rather
than earlier.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from reconciler.controller.muster import Stretch
from reconciler.diff.fit import Fit, Template, fit
from reconciler.model.lifecycle import Backoff
from reconciler.model.observed import Instance
from reconciler.model.resource import ResourceKey
from reconciler.model.status import ResourceStatus
from reconciler.model.step import Outcome
from reconciler.model.units import NS_PER_S
from reconciler.plan.changes import Asked, standing_for
from reconciler.plan.restarting import is_spent
from reconciler.plan.standing import Standing
from reconciler.plan.stopping import Stop
from reconciler.plan.view import View

FIRST_RETRY_NS = NS_PER_S
LONGEST_RETRY_NS = 60 * NS_PER_S
_id_of = attrgetter("id")
Fitted = tuple[Instance, Template, Fit]  # the last state compared, with what, and the answer
DISPUTE = Backoff()  # at once, then 10 s, 20 s … 5 min; 10 min of peace start it over


@dataclass(slots=True)
class Slot:
    """One resource. `touched` is the number of the event at which a step last began or ended.

    `owes_decision`: something has happened to it since it was last decided on.
    `moved_ns` is when a call last succeeded; `given_up` why nothing more is tried in this run;
    `lacking_ns` since when it is not as wanted, as far as this process has seen; `hindered_ns`
    until when calls that may go well later were last held up.
    """

    key: ResourceKey
    status: ResourceStatus
    in_flight: int = 0
    touched: int = 0
    needs_look: bool = True
    owes_decision: bool = True
    wake_ns: int | None = None
    look_ns: int | None = None
    stops: dict[str, Stop] = field(default_factory=dict)
    failures: int = 0
    retry_ns: int = 0
    failing_ns: int | None = None
    hindered_ns: int = 0
    trouble: Outcome | None = None
    given_up: str = ""
    retried_seq: int = 0
    moved_ns: int = 0
    lacking_ns: int | None = None
    standing: tuple[object, Standing] | None = None
    fits: dict[str, Fitted] = field(default_factory=dict)
    stretches: Mapping[int, Stretch] = field(default_factory=dict)
    rewritten: frozenset[str] = frozenset()
    disputes: int = 0
    disputed_ns: int = 0

    def fit(self, template: Template, instance: Instance) -> Fit:
        """How an instance fits, compared once for each state that it is seen in."""
        known = self.fits.get(instance.id)
        if known is None or known[1] is not template:
            found = fit(template, instance)
        elif known[0] is instance:
            return known[2]
        elif _is_alike(known[0], instance):
            found = Fit(instance, known[2].replacing, known[2].in_place)
        else:
            found = fit(template, instance)
        self.fits[instance.id] = (instance, template, found)
        return found

    def standing_for(self, asked: Asked, view: View, evicting: tuple[str, ...]) -> Standing:
        """What the records say, read once for each state that they are seen in."""
        image_id = view.images.get(str(asked.fields["image"]))
        seen = (asked, view.records_of(self.key), image_id, evicting, self.retried_seq)
        if self.standing is not None and self.standing[0] == seen:
            return self.standing[1]
        found = standing_for(asked, view, self.retried_seq, evicting)
        self.standing = (seen, found)
        return found

    def forget_all_but(self, instances: Sequence[Instance]) -> None:
        """Nothing stays of instances that are gone."""
        if len(self.fits) + len(self.stops) == 0:
            return
        present = set(map(_id_of, instances))
        for gone in self.stops.keys() - present:
            del self.stops[gone]
        for gone in self.fits.keys() - present:
            del self.fits[gone]

    def leaving(self, instances: Sequence[Instance]) -> Collection[str]:
        """Who is being stopped.

        One that stays for its logs is no longer leaving once it has ended: it is the past.
        """
        if not self.stops:
            return ()
        kept = {id for id, stop in self.stops.items() if stop.keep}
        if not kept:
            return self.stops.keys()
        return self.stops.keys() - {i.id for i in instances if i.id in kept and is_spent(i)}

    def set_right_ns(self, rewritten: frozenset[str], now_ns: int) -> int:
        """When these ids, which are not as they were made, may be set right.

        Another actor that insists is answered later each time: the two would else write
        against one another for ever.
        """
        fresh, self.rewritten = rewritten - self.rewritten, rewritten
        if fresh:
            in_peace_ns = now_ns - self.disputed_ns
            self.disputes = 1 if in_peace_ns >= DISPUTE.reset else self.disputes + 1
            self.disputed_ns = now_ns
        if self.disputes <= 1 or not rewritten:
            return now_ns
        return self.disputed_ns + DISPUTE.delay_ns(self.disputes - 2)

    def failed(self, outcome: Outcome, now_ns: int) -> None:
        """A call did not succeed: wait longer each time, from one second up to a minute."""
        self.failures += 1
        self.trouble = outcome
        if self.failing_ns is None:
            self.failing_ns = now_ns
        delay_ns = min(FIRST_RETRY_NS << min(self.failures - 1, 16), LONGEST_RETRY_NS)
        self.retry_ns = now_ns + max(delay_ns, outcome.retry_after_ns)
        if outcome.kind == "retryable":
            self.hindered_ns = self.retry_ns

    def succeeded(self) -> None:
        """A call succeeded: the next failure starts over."""
        self.failures = 0
        self.retry_ns = 0
        self.failing_ns = None
        self.trouble = None

    def asked_anew(self) -> None:
        """Another desire: what failed, was given up or was disputed gets another try."""
        self.succeeded()
        self.given_up = ""
        self.rewritten, self.disputes = frozenset(), 0


def _is_alike(one: Instance, other: Instance) -> bool:
    """Whether two states of one instance do not differ in what is compared with a template."""
    return (
        one.fields is other.fields
        and one.defaults is other.defaults
        and one.ordinal == other.ordinal
        and one.image_id == other.image_id
    )
