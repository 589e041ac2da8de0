"""Affine sessions: many requests each, and a state that one instance keeps."""

from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.model.units import NS_PER_MS, NS_PER_S
from reconciler.sim.traffic import kernel, tables
from reconciler.sim.traffic.kernel import (
    CLIENT_IP,
    COOKIE,
    DOWN,
    DRAIN,
    HASH_KEY,
    IP_HASH_NGINX,
    NONE,
    RANDOM,
    ROUND_ROBIN,
    SERVES,
    SOURCE_HAPROXY,
    UP,
)
from tests.support.kernels import Script

EVERY_NS = 500 * NS_PER_MS
NETWORK = 10 << 24
KINDS = ("session", "session moved", "session end", "session cut")
BEGUN, MOVED, ENDED, CUT = (kernel.EVENTS.index(kind) for kind in KINDS)
ARRIVAL, DEPARTURE = (kernel.EVENTS.index(kind) for kind in ("arrival", "departure"))


def affine(
    affinity: int = NONE, *, rule: int = RANDOM, slots: int = 4, rate: int = 2, clients: int = 50,
    addresses: int = 0, timeout_ns: int = 0, length_ns: int = 4 * NS_PER_S, seed: int = 1,
) -> Any:  # fmt: skip
    """A kernel whose clients do nothing but begin sessions of one length."""
    made = kernel.Kernel(seed, rule=rule, slots=slots)
    made.set_service_table(tables.constant(10 * NS_PER_MS))
    made.set_clients(clients, NETWORK, addresses)
    for slot in range(slots):
        made.set_slot(slot, UP, SERVES)
    if affinity:
        made.set_affinity(affinity, timeout_ns)
    made.set_sessions(tables.constant(length_ns), every_ns=EVERY_NS)
    made.set_session_arrivals(kernel.CONSTANT, NS_PER_S, rate)
    return made


def test_a_session_asks_at_once_and_then_each_time_its_pause_is_over() -> None:
    made = affine(rate=1)
    seen = made.watch()
    made.run(NS_PER_S + 1)
    made.set_session_arrivals(kernel.NONE)
    made.run(10 * NS_PER_S)
    asked = [at for at, what, _, _ in seen if what == ARRIVAL]
    assert asked == [NS_PER_S + n * EVERY_NS for n in range(8)]
    assert (made.sessions_begun, made.sessions_ended, made.served) == (1, 1, 8)
    assert [at for at, what, _, _ in seen if what == ENDED] == [5 * NS_PER_S]
    assert made.latency_ns(1000) == 10 * NS_PER_MS


def test_a_session_waits_for_an_answer_before_it_asks_again() -> None:
    made = affine(rate=1)
    made.set_service_table(tables.constant(3 * NS_PER_S))
    seen = made.watch()
    made.run(NS_PER_S + 1)
    made.set_session_arrivals(kernel.NONE)
    made.run(20 * NS_PER_S)
    assert [at for at, what, _, _ in seen if what == ARRIVAL] == [NS_PER_S, 4 * NS_PER_S]
    assert [at for at, what, _, _ in seen if what == ENDED] == [7 * NS_PER_S]


@pytest.mark.parametrize("affinity", [COOKIE, CLIENT_IP, HASH_KEY])
@pytest.mark.parametrize("rule", [ROUND_ROBIN, RANDOM, kernel.LEAST_CONN])
def test_affinity_keeps_it_at_one_instance(affinity: int, rule: int) -> None:
    made = affine(affinity, rule=rule)
    made.run(60 * NS_PER_S)
    assert made.sessions_begun > 100
    assert made.sessions_moved == 0


@pytest.mark.parametrize("rule", [IP_HASH_NGINX, SOURCE_HAPROXY])
def test_without_affinity_a_hash_of_the_address_keeps_it_there_too(rule: int) -> None:
    made = affine(rule=rule)
    made.run(60 * NS_PER_S)
    assert made.sessions_begun > 100
    assert made.sessions_moved == 0
    made.set_slot(3, DOWN, SERVES)
    made.run(90 * NS_PER_S)
    moved = made.sessions_moved
    assert (moved > 0) == (rule == SOURCE_HAPROXY or made.served_at(3) > 0)


def test_without_anything_that_ties_it_it_goes_where_the_rule_says() -> None:
    made = affine(rule=ROUND_ROBIN)
    seen = made.watch()
    made.run(60 * NS_PER_S)
    assert made.sessions_moved > 100
    assert made.sessions_moved == sum(1 for _, what, _, _ in seen if what == MOVED)


def slots_of(made: Any, client: int) -> set[int]:
    return {made.p_slot[n] for n in range(made.places) if made.p_client[n] == client} - {-1}


def test_sessions_of_one_client_share_a_cookie_and_not_what_is_their_own() -> None:
    spread = {}
    for affinity in (COOKIE, HASH_KEY):
        made = affine(affinity, rule=ROUND_ROBIN, clients=2, rate=8)
        made.run(20 * NS_PER_S)
        assert made.sessions_open_total >= 30
        spread[affinity] = [len(slots_of(made, client)) for client in (0, 1)]
    assert spread == {COOKIE: [1, 1], HASH_KEY: [4, 4]}


