"""A kernel whose rule, ties, patience or limit change while it runs."""

from collections import Counter
from typing import Any

import pytest

from reconciler.model.units import NS_PER_MS, NS_PER_S
from reconciler.sim.edge import KINDS, EdgeRules
from reconciler.sim.traffic import tables
from reconciler.sim.traffic.core.fields import BY_SLOT, NUMBERS
from reconciler.sim.traffic.core.settings import OF_ALL, OF_RULES
from reconciler.sim.traffic.kernel import (
    BY_ADDRESS,
    CONSTANT,
    COOKIE,
    DOWN,
    EVERYONE,
    IP_HASH_NGINX,
    LEAST_CONN,
    LEAST_CONN_HAPROXY,
    NONE,
    REASONS,
    ROUND_ROBIN,
    ROUND_ROBIN_HAPROXY,
    RULES,
    SERVES,
    SOURCE_HAPROXY,
    UP,
    WEIGHTED,
    Kernel,
)
from reconciler.sim.traffic.route import Route


def made(rule: int, slots: int = 2, **time: int) -> Kernel:
    kernel = Kernel(1, rule=rule)
    kernel.set_service_table(tables.constant(time.get("work_ns", NS_PER_MS)))
    for _ in range(slots):
        kernel.set_slot(kernel.add_slot(), UP, SERVES)
    return kernel


def dropped(kernel: Kernel) -> dict[str, int]:
    pairs = zip(REASONS, kernel.dropped_total(), strict=True)
    return {name: count for name, count in pairs if count}


@pytest.mark.parametrize("rule", [LEAST_CONN, LEAST_CONN_HAPROXY])
@pytest.mark.parametrize("anew", [False, True])
def test_a_new_process_counts_its_own_connections_alone(rule: int, anew: bool) -> None:
    """Twenty websockets at one instance, and twenty more after the other is in."""
    kernel = made(rule)
    kernel.set_slot(1, DOWN, SERVES)
    kernel.set_sessions(tables.constant(500 * NS_PER_S))
    kernel.set_session_arrivals(CONSTANT, NS_PER_S)
    kernel.run(20 * NS_PER_S + 1)
    assert (kernel.sessions_open(0), kernel.sessions_open(1)) == (20, 0)
    kernel.set_slot(1, UP, SERVES)
    if anew:
        kernel.set_rule(rule, True)
    kernel.run(40 * NS_PER_S + 1)
    # Evened out where all are counted; shared out where the first twenty are another's.
    assert (kernel.sessions_open(0), kernel.sessions_open(1)) == ((30, 10) if anew else (20, 20))
    assert kernel.last_session_end(0) > 500 * NS_PER_S
    assert kernel.in_flight(0) == kernel.in_flight(1) == 0
    kernel.set_session_arrivals(NONE)
    kernel.run(600 * NS_PER_S)
    assert kernel.sessions_ended == 40 and not kernel.sessions_open_total
    assert list(kernel.s_conns)[:2] == list(kernel.s_old)[:2] == [0, 0]


@pytest.mark.parametrize("rule", range(len(RULES)))
@pytest.mark.parametrize("then", range(len(RULES)))
def test_from_any_rule_to_any_other_no_request_is_lost_and_each_gives_everybody_some(
    rule: int, then: int
) -> None:
    kernel = made(rule, 3, work_ns=35 * NS_PER_MS)
    kernel.set_clients(3000, 10 << 24, 1 << 20)
    kernel.set_arrivals(CONSTANT, NS_PER_S, 100)
    kernel.run(5 * NS_PER_S)
    before = [kernel.served_at(slot) for slot in range(3)]
    kernel.set_rule(then, True)
    assert kernel.old == sum(kernel.in_flight(slot) for slot in range(3)) > 0
    kernel.run(10 * NS_PER_S)
    assert kernel.old == 0
    assert kernel.served + kernel.in_flight_total == kernel.arrivals
    hashes = {rule, then} & {IP_HASH_NGINX}  # 3000 clients are in 12 of its networks
    for slot in range(3):
        assert (before[slot] > 0 and kernel.served_at(slot) > before[slot]) or hashes


