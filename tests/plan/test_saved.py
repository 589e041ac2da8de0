"""Saved plans: round trips, and every kind of staleness."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.change import Action, Change, FieldChange
from reconciler.model.diagnostic import Diagnostic, DiagnosticsError, Position
from reconciler.model.resource import KIND_ORDER, ResourceKey
from reconciler.plan.plan import Plan
from reconciler.plan.saved import FORMAT, dump, load, stale
from tests.support.making import DB, WEB, instance, live, network, observed, plan, web

AT = Position("shop.yaml", 3, 7)
CHANGE = Change(
    WEB, Action.REPLACE, "image differs", (FieldChange("image", "a", "b", True, AT),), AT,
    "r1", "r2", 2, 3, ("id1",), "seen", 1, {"create": 3}, ("a note",),
)  # fmt: skip
PLAN = Plan(
    "shop", "docker", "prod", "d1", (CHANGE,), {DB: "failed"}, (ResourceKey("volume", "data"),),
    state=("state",), confirm_above=5,
)  # fmt: skip

TEXT = st.text(max_size=8)
VALUE = st.one_of(
    st.none(), TEXT, st.integers(-9, 1 << 62), st.booleans(), st.lists(TEXT).map(tuple)
)
KEYS = st.builds(ResourceKey, st.sampled_from(sorted(KIND_ORDER)), st.text(min_size=1, max_size=8))
PLACES = st.none() | st.builds(Position, TEXT, st.integers(1, 99), st.integers(1, 99))
CHANGES = st.builds(
    Change, KEYS, st.sampled_from(Action), TEXT,
    st.lists(st.builds(FieldChange, TEXT, VALUE, VALUE, st.booleans(), PLACES)).map(tuple),
    PLACES, TEXT, TEXT, st.integers(0, 9), st.integers(0, 9), st.lists(TEXT).map(tuple), TEXT,
    st.integers(0, 9), st.dictionaries(TEXT, st.integers(0, 9)), st.lists(TEXT).map(tuple),
)  # fmt: skip


@given(st.lists(CHANGES, max_size=3).map(tuple), st.dictionaries(KEYS, TEXT, max_size=3))
def test_a_plan_reads_back_as_it_was_saved(changes: Any, held: Any) -> None:
    saved = replace(PLAN, changes=changes, held=held)
    assert load(json.dumps(dump(saved)), "plan.json") == saved


def test_a_real_plan_reads_back_and_is_not_stale() -> None:
    made = web("web:2", replicas=3)
    seen = observed([network()], [live(web("web:1"))])
    first = plan(made, seen)
    assert first.changes
    assert stale(load(json.dumps(dump(first)), "p"), plan(made, seen)) == []


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "null", "3", '"x"', "{}", json.dumps({"format": "reconciler.plan/0"}),
        json.dumps({"format": FORMAT}), json.dumps({**dump(PLAN), "changes": 3}),
        json.dumps({**dump(PLAN), "changes": [3]}), json.dumps({**dump(PLAN), "held": []}),
        json.dumps({**dump(PLAN), "held": {"nothing": "x"}}),
        json.dumps({**dump(PLAN), "changes": [{**dump(PLAN)["changes"][0], "action": "?"}]}),
        json.dumps({**dump(PLAN), "kept": ["x"]}), "[" * 100_000, "\x00",
    ],
)  # fmt: skip
def test_what_is_no_plan_is_a_diagnostic(text: str) -> None:
    with pytest.raises(DiagnosticsError) as caught:
        load(text, "plan.json")
    assert [d.code for d in caught.value.diagnostics] == ["R311"]
    assert "plan.json" in caught.value.diagnostics[0].summary


def test_another_format_is_named() -> None:
    with pytest.raises(DiagnosticsError) as caught:
        load('{"format": "reconciler.plan/9"}', "p")
    assert "reconciler.plan/9" in caught.value.diagnostics[0].detail


@given(st.text(max_size=60))
def test_no_text_makes_reading_fail_otherwise(text: str) -> None:
    with pytest.raises(DiagnosticsError):
        load(text, "plan.json")


def test_findings_are_saved_for_people_with_their_places() -> None:
    finding = Diagnostic("R200", "summary", "detail", "hint", AT, "warning", "a reason")
    saved = dump(replace(PLAN, findings=(finding,)))["findings"]
    assert saved == [
        {
            "code": "R200", "severity": "warning", "summary": "summary", "detail": "detail",
            "hint": "hint", "waived": "a reason",
            "position": {"file": "shop.yaml", "line": 3, "column": 7},
        }
    ]  # fmt: skip


def changed(**more: Any) -> Plan:
    return replace(PLAN, changes=(replace(CHANGE, **more),))


@pytest.mark.parametrize(
    ("fresh", "why"),
    [
        (replace(PLAN, stack="other"), "it is for stack shop on docker"),
        (replace(PLAN, target="kubernetes"), "it is for stack shop on docker"),
        (replace(PLAN, desired_digest="d2"), "the desired state has changed since"),
        (replace(PLAN, changes=()), "service/web needs no change any more"),
        (
            replace(PLAN, changes=(CHANGE, replace(CHANGE, key=DB))),
            "service/db would change now and was not in it",
        ),
        (changed(reads="other"), "service/web is no longer as it was read"),
        (changed(action=Action.UPDATE), "service/web: its action is now another"),
        (changed(to_revision="r3"), "service/web: its revision is now another"),
        (changed(from_revision="r0"), "service/web: its former revision is now another"),
        (changed(to_replicas=4), "service/web: its replicas is now another"),
        (changed(deletes=("id2",)), "service/web: its deletions is now another"),
    ],
)
def test_a_plan_is_stale_when_what_it_says_is_no_longer_so(fresh: Plan, why: str) -> None:
    found = stale(PLAN, fresh)
    assert [d.code for d in found] == ["R310"]
    assert found[0].summary == f"the saved plan is stale: {why}"


@pytest.mark.parametrize(
    "same",
    [
        changed(reason="other words"), changed(wave=7), changed(notes=()),
        replace(PLAN, environment="x"), changed(calls={"pull": 1}), replace(PLAN, findings=()),
    ],
)  # fmt: skip
def test_other_words_for_the_same_make_no_plan_stale(same: Plan) -> None:
    assert stale(PLAN, same) == []


@pytest.mark.parametrize(
    "now",
    [
        [], [live(web(), id="another")], [live(web(), also={"environment.X": "edited"})],
        [live(web()), instance(1)], [live(web(), image_id="sha256:other")],
    ],
)  # fmt: skip
def test_any_live_change_of_what_was_read_makes_a_plan_stale(now: Any) -> None:
    made = web("web:2", replicas=2)
    saved = plan(made, observed([network()], [live(web(), image_id="sha256:x")]))
    assert stale(saved, plan(made, observed([network()], now)))


def test_health_is_not_what_a_plan_was_decided_on() -> None:
    made = web("web:2")
    saved = plan(made, observed([network()], [live(web())]))
    sick = plan(made, observed([network()], [live(web(), ready=False, live=False)]))
    assert stale(saved, sick) == []
