"""The instances of a workload, sorted by what is to become of them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.observed import Instance
from reconciler.plan.progress import progress_ns
from reconciler.plan.roster import Roster, roster_of
from tests.support.making import S, ended, instance, template

OTHER: dict[str, Any] = {"image": "web:0"}


def sort(*instances: Instance, replicas: int = 2, leaving: tuple[str, ...] = ()) -> Roster:
    return roster_of(template(), instances, replicas, leaving)


def ids(made: Roster) -> dict[str, list[str]]:
    return {
        "current": [f.instance.id for f in made.current],
        "old": [f.instance.id for f in made.old],
        "past": [i.id for i in made.past],
        "leaving": [i.id for i in made.leaving],
    }


def named(name: str, ordinal: int = 0, **more: Any) -> Instance:
    return instance(ordinal, id=name, **more)


SPENT: dict[str, Any] = {"armed": False}

TABLE: list[tuple[str, list[Instance], dict[str, list[str]]]] = [
    ("as wanted", [named("a"), named("b", 1)], {"current": ["a", "b"]}),
    ("other fields", [named("a", fields=OTHER)], {"old": ["a"]}),
    ("an ordinal too many", [named("a", 2)], {"old": ["a"]}),
    ("two at one ordinal: the newest attempt counts",
     [named("a", attempt=1), named("b", attempt=2)], {"current": ["b"], "old": ["a"]}),
    ("an ended one before the newest is its past",
     [ended(named("a", attempt=1)), named("b", attempt=2)], {"current": ["b"], "past": ["a"]}),
    ("ended by itself, and wanted: it will start again", [ended(named("a"))], {"current": ["a"]}),
    ("ended on purpose: it is the past", [ended(named("a", **SPENT))], {"past": ["a"]}),
    ("ended on purpose, and running beside: the running one is surplus",
     [named("a", attempt=1), ended(named("b", attempt=2, **SPENT))],
     {"past": ["b"], "old": ["a"]}),
    ("ended, and other", [ended(named("a", fields=OTHER))], {"old": ["a"]}),
    ("being removed", [named("a", phase="removing")], {"leaving": ["a"]}),
    ("created and not started", [named("a", phase="created")], {"current": ["a"]}),
]  # fmt: skip


@pytest.mark.parametrize(("instances", "found"), [r[1:] for r in TABLE], ids=[r[0] for r in TABLE])
def test_each_instance_is_where_it_belongs(
    instances: list[Instance], found: dict[str, list[str]]
) -> None:
    empty: dict[str, list[str]] = {"current": [], "old": [], "past": [], "leaving": []}
    assert ids(sort(*instances)) == empty | found


def test_what_is_being_stopped_is_leaving_however_well_it_fits() -> None:
    assert ids(sort(named("a"), leaving=("a",)))["leaving"] == ["a"]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3), st.integers(1, 3), st.sampled_from(("running", "exited", "created")),
            st.booleans(), st.booleans(), st.booleans(),
        ),
        max_size=8,
    ),
    st.integers(0, 3),
)  # fmt: skip
def test_each_instance_is_in_exactly_one_list(rows: list[Any], replicas: int) -> None:
    made = [
        named(
            f"i{n}", ordinal, attempt=attempt, phase=phase, armed=armed,
            fields={"image": "web:1"} if fits else OTHER,
        )
        for n, (ordinal, attempt, phase, armed, fits, _) in enumerate(rows)
    ]  # fmt: skip
    leaving = tuple(f"i{n}" for n, row in enumerate(rows) if row[5])
    found = sort(*made, replicas=replicas, leaving=leaving)
    listed = [one for names in ids(found).values() for one in names]
    assert sorted(listed) == sorted(i.id for i in made)
    ordinals = [f.instance.ordinal for f in found.current]
    assert ordinals == sorted(set(ordinals))
    assert all(ordinal < replicas for ordinal in ordinals)


def test_only_current_instances_count_as_ready() -> None:
    made = sort(named("a"), named("b", 1, ready=False), named("c", 0, fields=OTHER))
    assert made.ready == 1


@pytest.mark.parametrize(
    ("instances", "at_s"),
    [
        ([], 5),
        ([instance(created_at_ns=7 * S, ready=False)], 7),
        ([instance(created_at_ns=7 * S, ready_since_ns=9 * S)], 9),
        ([instance(created_at_ns=7 * S, ready=False, ready_since_ns=9 * S)], 7),
        ([instance(created_at_ns=7 * S, streak=1, ready=False)], 5),
        ([instance(created_at_ns=7 * S, streak=1, ready_since_ns=9 * S)], 9),
        ([instance(created_at_ns=7 * S, fields=OTHER)], 5),
    ],
)
def test_a_rollout_got_on_when_one_was_made_or_became_ready(
    instances: list[Instance], at_s: int
) -> None:
    assert progress_ns(sort(*instances), 5 * S) == at_s * S