def test_clients_behind_one_address_share_an_instance_where_the_address_ties_them() -> None:
    spread = {}
    for affinity in (CLIENT_IP, COOKIE):
        made = affine(affinity, rule=ROUND_ROBIN, clients=40, addresses=1, rate=8)
        made.run(20 * NS_PER_S)
        spread[affinity] = sum(made.served_at(slot) > 0 for slot in range(4))
    assert spread == {CLIENT_IP: 1, COOKIE: 4}


@pytest.mark.parametrize(("timeout_ms", "moves"), [(499, True), (501, False)])
def test_the_affinitys_timeout_counts_between_two_requests(timeout_ms: int, moves: bool) -> None:
    made = affine(
        HASH_KEY, rule=ROUND_ROBIN, rate=1, length_ns=100 * NS_PER_S,
        timeout_ns=timeout_ms * NS_PER_MS,
    )  # fmt: skip
    made.run(30 * NS_PER_S)
    assert (made.sessions_moved > 0) == moves


def test_an_instance_that_ends_cuts_the_sessions_whose_state_it_kept() -> None:
    made = affine(COOKIE, rate=4, length_ns=40 * NS_PER_S)
    made.run(20 * NS_PER_S)
    kept, begun = made.sessions_open(2), made.sessions_begun
    assert kept > 2
    made.cut(2, 20 * NS_PER_S)
    made.set_slot(2, DOWN, kernel.CLOSED)
    assert (made.sessions_cut, made.sessions_open(2)) == (kept, 0)
    made.set_session_arrivals(kernel.NONE)
    made.run(20 * NS_PER_S + EVERY_NS + 1)
    assert made.sessions_begun == begun + kept, "each begins anew, at another"
    assert made.sessions_moved == 0
    made.run(61 * NS_PER_S)
    assert made.sessions_begun == made.sessions_ended + made.sessions_cut


def test_the_states_outlive_an_edge_that_loses_its_connections() -> None:
    made = affine(COOKIE, rate=4)
    made.run(20 * NS_PER_S)
    made.cut(2, 20 * NS_PER_S, True, True, False)
    assert made.sessions_cut == 0
    assert made.sessions_open(2) > 2


def test_one_whose_instance_is_out_and_lives_moves() -> None:
    made = affine(COOKIE, rate=4)
    made.run(20 * NS_PER_S)
    kept = made.sessions_open(2)
    made.set_slot(2, DRAIN, SERVES)
    made.run(21 * NS_PER_S)
    assert made.sessions_moved == 0, "in drain it still serves those that it has"
    made.set_slot(2, DOWN, SERVES)
    made.set_session_arrivals(kernel.NONE)
    made.run(30 * NS_PER_S)
    assert 0 < made.sessions_moved <= kept
    assert made.sessions_cut == 0


def test_the_edge_knows_by_the_last_request_until_when_somebody_may_come_again() -> None:
    made = affine(COOKIE, rate=1, slots=1, timeout_ns=20 * NS_PER_S)
    made.run(NS_PER_S + 1)
    made.set_session_arrivals(kernel.NONE)
    made.run(60 * NS_PER_S)
    assert made.tied_until(0) == NS_PER_S + 7 * EVERY_NS + 20 * NS_PER_S
    assert affine(NONE, slots=1).tied_until(0) == 0


def test_work_of_a_session_is_the_same_whatever_else_there_is() -> None:
    """Common random numbers: a change elsewhere leaves each request its own work."""
    works = []
    for rate in (0, 300):
        made = affine(HASH_KEY, clients=1)
        made.set_service_table(tables.exponential(5 * NS_PER_MS))
        if rate:
            made.set_arrivals(kernel.CONSTANT, NS_PER_S, rate)
        seen = made.watch()
        made.run(3 * NS_PER_S)
        begun = [at for at, what, _, _ in seen if what == BEGUN]
        works.append(begun)
    assert works[0] == works[1]
    assert len(works[0]) == 5


# -- by a count of our own -------------------------------------------------------------------


def followed(seen: list[tuple[int, int, int, int]]) -> Iterator[tuple[str, int, int, int]]:
    """Where each session was and where it went: kind, session, from, to; -1: nowhere."""
    where: dict[int, int] = {}
    for _, what, slot, session in seen:
        if what == BEGUN:
            assert session not in where
            where[session] = slot
            yield "begun", session, -1, slot
        elif what == MOVED:
            assert where[session] != slot
            yield "moved", session, where[session], slot
            where[session] = slot
        elif what in (ENDED, CUT):
            assert where.pop(session) == slot
            yield "ended" if what == ENDED else "cut", session, slot, -1


def test_whatever_happens_a_session_is_at_one_instance_and_nothing_is_miscounted() -> None:
    looked_at = 0
    for seed in range(600):
        script = Script(seed)
        made = script.start(kernel.Kernel)
        if not made.every:
            continue
        seen = made.watch()
        script.play(made)
        kinds = [kind for kind, _, _, _ in followed(seen)]
        told = (made.sessions_begun, made.sessions_moved, made.sessions_ended, made.sessions_cut)
        counts = tuple(kinds.count(kind) for kind in ("begun", "moved", "ended", "cut"))
        assert counts == told, f"seed {seed}"
        kept = [made.s_kept[slot] for slot in range(made.slots)]
        there = [made.p_slot[n] for n in range(made.places)]
        assert kept == [there.count(slot) for slot in range(made.slots)], f"seed {seed}"
        looked_at += counts[0] > 0
    assert looked_at > 100
