"""The numbers of a rollout."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.service import Service
from reconciler.plan.shape import Shape, shape_of
from tests.support.making import web


def shape(replicas: int | None = None, **rollout: Any) -> Shape:
    made = web(replicas=replicas, rollout=rollout).declared.services["web"]
    return shape_of(made)


# ResolveFenceposts: replicas, max_surge, max_unavailable → surge, unavailable.
@pytest.mark.parametrize(
    ("replicas", "max_surge", "max_unavailable", "surge", "unavailable"),
    [
        (10, "25%", "25%", 3, 2), (1, "25%", "25%", 1, 0), (2, "25%", "25%", 1, 0),
        (3, "25%", "25%", 1, 0), (4, "25%", "25%", 1, 1), (5, "25%", "25%", 2, 1),
        (10, 0, 0, 0, 1), (10, "0%", "0%", 0, 1), (10, 0, "5%", 0, 1), (10, 0, "10%", 0, 1),
        (10, 1, 0, 1, 0), (10, 0, 3, 0, 3), (3, 0, 5, 0, 3), (2, 5, 0, 5, 0),
        (1, 0, 0, 0, 1), (0, "25%", "25%", 0, 0), (3, "100%", "100%", 3, 3), (7, "34%", 0, 3, 0),
    ],
)  # fmt: skip
def test_shares_resolve_as_kubernetes_resolves_its_fenceposts(
    replicas: int, max_surge: Any, max_unavailable: Any, surge: int, unavailable: int
) -> None:
    made = shape(replicas, max_surge=max_surge, max_unavailable=max_unavailable)
    assert (made.surge, made.unavailable) == (surge, unavailable)
    assert made.least_available == replicas - unavailable


AMOUNTS = st.one_of(st.integers(0, 12), st.integers(0, 150).map(lambda n: f"{n}%"))


@given(st.integers(1, 20), AMOUNTS, AMOUNTS)
def test_a_rollout_can_always_go_on_and_never_takes_more_than_there_is(
    replicas: int, surge: Any, unavailable: Any
) -> None:
    made = shape(replicas, max_surge=surge, max_unavailable=unavailable)
    assert made.surge + made.unavailable >= 1
    assert 0 <= made.unavailable <= replicas
    assert 0 <= made.least_available <= replicas


@pytest.mark.parametrize("surge", [0, "25%", 3])
def test_start_first_keeps_everything_up_and_needs_room_for_one(surge: Any) -> None:
    made = shape(4, strategy="start-first", max_surge=surge, max_unavailable=2)
    assert made == Shape(4, max(1, 1 if surge == "25%" else surge), 0)


def test_recreate_takes_all_down_at_once() -> None:
    assert shape(3, strategy="recreate", max_surge=2) == Shape(3, 0, 3, "recreate")


def test_a_singleton_is_recreated_whatever_its_strategy() -> None:
    service = web(singleton=True, rollout={"max_surge": 1}).declared.services["web"]
    assert shape_of(service) == Shape(1, 0, 1, "recreate", False, True)


@pytest.mark.parametrize(
    ("rollout", "unavailable"),
    [
        ({}, 1),
        ({"max_unavailable": 0}, 1),
        ({"max_unavailable": 2}, 2),
        ({"max_unavailable": 9}, 3),
    ],
)
def test_who_holds_a_host_port_makes_room_for_its_successor(rollout: Any, unavailable: int) -> None:
    made = web(replicas=3, ports=["80-82:80"], rollout={"max_surge": 2, **rollout})
    assert shape_of(made.declared.services["web"]) == Shape(3, 0, unavailable, holds_ports=True)


@pytest.mark.parametrize(
    ("service", "wanted"),
    [
        ({}, 1), ({"replicas": 0}, 0), ({"replicas": 3}, 3),
        ({"autoscale": {"min": 2, "max": 5}}, 2),
        ({"autoscale": {"min": 2, "max": 5}, "replicas": 4}, 4), ({"singleton": True}, 1),
    ],
)  # fmt: skip
def test_the_replicas_are_as_asked_for(service: Any, wanted: int) -> None:
    made: Service = web(**service).declared.services["web"]
    assert shape_of(made).replicas == wanted