@pytest.mark.parametrize("rule", [ROUND_ROBIN, WEIGHTED, ROUND_ROBIN_HAPROXY])
def test_turns_begin_anew_with_a_new_process(rule: int) -> None:
    def picks(kernel: Kernel, count: int) -> list[int]:
        seen = kernel.watch()
        kernel.run(kernel.now_ns + count * NS_PER_S)
        kernel.watch(on=False)
        return [slot for _, what, slot, _ in seen if what == 2]

    kernel = made(rule, 3)
    kernel.set_arrivals(CONSTANT, NS_PER_S)
    assert picks(kernel, 5) == [0, 1, 2, 0]
    going_on = kernel.clone()
    kernel.set_rule(rule, True)
    assert picks(kernel, 4) == [0, 1, 2, 0]
    assert picks(going_on, 4) == [1, 2, 0, 1]


def test_a_failed_peer_is_tried_again_by_a_new_process() -> None:
    for anew, tries in ((False, 1), (True, 2)):
        kernel = made(WEIGHTED)
        kernel.set_edge(tries=1, max_fails=1, fail_timeout_ns=1000 * NS_PER_S)
        kernel.set_slot(0, UP, 0)  # its port is closed
        kernel.set_arrivals(CONSTANT, NS_PER_S, 10)
        kernel.run(5 * NS_PER_S)
        if anew:
            kernel.set_rule(WEIGHTED, True)
        kernel.run(10 * NS_PER_S)
        assert kernel.s_failed[0] == tries and not dropped(kernel)


