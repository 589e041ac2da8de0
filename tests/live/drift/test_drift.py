"""Every change made behind a stack's back is found, and repaired by one apply.

One stack holds a service for each case: all changes are made, one plan must tell of each,
one apply must mend each, and nothing else may be said or done.
"""

import concurrent.futures
import contextlib
import copy as copies
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import docker
import pytest

from reconciler.plan.plan import Plan
from tests.live.drift.cases import CASES, OURS, PW, Case, prepare, tidy
from tests.live.drift.ground import AT_ONCE, Json, one
from tests.live.drift.ours import Ours, shows, told

pytestmark = pytest.mark.live("docker", "image")
KINDS = ("service/", "network/", "volume/", "config/")
UNTOUCHED = "untouched"


def state() -> Json:
    """A rich service for each case, one that nobody touches, and what they use."""
    made: Json = {"networks": {"main": {}, "side": {}}, "volumes": {"data": {}}, "services": {}}
    for name, extra in {c.name: c.ours for c in CASES}.items():
        made["services"][name] = copies.deepcopy(OURS) | extra
    made["services"][UNTOUCHED] = copies.deepcopy(OURS)
    for case in CASES:
        for section, things in case.top_ours.items():
            made.setdefault(section, {}).update(things)
    return made


@dataclass
class Story:
    """What was seen before, between and after."""

    first: Plan
    restarted: Plan
    drifted: Plan
    after: Plan
    verdict: Any
    untouched: tuple[str, str] = ("", "")
    before: dict[str, Any] = field(default_factory=dict)
    changed: dict[str, Any] = field(default_factory=dict)
    repaired: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    ground = Ours(f"drift{os.getpid()}", tmp_path_factory.mktemp("drift"), {"DRIFT_PW": PW})
    try:
        prepare(ground.engine)
        ground.write(state())
        verdict = ground.apply(ground.plan())
        assert verdict.kind == "converged", verdict
        yield story_of(ground)
    finally:
        ground.clean()
        with contextlib.closing(docker.APIClient(version="auto")) as engine:
            tidy(engine)


def story_of(ground: Ours) -> Story:
    """Look, restart one, look, change everything, look, apply, look."""
    first = ground.plan()
    untouched = one(ground, UNTOUCHED)["Id"]
    ground.engine.restart(untouched, timeout=1)
    restarted = ground.plan()
    before = {case.name: case.truth(ground, case.name) for case in CASES}
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda case: case.act(ground, case.name), CASES))
    changed = {case.name: case.truth_or_error(ground) for case in CASES}
    drifted = ground.plan()
    verdict = ground.apply(drifted)
    return Story(
        first, restarted, drifted, ground.plan(), verdict,
        (untouched, one(ground, UNTOUCHED)["Id"]), before, changed,
        {case.name: case.truth_or_error(ground) for case in CASES},
    )  # fmt: skip


def line(case: Case) -> str:
    return case.shows if case.shows.startswith(KINDS) else f"service/{case.name} {case.shows}"


CASE = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def test_there_are_at_least_forty_ways() -> None:
    assert len({case.what for case in CASES}) == len({case.name for case in CASES}) >= 40


@CASE
def test_a_change_behind_the_back_is_found_in_the_plan(story: Story, case: Case) -> None:
    assert story.before[case.name] != story.changed[case.name], "the change changed nothing"
    assert shows(told(story.drifted), line(case)), [
        text for text in sorted(told(story.drifted)) if case.name in text
    ]


@CASE
def test_one_apply_repairs_it(story: Story, case: Case) -> None:
    expected = story.changed if case.kept else story.before
    assert story.repaired[case.name] == expected[case.name]


def test_the_apply_converges_and_the_next_plan_is_empty(story: Story) -> None:
    assert story.verdict.kind == "converged", story.verdict
    assert story.after.is_empty, sorted(told(story.after))


def test_nothing_is_reported_where_nothing_changed(story: Story) -> None:
    assert story.first.is_empty, sorted(told(story.first))
    assert story.restarted.is_empty, sorted(told(story.restarted))
    touched = {case.name for case in CASES} | {"ghost", "ghostly"}
    said = {change.key for change in story.drifted.changes if change.key.kind == "service"}
    assert {key.name for key in said} <= touched
    assert story.untouched[0] == story.untouched[1], "what nobody touched was made anew"
