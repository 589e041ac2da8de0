"""Kernels in random circumstances: whatever is set and whatever happens, these hold.

A failure names its seed: ``Script(seed)`` is the whole of it.
"""

from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from reconciler.model.units import NS_PER_MS, NS_PER_S
from reconciler.sim.traffic import kernel
from reconciler.sim.traffic.core.kernel import Kernel as Plain
from reconciler.sim.traffic.core.kernel import from_snapshot
from tests.support.kernels import Script

SEEDS = range(400)
FEW = range(120)
LEFT = kernel.EVENTS.index("left")


def first_back(seen: list[tuple[int, int, int, int]]) -> Any:
    """The first two events that are not in the order of their times."""
    return next(((a, b) for a, b in pairwise(seen) if b[0] < a[0]), None)


def test_events_of_a_watched_kernel_are_in_order_of_time() -> None:
    for seed in SEEDS:
        script = Script(seed)
        made = script.start(kernel.Kernel)
        seen = made.watch()
        script.play(made)
        assert len(seen) == made.events
        assert first_back(seen) is None, f"seed {seed}"


def test_a_watched_kernel_does_what_one_does_that_is_not() -> None:
    for seed in SEEDS:
        script = Script(seed)
        watched = script.start(kernel.Kernel)
        watched.watch()
        script.play(watched)
        assert script.play(script.start(kernel.Kernel)).digest == watched.digest, f"seed {seed}"


def test_plain_and_compiled_do_the_same() -> None:
    for seed in FEW:
        script = Script(seed)
        plain, other = (script.play(script.start(make)) for make in (Plain, kernel.Kernel))
        assert plain.plain() == other.plain(), f"seed {seed}"


def test_nothing_is_lost_and_nothing_comes_from_nowhere() -> None:
    for seed in SEEDS:
        script = Script(seed)
        script.play(script.start(kernel.Kernel), look=partial(check_conserved, seed))


def check_conserved(seed: int, made: Any) -> None:
    """What came is somewhere, of the whole and of every slot."""
    lost = sum(made.dropped_total())
    assert made.arrivals == made.served + lost + made.in_flight_total, f"seed {seed}"
    there = made.sessions_ended + made.sessions_cut + made.sessions_open_total
    assert made.sessions_begun == there, f"seed {seed}"
    for slot in range(made.slots):
        given, failed, served = made.s_given[slot], made.s_failed[slot], made.s_served[slot]
        assert given == failed + served + made.in_flight(slot), f"seed {seed}, slot {slot}"
        assert made.in_flight(slot) >= 0, f"seed {seed}, slot {slot}"
        gone = made.s_ended[slot] + made.s_cut[slot]
        there = gone + made.sessions_open(slot)
        assert made.s_begun[slot] + made.s_moved[slot] == there, f"seed {seed}, slot {slot}"


def write_down(to: list[dict[str, Any]], made: Any) -> None:
    to.append(made.snapshot())


def test_one_that_was_written_down_goes_on_as_it_would_have() -> None:
    for seed in FEW:
        script = Script(seed)
        written: list[dict[str, Any]] = []
        made = script.play(script.start(kernel.Kernel), look=partial(write_down, written))
        kept = from_snapshot(written[-2]) if len(written) > 1 else script.start(kernel.Kernel)
        script.last_step(kept)
        assert kept.digest == made.digest, f"seed {seed}"


@pytest.mark.parametrize("connect_ms", [40, 400, 5000])
def test_the_edges_patience_with_a_request_ends_while_it_still_tries_to_connect(
    connect_ms: int,
) -> None:
    """A request is told 504 when its time is over, however many addresses are silent."""
    made = kernel.Kernel(1, slots=3)
    made.set_edge(
        tries=2, request_timeout_ns=60 * NS_PER_MS, connect_timeout_ns=connect_ms * NS_PER_MS
    )
    for slot in range(2):
        made.set_slot(slot, kernel.UP, kernel.SILENT)
    made.set_slot(2, kernel.UP, kernel.SERVES, concurrency=1)
    seen = made.watch()
    made.feed([NS_PER_S], [NS_PER_S])
    made.run(10 * NS_PER_S)
    assert made.dropped_total()[kernel.REASONS.index("timeout")] == 1
    told = [at for at, what, _, _ in seen if what == LEFT]
    assert told[-1] == NS_PER_S + 60 * NS_PER_MS
    assert len(told) == (2 if connect_ms == 40 else 1)
