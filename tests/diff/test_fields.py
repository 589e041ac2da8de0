"""Differences, field by field."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.diff.fields import Delta, deltas, field_changes, spec_path
from reconciler.model.diagnostic import Position
from reconciler.model.stack import Stack
from tests.support.making import IN_PLACE, WEB, web


@pytest.mark.parametrize(
    ("wanted", "live", "defaults", "found"),
    [
        ({}, {}, {}, []),
        ({"a": 1}, {"a": 1}, {}, []),
        ({"a": 1}, {"a": 2}, {}, [("a", 2, 1)]),
        ({"a": 1}, {}, {}, [("a", None, 1)]),
        ({}, {"a": 1}, {}, [("a", 1, None)]),
        # What the image or the engine gives by itself is no difference …
        ({}, {"a": 1}, {"a": 1}, []),
        # … unless somebody has changed it: then it goes back.
        ({}, {"a": 2}, {"a": 1}, [("a", 2, 1)]),
        # Asking for the default, and for another than it.
        ({"a": 1}, {"a": 1}, {"a": 1}, []),
        ({"a": 2}, {"a": 1}, {"a": 1}, [("a", 1, 2)]),
        # A default that is not there any more was taken away by nobody who told us.
        ({}, {}, {"a": 1}, []),
        ({"a": None}, {}, {}, [("a", None, None)]),
        ({"a": ("x", "y")}, {"a": ("y", "x")}, {}, [("a", ("y", "x"), ("x", "y"))]),
        ({"z": 1, "a": 1}, {"m": 1}, {}, [("a", None, 1), ("m", 1, None), ("z", None, 1)]),
    ],
)
def test_a_difference_is_what_has_to_change(
    wanted: Any, live: Any, defaults: Any, found: list[Any]
) -> None:
    assert list(deltas(wanted, live, defaults)) == [Delta(*each) for each in found]


FIELDS = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 2), max_size=6)


@given(FIELDS, FIELDS)
def test_nothing_differs_once_every_difference_is_made_good(wanted: Any, live: Any) -> None:
    made = dict(live)
    for path, old, new in deltas(wanted, live):
        assert made.get(path) == old
        if new is None:
            del made[path]
        else:
            made[path] = new
    assert made == wanted
    assert deltas(wanted, made) == ()


@given(FIELDS, FIELDS, FIELDS)
def test_differences_come_by_path_and_once(wanted: Any, live: Any, defaults: Any) -> None:
    paths = [delta.path for delta in deltas(wanted, live, defaults)]
    assert paths == sorted(set(paths))


@given(FIELDS, FIELDS)
def test_what_is_there_by_default_is_no_difference(wanted: Any, defaults: Any) -> None:
    assert deltas(wanted, {**defaults, **wanted}, defaults) == ()


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("image", ("image",)), ("image.id", ("image",)), ("command", ("command",)),
        ("environment.A.B", ("environment", "A.B")), ("labels.a.b/c", ("labels", "a.b/c")),
        ("docker.init", ("docker", "init")), ("options.type", ("options", "type")),
        ("ports.80/tcp", ("ports",)), ("volumes./d.x", ("volumes",)),
        ("configs./m", ("configs",)), ("secrets./k", ("secrets",)),
        ("resources.memory_limit", ("resources", "limits", "memory")),
        ("resources.memory_request", ("resources", "requests", "memory")),
        ("resources.cpu_limit", ("resources", "limits", "cpu")),
        ("resources.cpu_shares", ("resources", "cpu_shares")),
        ("stop_signal", ("termination", "signal")), ("stop.grace", ("termination", "grace")),
        ("stop.pre_stop", ("termination", "pre_stop")),
        ("readiness.period", ("readiness", "period")), ("restart.policy", ("restart", "policy")),
    ],
)  # fmt: skip
def test_a_field_is_found_where_the_desired_state_says_it(path: str, where: Any) -> None:
    assert spec_path(path) == where


class Asking:
    """Positions that remember what they were asked for."""

    def __init__(self) -> None:
        self.paths: list[tuple[str | int, ...]] = []

    def find(self, path: tuple[str | int, ...]) -> Position | None:
        self.paths.append(path)
        return Position("shop.yaml", len(self.paths), 1)


def test_a_change_says_where_it_is_asked_for_and_whether_it_replaces() -> None:
    positions = Asking()
    made = Stack(web().declared, positions)
    found = [Delta("environment.A", "1", "2"), Delta("resources.memory_limit", 1, 2)]
    first, second = field_changes(made, WEB, found, IN_PLACE)
    assert positions.paths == [
        ("services", "web", "environment", "A"),
        ("services", "web", "resources", "limits", "memory"),
    ]
    assert (first.old, first.new, first.replaces) == ("1", "2", True)
    assert first.position == Position("shop.yaml", 1, 1)
    assert not second.replaces


def test_on_a_target_that_changes_nothing_in_place_every_field_replaces() -> None:
    found = [Delta("resources.memory_limit", 1, 2)]
    assert field_changes(web(), WEB, found, ())[0].replaces
    assert not field_changes(web(), WEB, found, ("",))[0].replaces
