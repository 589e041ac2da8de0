"""What holds of requests and sessions: drains, graces, ties, conservation, turns."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from reconciler.model.units import NS_PER_S
from reconciler.sim.things import Container, Transition
from reconciler.sim.traffic.flow import Flow
from reconciler.sim.traffic.kernel import (
    CLIENT_IP,
    DRAIN,
    HASH_KEY,
    IP_HASH_NGINX,
    ROUND_ROBIN,
    ROUND_ROBIN_HAPROXY,
    SERVES,
    SOURCE_HAPROXY,
    UP,
    WEIGHTED,
)
from reconciler.sim.world import World
from tests.properties.loaded import (
    Loaded,
    Play,
    Tap,
    Window,
    connections_begun,
    is_pod,
    slot_of,
)

LONG_NS = 2 * NS_PER_S  # longer than a request takes, its client's further tries included

# -- drain ----------------------------------------------------------------------------------


class Drains:
    """An edge that is told drains an instance before its signal, until it is empty or late."""

    def __init__(self, play: Play) -> None:
        self.play, self.violations = play, list[str]()
        self.drains = dict[str, tuple[int, int]]()  # since when, and what it had been given

    def on_transition(self, world: World, told: Transition) -> None:
        """Note drains; judge the first stop signal of an instance by them."""
        pod = told.thing
        if not is_pod(told) or not isinstance(pod, Container):
            return
        flow = self.play.flow(pod.key.name)
        if told.what == "drains at the edge":
            self.drains[pod.id] = world.now_ns, _given(flow, slot_of(flow, pod))
        elif told.what == "back at the edge":
            self.drains.pop(pod.id, None)
        elif told.what == "signalled" and pod.signalled_at_ns is None:
            self._judge(flow, pod, world.now_ns)

    def _judge(self, flow: Flow, pod: Container, now_ns: int) -> None:
        slot = slot_of(flow, pod)
        if slot is None:
            return
        if pod.id not in self.drains:
            self.violations.append(f"{pod.name} is signalled while the edge sends it requests")
            return
        since_ns, given = self.drains[pod.id]
        kernel: Any = flow.kernel
        if not kernel.affinity and _given(flow, slot) > given:
            self.violations.append(f"{pod.name} got more while it drained")
        service = self.play.after.declared.services[pod.key.name]
        assert service.routing is not None
        left = flow.kernel.finish_by(slot) or flow.kernel.last_session_end(slot)
        # One that was empty may have got a request from whoever belongs to it since.
        if left and not pod.drained and now_ns - since_ns < service.routing.drain:
            self.violations.append(f"{pod.name} is signalled {now_ns - since_ns} ns into its drain")


def _given(flow: Flow, slot: int | None) -> int:
    """Requests and sessions that an instance has been given so far."""
    kernel: Any = flow.kernel
    return 0 if slot is None else kernel.s_given[slot] + connections_begun(kernel)[slot]


def check_drain(case: Loaded) -> None:
    """Property 6."""
    play = Play(case)
    told = Drains(play)
    if play.flow().rules.membership == "announced":
        play.watch(lambda world, one: told.on_transition(world, one))
    play.run()
    assert not told.violations, told.violations
    found = [text for tap in play.taps.values() for text in _given_to_others(tap)]
    assert not found, found
    if play.flow().rules.membership == "registered":
        found = list(_late_hearing(play))
        assert not found, found


def _given_to_others(tap: Tap) -> Iterator[str]:
    """What came to an instance that was not up, but from whoever belongs there."""
    for window in tap.close():
        for slot, place in enumerate(window.places):
            if place.edge == UP or not place.given + place.begun:
                continue
            what = f"{place.given} requests and {place.begun} sessions"
            when = f"from {window.from_ns} to {window.to_ns} ns"
            if place.edge != DRAIN or not tap.affinity:
                yield f"slot {slot}, edge {place.edge}, got {what} {when}"
            elif new := {
                key
                for key in _holders(window.stuck[1], slot) - _holders(window.stuck[0], slot)
                if not _is_own(tap, key)
            }:
                yield f"slot {slot} in drain got new clients {new} {when}"


def _holders(stuck: tuple[int, ...], slot: int) -> set[int]:
    return {key for key, place in enumerate(stuck) if place == slot + 1}


def _is_own(tap: Tap, key: int) -> bool:
    """Whether a key of affinity is the own id of a session, whose place others have after it."""
    return bool(key >= tap.everybody)


def _late_hearing(play: Play) -> Iterator[str]:
    """An instance that ends is in nobody's list any more once the news has had its time."""
    flow = play.flow()
    fallen_back = flow.rules.falls_back
    for endpoint in flow.endpoints.values():
        pod = endpoint.container
        if pod is None or not pod.terminating or pod.signalled_at_ns is None or fallen_back:
            continue
        if play.world.now_ns - pod.signalled_at_ns > flow.rules.lag and endpoint.edge == UP:
            yield f"{pod.name} ends since {pod.signalled_at_ns} and is still listed"


