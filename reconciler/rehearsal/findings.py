"""Causes of what is not in the ledger of traffic: nothing need be dropped for them.

Each explains a check that was missed, or something that must never happen, by what a run's
instances did; or tells of sessions that changed their instance.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reconciler.model.checks import Check
from reconciler.model.rehearsal import Cause, ServiceRun
from reconciler.model.traffic import Routing
from reconciler.rehearsal.blames import Blame, cold_fix, cold_text
from reconciler.rehearsal.causes import found_by
from reconciler.rehearsal.recorder import Tally
from reconciler.rehearsal.routes import hashes
from reconciler.rehearsal.scene import Scene

LATENCIES = ("p50", "p90", "p99", "p999", "max")


@dataclass(frozen=True, slots=True)
class Seen:
    """One service in one run: its numbers, its instances, and what was missed.

    `missed` are checks that do not hold and may be about it; `twice` is the first time that a
    singleton had two instances that may act, as a sentence; `routed_before` is the routing that
    the last one took the place of at `turned_ns`, where it changed.
    """

    scene: Scene
    numbers: ServiceRun
    tally: Tally
    missed: Sequence[Check] = ()
    twice: str = ""
    converged: bool = True
    routed_before: Routing | None = None
    turned_ns: int = 0

    def misses(self, *metrics: str) -> bool:
        """Whether a check on one of these is missed."""
        terms = (term for check in self.missed for term in check.terms)
        return any(t.metric in metrics and t.name in ("", self.scene.name) for t in terms)


def findings_of(seen: Seen) -> Iterator[Cause]:
    """The causes of one service, in the order of the table in the reference."""
    yield from _restarted(seen)
    yield from _no_room(seen)
    yield from _two_at_once(seen)
    yield from _cold(seen)
    yield from _moved(seen)
    yield from _remapped(seen)


def _found(
    seen: Seen, code: str, path: str, text: str, fix: str, first_ns: int | None = None
) -> Cause:
    row = Blame(code, lambda *_: True, lambda _: text, lambda _: path, lambda _: fix)
    return found_by(row, seen.scene, first_ns)


def _restarted(seen: Seen) -> Iterator[Cause]:
    """Liveness on the readiness path, where that restarted instances that did not hang."""
    if seen.tally.dead and seen.scene.one_for_both:
        text = (
            "liveness asks what readiness asks: an instance that is only not ready, or slow to "
            "start, is restarted"
        )
        fix = (
            "let liveness ask only whether the process hangs, and let a startup probe cover the "
            "start"
        )
        yield _found(seen, "R635", "liveness", text, fix, seen.tally.dead_ns)


def _no_room(seen: Seen) -> Iterator[Cause]:
    """What waited for a machine, where the change is not done or something is missed."""
    tally = seen.tally
    if not tally.no_room or (seen.converged and not seen.missed):
        return
    if tally.no_room_surge:
        text = f"the surge does not fit the nodes: {tally.no_room}"
        fix = "let max_surge be 0 and max_unavailable at least 1, ask for less, or add a node"
        path = "rollout.max_surge"
    else:
        text = f"not all instances fit the nodes: {tally.no_room}"
        fix = "run fewer, ask for less (resources.requests), or add a node"
        path = "replicas" if seen.scene.service.autoscale is None else "autoscale.max"
    yield _found(seen, "R638", path, text, fix, tally.no_room_ns)


def _two_at_once(seen: Seen) -> Iterator[Cause]:
    """A singleton of which two acted, or more instances than a check allows."""
    numbers, service = seen.numbers, seen.scene.service
    if seen.twice:
        fix = "fence it: let it hold a lock outside, and act only while it holds it"
        yield _found(seen, "R640", "singleton", f"two at once: {seen.twice}", fix)
    elif seen.misses("instances") and numbers.most_instances > service.wanted:
        text = (
            f"the rollout starts a successor before the old one has ended: at most "
            f"{numbers.most_instances} at once, where {service.wanted} are wanted"
        )
        fix = "where two must never act at once, say singleton: true or rollout.strategy: recreate"
        yield _found(seen, "R640", "rollout.max_surge", text, fix)


def _cold(seen: Seen) -> Iterator[Cause]:
    """Answers that took too long while instances were cold."""
    behaviour = seen.scene.behaviour
    if seen.misses(*LATENCIES) and behaviour.cold_ns and behaviour.cold_permille > 1000:
        text = cold_text(seen.scene)
        yield _found(seen, "R641", "rollout.min_ready", text, cold_fix(seen.scene))


def _moved(seen: Seen) -> Iterator[Cause]:
    """Sessions tied by a hash that came back somewhere else.

    Any other tie holds until its instance goes, and that is told of already.
    """
    routing = seen.scene.service.routing
    moved = seen.numbers.sessions_moved - seen.numbers.sessions_remapped
    if not moved or routing is None or not hashes(routing, seen.scene.rules):
        return
    path = "routing.strategy" if routing.affinity is None else "routing.affinity"
    text = (
        "sessions came back to another instance than the one they were tied to: the hash of an "
        "address maps clients anew whenever an instance comes or goes"
    )
    fix = "tie by cookie (routing.affinity: {by: cookie}), and drain before the stop signal"
    yield replace(_found(seen, "R642", path, text, fix), moved=moved)


def _remapped(seen: Seen) -> Iterator[Cause]:
    """Sessions that lost their tie with all others, as another one was wanted."""
    routing, before = seen.scene.service.routing or Routing(), seen.routed_before
    remapped = seen.numbers.sessions_remapped
    if not remapped or before is None:
        return
    path = "routing.strategy" if routing.affinity == before.affinity else "routing.affinity"
    text = (
        f"from {_tie(before)} to {_tie(routing)}: whoever was tied to an instance is no more as "
        "soon as the edge acts on it, and is given one anew with the next request"
    )
    fix = "change it while few sessions are open, or keep their state outside of the instances"
    if before.strategy == "ip_hash" or (before.affinity and before.affinity.by == "client_ip"):
        fix = (
            "let strategy be ip_hash beside the new affinity until the sessions of before are "
            "over: who has no tie yet is brought to where the hash leads, and tied there"
        )
    yield replace(_found(seen, "R650", path, text, fix, seen.turned_ns), moved=remapped)


def _tie(routing: Routing) -> str:
    affinity = routing.affinity
    if affinity is None:
        return routing.strategy
    name = f" {affinity.name}" if affinity.name else ""
    return f"an affinity by {affinity.by}{name}"
