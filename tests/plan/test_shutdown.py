"""Bounds of a shutdown, and the waves in which it goes."""

from typing import Any

import pytest

from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Shutdown
from reconciler.plan.shutdown import Ending, depths, ending_of, labelled_users
from reconciler.plan.stopping import Limits
from reconciler.plan.view import view_of
from tests.support.making import DB, JOB, WEB, S, instance, observed, stack

API = ResourceKey("service", "api")


def chain() -> Any:
    services = {
        "db": {"image": "db:1"},
        "api": {"image": "api:1", "depends_on": {"job/migrate": "completed"}},
        "web": {"image": "web:1", "depends_on": {"service/api": "healthy"}},
    }
    jobs = {"migrate": {"image": "m:1", "depends_on": {"service/db": "healthy"}}}
    return stack(services=services, jobs=jobs, shutdown={"stop": "5s", "total": "1m"})


def test_who_uses_whom_is_read_from_the_stack_through_its_jobs() -> None:
    ending = ending_of(chain())
    assert ending.users == {DB: (JOB,), JOB: (API,), API: (WEB,), WEB: ()}
    assert ending.bounds == Shutdown(stop=5 * S, total=60 * S)


def test_what_stands_on_a_cycle_is_waited_for_by_nobody() -> None:
    a, b = {"service/a": "healthy"}, {"service/b": "healthy"}
    services = {
        "a": {"image": "a", "depends_on": b}, "b": {"image": "b", "depends_on": a},
        "web": {"image": "web", "depends_on": a},
    }  # fmt: skip
    assert not any(ending_of(stack(services=services)).users.values())


@pytest.mark.parametrize(
    ("bounds", "limits"),
    [
        (Shutdown(), Limits()),
        (Shutdown(drain=S), Limits(is_drained=True)),
        (Shutdown(stop=5 * S, total=60 * S), Limits(5 * S, 160 * S)),
        (Shutdown(total=0), Limits(None, 100 * S)),
    ],
)
def test_what_is_not_set_binds_nothing(bounds: Shutdown, limits: Limits) -> None:
    assert Ending(bounds, {}).limits(100 * S) == limits


@pytest.mark.parametrize(
    ("bounds", "now_s", "grace_s"),
    [
        (Shutdown(), 100, None),
        (Shutdown(stop=5 * S), 190, 5),
        (Shutdown(total=60 * S), 110, 50),
        (Shutdown(stop=5 * S, total=60 * S), 158, 2),
        (Shutdown(stop=5 * S, total=60 * S), 200, 0),
    ],
)
def test_a_deletion_has_the_stop_or_what_is_left_of_the_total(
    bounds: Shutdown, now_s: int, grace_s: int | None
) -> None:
    found = Ending(bounds, {}).grace_ns(100 * S, now_s * S)
    assert found == (None if grace_s is None else grace_s * S)


def test_a_drain_is_over_with_the_total() -> None:
    assert Ending(Shutdown(drain=10 * S), {}).drain_end_ns(5 * S) == 15 * S
    assert Ending(Shutdown(drain=10 * S, total=4 * S), {}).drain_end_ns(5 * S) == 9 * S


def test_waves_go_by_the_longest_way_from_a_user() -> None:
    users = {DB: (API, WEB), API: (WEB,)}
    assert depths([WEB, DB, API], users) == {WEB: 0, API: 1, DB: 2}
    assert depths([DB, API], users) == {API: 0, DB: 1}
    assert depths([DB, API], {DB: (API,), API: (DB,)}) == {DB: 0, API: 0}


def test_labels_say_who_used_whom_when_it_was_made() -> None:
    made = [instance(depends=("service/db",)), instance(1, depends=("service/db",))]
    assert labelled_users(view_of(observed([], made))) == {DB: [WEB]}