# -- grace ----------------------------------------------------------------------------------


def check_grace(case: Loaded) -> None:
    """Property 7; `loads.polite` has its premises."""
    play = Play(case).run()
    assert play.converged, play.stage.notices[-20:]
    assert not any(play.dropped().values()), play.dropped()


# -- stickiness -----------------------------------------------------------------------------


def check_stickiness(case: Loaded) -> None:
    """Property 8."""
    play = Play(case).run()
    for tap in play.taps.values():
        tap.close()
        found = list(_moves(tap)) if tap.affinity else list(_rehashes(tap, case))
        assert not found, found
        found = list(_sessions_moved(tap))
        assert not found, found


def _moves(tap: Tap) -> Iterator[str]:
    """Moves of clients that had no reason to."""
    for window in tap.windows:
        before, after = window.stuck
        for key, place in enumerate(before):
            if place == 0 or after[key] in (0, place) or window.troubled or _is_own(tap, key):
                continue
            there = window.places[place - 1]
            if there.edge != UP or there.app != SERVES or _has_expired(tap, key, window):
                continue
            yield f"client {key} went from slot {place - 1} to {after[key] - 1} in {window}"


def _has_expired(tap: Tap, key: int, window: Window) -> bool:
    """Whether the client asked nothing for longer than its tie lasts."""
    if not tap.affinity_timeout:
        return False
    if tap.every and tap.affinity == HASH_KEY:
        return True  # requests of sessions, which have ids of their own, look like the client's
    kinds = tap.of("arrival", "departure", "retry", "session", "session end", "session cut")
    asked = [
        at
        for at, _, client in kinds
        if at < window.to_ns
        and client < tap.everybody
        and (client % tap.addresses if tap.affinity == CLIENT_IP else client) == key
    ]
    times = [t for t in asked if t >= window.from_ns]
    earlier = [t for t in asked if t < window.from_ns]
    times = [*earlier[-1:], *times]
    # A tie is renewed when a request is given away, which may be long before its answer.
    return any(b - a > tap.affinity_timeout // 2 for a, b in pairwise(times))


def _sessions_moved(tap: Tap) -> Iterator[str]:
    """Affine sessions that moved while their instance was up, and tied to it, all the time."""
    expires = 0 < tap.affinity_timeout < 4 * tap.every
    if not tap.every or not tap.affinity or expires:
        return
    over = set(tap.of("session end", "session cut"))
    where: dict[int, int] = {}
    for at, slot, session in tap.of("session", "session moved", "session end", "session cut"):
        before = where.pop(session, slot)
        if (at, slot, session) in over:
            continue
        where[session] = slot
        if before == slot:
            continue
        # A request of it was given away at most a pause and its own time ago.
        lately = [w for w in tap.windows if at - 2 * tap.every - LONG_NS < w.to_ns <= at]
        lately += [w for w in tap.windows if w.from_ns < at < w.to_ns]
        there = [w.places[before] for w in lately if before < len(w.places)]
        good = all(place.edge == UP and place.app == SERVES for place in there)
        if good and not any(w.troubled for w in lately):
            yield f"session {session} went from slot {before} to {slot} at {at}"


def _rehashes(tap: Tap, case: Loaded) -> Iterator[str]:
    """Clients that a hash sent to two instances while all stayed as they were."""
    if tap.rule not in (IP_HASH_NGINX, SOURCE_HAPROXY):
        return
    work_ns = tap.work_constant
    assert work_ns > 0
    for window in tap.windows:
        if window.troubled or not _all_serve(window):
            continue
        where: dict[int, int] = {}
        for at, slot, client in tap.of("departure"):
            if not window.from_ns <= at - work_ns < window.to_ns:
                continue
            address = tap.first_address + client % tap.addresses
            key = address >> 8 if tap.rule == IP_HASH_NGINX else address
            if where.setdefault(key, slot) != slot:
                yield f"{key:x} went to slot {where[key]} and to {slot} in {window}"


def _all_serve(window: Window) -> bool:
    return all(window.places[slot].app == SERVES for slot in window.ups)


# -- conservation ---------------------------------------------------------------------------


def check_conservation(case: Loaded) -> None:
    """Property 9, whenever anything happens to an instance, and by a count of our own."""
    play = Play(case)
    lasting = play.world.listeners

    def look(world: World, told: Transition) -> None:
        for tap in play.taps.values():
            _assert_conserved(tap)
        if told.what == "exited" and is_pod(told) and isinstance(told.thing, Container):
            flow = play.flow(told.thing.key.name)
            slot = slot_of(flow, told.thing)
            if slot is not None:
                kernel: Any = flow.kernel
                left = kernel.in_flight(slot), kernel.sessions_open(slot), kernel.s_busy[slot]
                assert left == (0, 0, 0), f"{told.subject} is gone with {left} in flight"

    lasting.append(look)
    play.run()
    for key, loaded in play.load.flows.items():
        tap, ledgers = play.taps[key.name], [ledger for _, ledger in loaded.flow.ledgers]
        _assert_conserved(tap)
        _assert_counted(tap)
        assert sum(each.requests.total() for each in ledgers) == sum(tap.dropped_total()), ledgers
        assert sum(each.sessions.total() for each in ledgers) == tap.sessions_cut, ledgers
        run = play.load.service_run(key)
        assert run.arrivals == run.served + run.dropped_total + run.in_flight
        assert run.sessions_begun == run.sessions_ended + run.sessions_cut + run.sessions_open
        assert sum(each.served for each in run.slices) <= run.served


def _assert_conserved(tap: Tap) -> None:
    lost = sum(tap.dropped_total())
    assert tap.arrivals == tap.served + lost + tap.in_flight_total, (
        f"{tap.arrivals} came, {tap.served} served, {lost} lost, {tap.in_flight_total} in flight"
    )
    assert tap.sessions_begun == tap.sessions_ended + tap.sessions_cut + tap.sessions_open_total
    for slot in range(tap.slots):
        given, failed, served = tap.s_given[slot], tap.s_failed[slot], tap.s_served[slot]
        flying = tap.in_flight(slot)
        assert given == served + failed + flying, (
            f"slot {slot}: {given} given, {served} served, {failed} failed, {flying} in flight"
        )
        begun, ended, cut = tap.s_begun[slot], tap.s_ended[slot], tap.s_cut[slot]
        begun += tap.s_moved[slot]
        assert begun == ended + cut + tap.sessions_open(slot) and flying >= 0


def _assert_counted(tap: Tap) -> None:
    """The kernel's numbers against its events, one by one."""
    counts = {
        kind: sum(1 for _ in tap.of(kind))
        for kind in (
            "arrival",
            "drop",
            "retry",
            "session",
            "session end",
            "session cut",
            "session moved",
        )
    }
    told = {
        "arrival": tap.arrivals, "drop": sum(tap.dropped_total()), "retry": tap.retried,
        "session": tap.sessions_begun, "session end": tap.sessions_ended,
        "session cut": tap.sessions_cut,
        "session moved": tap.sessions_moved if tap.every else 0,
    }  # fmt: skip
    assert counts == told
    left = sum(1 for _ in tap.of("left"))
    served = sum(1 for _ in tap.of("departure"))
    assert served - left <= tap.served <= served


# -- fairness -------------------------------------------------------------------------------

IN_TURN = (ROUND_ROBIN, ROUND_ROBIN_HAPROXY, WEIGHTED)


def check_fairness(case: Loaded) -> None:
    """Property 10."""
    play = Play(case).run()
    for tap in play.taps.values():
        assert tap.rule in (*IN_TURN, 6), tap.rule
        if tap.rule not in IN_TURN:
            continue
        found = [text for window in tap.close() if (text := _unfair(tap, window))]
        assert not found, found


def _unfair(tap: Tap, window: Window) -> str:
    """What was given beside the weights, in a time when all that were up served."""
    ups = window.ups
    if len(ups) < 2 or window.troubled or not _all_serve(window):
        return ""
    given = [window.places[slot].given for slot in ups]
    weights = [window.places[slot].weight for slot in ups]
    if len(set(weights)) == 1 and (tap.rule != WEIGHTED or window.from_ns == 0):
        # In HAProxy's tree others stay where they stood when one comes or goes: one of them may
        # have a second turn before that one's first (tests/live/balancing has the real one's).
        late = tap.rule == ROUND_ROBIN_HAPROXY and window.from_ns > 0
        return "" if max(given) - min(given) <= 1 + late else f"{given} in {window}"
    total, sum_of = sum(given), sum(weights)
    # Each is two turns off at most; one that comes later may begin with two of a head start.
    most = 2 * sum_of if window.from_ns == 0 else 4 * sum_of
    off = [abs(n * sum_of - total * w) for n, w in zip(given, weights, strict=True)]
    return "" if max(off) <= most else f"{given} by {weights} in {window}"
