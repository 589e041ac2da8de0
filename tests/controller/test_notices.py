"""Lines of progress."""

import pytest

from reconciler.controller import notices
from reconciler.controller.decision import simple
from reconciler.model.record import Record
from reconciler.model.status import ResourcePhase
from reconciler.model.step import (
    ApplyObject,
    CreateInstance,
    DeleteObject,
    DropRecord,
    Outcome,
    PullImage,
    RemoveInstance,
    SignalInstance,
    StartInstance,
    Step,
    UpdateInstance,
    WriteRecord,
)
from tests.support.making import NET, WEB

ID = "0123456789abcdef"
RECORD = Record("revision", "service/web", 3, {"outcome": "good"})


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (CreateInstance(WEB, "shop-web-0", 0, "r1", 1, {}), "create shop-web-0"),
        (PullImage(WEB, "web:1"), "pull web:1"), (StartInstance(WEB, ID), "start 0123456789ab"),
        (SignalInstance(WEB, ID, "SIGTERM"), "SIGTERM to 0123456789ab"),
        (UpdateInstance(WEB, ID, {"b": 1, "a": 2}), "update 0123456789ab: a, b"),
        (RemoveInstance(WEB, ID), "remove 0123456789ab"), (ApplyObject(NET, {}), "create"),
        (ApplyObject(NET, {}, "f"), "change"), (DeleteObject(NET, ID), "delete 0123456789ab"),
        (WriteRecord(WEB, RECORD), "note revision good"),
        (WriteRecord(WEB, Record("hold", "x", 1)), "note hold"),
        (DropRecord(WEB, RECORD), "forget revision 3"),
    ],
)  # fmt: skip
def test_a_step_is_told_in_a_few_words(step: Step, text: str) -> None:
    assert notices.describe(step) == text
    assert notices.of_step(5, step).text == text


def test_no_value_of_a_field_is_told() -> None:
    step = UpdateInstance(WEB, ID, {"environment.PASSWORD": "hunter2"})
    assert "hunter2" not in notices.describe(step)


@pytest.mark.parametrize(
    ("outcome", "kind", "text"),
    [
        (Outcome("done"), "done", "remove 0123456789ab"),
        (Outcome("retryable", "busy"), "retry", "remove 0123456789ab: busy"),
        (Outcome("conflict"), "retry", "remove 0123456789ab: conflict"),
        (Outcome("unknown"), "retry", "remove 0123456789ab: unknown"),
        (Outcome("terminal", "denied", "R4"), "failed", "remove 0123456789ab: denied"),
    ],
)
def test_an_end_is_told_with_what_was_answered(outcome: Outcome, kind: str, text: str) -> None:
    told = notices.of_end(5, RemoveInstance(WEB, ID), outcome)
    assert (told.kind, told.text, told.code) == (kind, text, outcome.code)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("progressing", "ready", "status"), ("progressing", "failed", "failed"),
        ("progressing", "waiting", "wait"), ("progressing", "held", "rollback"),
        ("progressing", "progressing", None), ("removing", "removing", None),
        ("waiting", "waiting", "wait"),
    ],
)  # fmt: skip
def test_a_status_is_told_when_it_is_another(
    before: ResourcePhase, after: ResourcePhase, kind: str | None
) -> None:
    told = list(notices.of_status(5, simple(WEB, before, "a"), simple(WEB, after, "b")))
    assert [n.kind for n in told] == ([] if kind is None else [kind])
    if kind:
        assert told[0].text == f"{after}: b"