@pytest.mark.parametrize(("before_s", "after_s"), [(2, 6), (6, 2), (6, 1), (0, 2)])
def test_what_the_edge_has_keeps_its_time_and_what_comes_has_the_new_one(
    before_s: int, after_s: int
) -> None:
    """One place, work of 10 s: what waits for it and what is at work are told 504."""
    kernel = made(ROUND_ROBIN, 1, work_ns=10 * NS_PER_S)
    kernel.set_slot(0, UP, SERVES, concurrency=1, backlog=-1)
    kernel.set_edge(request_timeout_ns=before_s * NS_PER_S)
    kernel.feed([0, 0, 1_500 * NS_PER_MS])
    seen = kernel.watch()
    kernel.run(NS_PER_S)
    kernel.set_patience(after_s * NS_PER_S)
    kernel.run(100 * NS_PER_S)
    gone = [at // NS_PER_MS for at, what, _, _ in seen if what == 4]
    old = [before_s * 1000] * 2 if before_s else []
    assert gone == sorted([*old, 1_500 + after_s * 1000])
    times = [at for at, *_ in seen]
    assert times == sorted(times), "time only goes on"


def test_used_up_burst_stays_used_in_its_zone_and_is_forgotten_with_it() -> None:
    served = {}
    for how in ("same", "slower", "other"):
        kernel = made(ROUND_ROBIN, 1)
        kernel.set_rate_limit(EVERYONE, 1000, 9)
        kernel.feed([NS_PER_MS] * 20 + [2 * NS_PER_MS] * 20)
        kernel.run(2 * NS_PER_MS)
        assert kernel.served + kernel.in_flight_total == 10
        if how == "other":
            kernel.set_rate_limit(NONE)
        if how != "same":
            kernel.set_rate_limit(EVERYONE, 100, 9)
        kernel.run(NS_PER_S)
        served[how] = kernel.served
    # Ten at once and then none, at either rate; a zone by another name has counted nobody.
    assert served == {"same": 10, "slower": 10, "other": 20}


def affine(rule: int) -> Kernel:
    kernel = made(rule, 4)
    kernel.set_clients(5000, 10 << 24, 1 << 20)
    kernel.set_sessions(tables.constant(60 * NS_PER_S), every_ns=2 * NS_PER_S)
    kernel.set_session_arrivals(CONSTANT, NS_PER_S, 5)
    return kernel


ALB, NGINX, OURS = KINDS["alb"], KINDS["nginx"], KINDS["haproxy"]


@pytest.mark.parametrize(
    ("before", "after", "least", "most"),
    [
        # Three of four of the 300 that are open.
        (Route(SOURCE_HAPROXY), Route(ROUND_ROBIN_HAPROXY, COOKIE, "cookie A"), 190, 260),
        (Route(SOURCE_HAPROXY), Route(SOURCE_HAPROXY, COOKIE, "cookie A"), 0, 0),
        (
            Route(ROUND_ROBIN_HAPROXY, COOKIE, "cookie A"),
            Route(ROUND_ROBIN_HAPROXY, COOKIE, "cookie B"),
            190,
            260,
        ),
        (
            Route(ROUND_ROBIN_HAPROXY, COOKIE, "cookie A"),
            Route(LEAST_CONN_HAPROXY, COOKIE, "cookie A", 3600 * NS_PER_S, patience=NS_PER_S),
            0,
            0,
        ),
        # What nothing has tied moves all the time, and not for the change.
        (Route(ROUND_ROBIN_HAPROXY), Route(LEAST_CONN_HAPROXY, COOKIE, "cookie A"), 0, 0),
    ],
)  # fmt: skip
def test_sessions_are_remapped_where_what_has_brought_them_back_is_void(
    before: Route, after: Route, least: int, most: int
) -> None:
    kernel = affine(before.rule)
    before.begin(kernel, OURS)
    kernel.run(100 * NS_PER_S)
    moved = kernel.sessions_moved
    assert moved == 0 or not before.returns
    after.follow(before, kernel, OURS)
    kernel.run(200 * NS_PER_S)
    assert least <= kernel.sessions_remapped <= most
    if before.returns:
        assert kernel.sessions_moved == kernel.sessions_remapped, "each once, and then no more"


@pytest.mark.parametrize(
    ("rules", "after", "reloads"),
    [
        (NGINX, Route(WEIGHTED, weights=(2, 1)), True),
        (OURS, Route(WEIGHTED, weights=(2, 1)), False),
        (OURS, Route(WEIGHTED, patience=5), True),
        (OURS, Route(WEIGHTED), False),
        (ALB, Route(LEAST_CONN), False),
        (KINDS["kube-proxy"], Route(WEIGHTED, COOKIE), False),
    ],
)
def test_a_proxy_is_reloaded_but_for_weights_of_ours_and_a_balancer_is_changed_in_place(
    rules: EdgeRules, after: Route, reloads: bool
) -> None:
    assert after.is_reload(Route(WEIGHTED), rules) is reloads
    kernel: Any = made(WEIGHTED, work_ns=3 * NS_PER_S)
    kernel.set_arrivals(CONSTANT, NS_PER_S)
    kernel.run(3 * NS_PER_S)
    after.follow(Route(WEIGHTED), kernel, rules)
    assert Counter({True: kernel.old}) == Counter({True: 2 if reloads else 0})


def test_a_limit_by_address_goes_on_where_its_zone_does() -> None:
    before = Route(WEIGHTED, zone="all", limit=(BY_ADDRESS, 1000, 2))
    for after, least in (
        (Route(LEAST_CONN, zone="all", limit=(BY_ADDRESS, 1000, 2)), 3),
        (Route(LEAST_CONN, zone="few", limit=(BY_ADDRESS, 1000, 2)), 6),
        (Route(LEAST_CONN), 43),
    ):
        kernel = made(WEIGHTED)
        kernel.set_clients(1)
        before.begin(kernel, NGINX)
        kernel.feed([0] * 40 + [2 * NS_PER_MS] * 40)
        kernel.run(NS_PER_MS)
        after.follow(before, kernel, NGINX)
        kernel.run(NS_PER_S)
        assert kernel.served == least, dropped(kernel)


def test_what_a_new_rule_begins_without_is_what_kernels_have() -> None:
    assert set(OF_ALL) <= set(NUMBERS)
    assert set(OF_RULES) <= set(BY_SLOT)
