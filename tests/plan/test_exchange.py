"""Which instances come and which go next: each rule, and the situation in which it wins."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.diff.fields import Delta
from reconciler.diff.fit import Fit
from reconciler.model.observed import Instance
from reconciler.plan.exchange import NOTHING, RULES, Exchange, Situation, exchange
from reconciler.plan.shape import Shape
from tests.support.making import ended, instance

OTHER = (Delta("image", "web:1", "web:2"),)


def new(ordinal: int, **more: Any) -> Fit:
    return Fit(instance(ordinal, "r2", **more))


def old(ordinal: int, **more: Any) -> Fit:
    return Fit(instance(ordinal, "r1", **more), OTHER)


def situation(
    shape: Shape,
    current: list[Fit] | None = None,
    older: list[Fit] | None = None,
    leaving: list[Instance] | None = None,
    *,
    unready: tuple[str, ...] = (),
    **more: Any,
) -> Situation:
    """Everything is available that runs and is not named in `unready` (by ordinal-revision)."""
    fits = [*(current or []), *(older or [])]
    ready = {
        f.instance.id
        for f in fits
        if f.instance.is_running and f"{f.instance.ordinal}-{f.instance.revision}" not in unready
    }
    return Situation(
        shape, tuple(current or ()), tuple(older or ()), tuple(leaving or ()), frozenset(ready),
        **more,
    )  # fmt: skip


def ordinals(found: Exchange) -> list[int]:
    return [i.ordinal for i in found.stop]


ROLLING = Shape(3, 1, 0)
ROOMLESS = Shape(3, 0, 1)

TABLE: list[tuple[str, Situation, str, tuple[int, ...], list[int]]] = [
    ("nothing is there", situation(Shape(3, 0, 1)), "scale up", (0, 1, 2), []),
    ("one too few", situation(ROLLING, [new(0), new(2)]), "scale up", (1,), []),
    ("all as wanted", situation(ROLLING, [new(0), new(1), new(2)]), "", (), []),
    ("a surge comes first", situation(ROLLING, [], [old(0), old(1), old(2)]),
     "scale up", (0,), []),
    ("a surge that is not ready yet",
     situation(ROLLING, [new(0)], [old(0), old(1), old(2)], unready=("0-r2",)), "", (), []),
    ("the surge serves: one of the old goes",
     situation(ROLLING, [new(0)], [old(0), old(1), old(2)]), "ready old", (), [0]),
    ("the successor's predecessor goes first",
     situation(ROLLING, [new(2)], [old(0), old(1), old(2)]), "ready old", (), [2]),
    ("what goes already leaves its room",
     situation(ROLLING, [new(0)], [old(1), old(2)], [instance(0, "r1")]),
     "scale up", (1,), []),
    ("no room: one of the old goes first", situation(ROOMLESS, [], [old(0), old(1), old(2)]),
     "ready old", (), [0]),
    ("an unready old one goes before a ready one",
     situation(ROOMLESS, [], [old(0), old(1), old(2)], unready=("1-r1",)),
     "unready old", (), [1]),
    ("unready ones go as far as new ones are not missing",
     situation(Shape(3, 0, 2), [new(0)], [old(1), old(2)], unready=("0-r2", "1-r1", "2-r1")),
     "unready old", (), [1]),
    ("a disarmed one was chosen before",
     situation(ROOMLESS, [], [old(0), old(1), old(2, armed=False)]), "ready old", (), [2]),
    ("fewer are wanted: the surplus goes",
     situation(Shape(1, 1, 0), [new(0)], [Fit(instance(1, "r2")), Fit(instance(2, "r2"))]),
     "ready old", (), [1, 2]),
    ("none are wanted", situation(Shape(0, 0, 0), [], [old(0), old(1)]),
     "ready old", (), [0, 1]),
    ("what never acted goes at once",
     situation(ROLLING, [new(0)], [Fit(ended(instance(1)), OTHER), old(2)]), "idle", (), [1]),
    ("recreate: all of the old go",
     situation(Shape(2, 0, 2, "recreate"), [], [old(0), old(1)]), "recreate", (), [0, 1]),
    ("recreate: while one still runs nothing comes",
     situation(Shape(2, 0, 2, "recreate"), [], [], [instance(0)]), "", (), []),
    ("recreate: once all ended, all come",
     situation(Shape(2, 0, 2, "recreate"), [], [], [ended(instance(0))]),
     "recreate", (0, 1), []),
    ("a network is made anew: all go, whatever the floor",
     situation(ROLLING, [], [old(0), old(1), old(2)], evict=True), "evict", (), [0, 1, 2]),
    ("while a network is made anew nothing comes", situation(ROLLING, evict=True), "", (), []),
    ("a host port is held by an old one",
     situation(Shape(2, 0, 1, holds_ports=True), [], [old(0), old(1)]), "ready old", (), [0]),
    ("a host port is held by one that is leaving",
     situation(Shape(2, 0, 1, holds_ports=True), [], [old(1)], [instance(0)]), "", (), []),
    ("a host port is free again",
     situation(Shape(2, 0, 1, holds_ports=True), [], [old(1)], [ended(instance(0))]),
     "scale up", (0,), []),
    ("an unhealthy one has yet to end: its ordinal is reserved",
     situation(ROOMLESS, [new(0), new(2)], reserved=frozenset({1})), "", (), []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("case", "rule", "create", "stop"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_the_first_rule_that_has_something_to_do_wins(
    case: Situation, rule: str, create: tuple[int, ...], stop: list[int]
) -> None:
    found = exchange(case)
    assert (found.rule, found.create, ordinals(found)) == (rule, create, stop)
    assert rule or found == NOTHING


def test_every_rule_wins_somewhere() -> None:
    winning = {exchange(row[1]).rule for row in TABLE} - {""}
    assert len(winning) == len(RULES)


PHASES = ("running", "exited", "created", "restarting")


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    replicas = draw(st.integers(0, 5))
    way = draw(st.sampled_from(("rolling", "rolling", "recreate")))
    surge, unavailable = draw(st.integers(0, 2)), draw(st.integers(0, 5))
    if not surge and not unavailable:
        unavailable = 1
    shape = Shape(replicas, surge, min(unavailable, replicas), way)
    made: dict[str, list[Fit]] = {"new": [], "old": []}
    for revision, kind in (("r2", "new"), ("r1", "old")):
        for ordinal in draw(st.sets(st.integers(0, max(0, replicas - 1)), max_size=5)):
            if kind == "new" and ordinal >= replicas:
                continue
            phase: Any = draw(st.sampled_from(PHASES if kind == "old" else ("running",)))
            armed = draw(st.booleans()) if kind == "old" else True
            one = replace(instance(ordinal, revision), phase=phase, armed=armed)
            made[kind].append(Fit(one, OTHER if kind == "old" else ()))
    running = [f.instance.id for f in (*made["new"], *made["old"]) if f.instance.is_running]
    ready = draw(st.sets(st.sampled_from(running))) if running else set()
    return Situation(shape, tuple(made["new"]), tuple(made["old"]), (), frozenset(ready))


@given(situations())
def test_a_step_comes_or_goes_and_never_both(case: Situation) -> None:
    found = exchange(case)
    assert not (found.create and found.stop)
    assert not {i.id for i in found.stop} & {f.instance.id for f in case.current}
    taken = {f.instance.ordinal for f in case.current}
    assert not taken & set(found.create)


@given(situations())
def test_rolling_never_makes_more_than_the_surge_allows(case: Situation) -> None:
    found = exchange(case)
    if case.shape.way == "rolling" and found.create:
        assert case.total + len(found.create) <= case.shape.replicas + case.shape.surge


@given(situations())
def test_rolling_never_takes_an_available_one_below_the_floor(case: Situation) -> None:
    found = exchange(case)
    if case.shape.way == "rolling":
        gone = sum(i.id in case.available for i in found.stop)
        left = case.count_available([*case.current, *case.old]) - gone
        assert gone == 0 or left >= case.shape.least_available


@given(situations())
def test_with_everything_available_there_is_always_a_next_step_until_all_is_new(
    case: Situation,
) -> None:
    ready = {f.instance.id for f in (*case.current, *case.old) if f.instance.is_running}
    calm = replace(case, available=frozenset(ready))
    found = exchange(calm)
    done = not calm.old and len(calm.current) == calm.shape.replicas
    assert bool(found.create or found.stop) is not done


@pytest.mark.parametrize("shape", [ROLLING, ROOMLESS, Shape(3, 0, 3, "recreate"), Shape(4, 2, 1)])
def test_going_on_ends_with_all_new_and_none_old(shape: Shape) -> None:
    current: list[Fit] = []
    older = [old(ordinal) for ordinal in range(shape.replicas)]
    for _ in range(20):
        found = exchange(situation(shape, current, older))
        if found == NOTHING:
            break
        current += [new(ordinal) for ordinal in found.create]
        older = [f for f in older if f.instance not in found.stop]
    assert [f.instance.ordinal for f in older] == []
    assert sorted(f.instance.ordinal for f in current) == list(range(shape.replicas))
