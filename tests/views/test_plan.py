"""The plan as text, as a difference and as a document."""

import json

import yaml

from reconciler.model.change import Action, Change
from reconciler.model.resource import ResourceKey
from reconciler.plan.plan import Plan
from reconciler.plan.saved import FORMAT, load
from reconciler.views.diff import diff_document, diff_lines
from reconciler.views.documents import written
from reconciler.views.lines import rendered
from reconciler.views.plan import footer, plan_document, plan_lines
from tests.support import golden
from tests.views.samples import plan


def text_of(*lines: object) -> str:
    return rendered(lines, colour=False)  # type: ignore[arg-type]


def test_a_plan_shows_glyph_key_reason_fields_and_who_asks_for_them() -> None:
    golden.check("views/plan.txt", rendered(plan_lines(plan()), colour=False))


def test_a_chatty_plan_shows_its_calls_too() -> None:
    golden.check("views/plan-calls.txt", rendered(plan_lines(plan(), calls=True), colour=False))


def test_colour_changes_nothing_but_the_colour() -> None:
    coloured = rendered(plan_lines(plan()), colour=True)
    golden.check("views/plan.ansi", coloured)
    from rich.text import Text

    plain = rendered(plan_lines(plan()), colour=False)
    assert [t.rstrip() for t in Text.from_ansi(coloured).plain.splitlines()] == plain.splitlines()


def test_a_diff_looks_like_a_unified_one() -> None:
    golden.check("views/diff.txt", rendered(diff_lines(plan()), colour=False))


def test_nothing_to_do_is_said_in_one_sentence() -> None:
    assert text_of(footer(Plan("shop", "docker"))) == "No changes. shop is as wanted.\n"
    assert text_of(footer(Plan("shop", "docker"), removing=True)) == "Nothing of shop to remove.\n"
    assert diff_lines(Plan("shop", "docker")) == []


def test_a_held_service_is_no_state_as_wanted() -> None:
    held = Plan("shop", "docker", held={ResourceKey("service", "api"): "it failed"})
    assert "as wanted" not in rendered(plan_lines(held), colour=False)
    assert "apply --retry api" in rendered(plan_lines(held), colour=False)


def test_the_footer_counts_each_action() -> None:
    changes = tuple(
        Change(ResourceKey("service", f"s{n}"), action, "")
        for n, action in enumerate((Action.CREATE, Action.CREATE, Action.REPLACE))
    )
    made = text_of(footer(Plan("shop", "docker", changes=changes)))
    assert made == "Plan: 2 to create, 0 to update, 1 to replace, 0 to delete\n"


def test_the_document_is_what_apply_reads_back() -> None:
    text = written(plan_document(plan()), "json")
    assert json.loads(text)["format"] == FORMAT == "reconciler.plan/1"
    assert load(text, "shop.plan.json").changes == plan().changes


def test_yaml_and_json_hold_the_same() -> None:
    document = plan_document(plan())
    assert yaml.safe_load(written(document, "yaml")) == json.loads(written(document, "json"))


def test_the_diff_document_says_whether_there_is_a_difference() -> None:
    assert diff_document(plan())["different"] is True
    assert diff_document(Plan("shop", "docker"))["different"] is False
