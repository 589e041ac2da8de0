"""Going back by hand, and what follows from the facts it leaves."""

from typing import Any

import pytest

from reconciler.model.diagnostic import DiagnosticsError
from reconciler.model.record import Record
from reconciler.model.stack import Stack
from reconciler.plan.changes import standing_for
from reconciler.plan.rollback import Rollback, rollback_of
from reconciler.plan.view import View, view_of
from tests.support.making import WEB, asked, fact, good, live, network, observed, web

OLD, PRESENT = web("web:1"), web("web:2")


def seen(*records: Record, stack: Stack = PRESENT) -> View:
    return view_of(observed([network()], [live(stack)], records))


def history(*more: Record) -> View:
    return seen(good(OLD, seq=1), good(PRESENT, seq=2), *more)


def back(view: View, stack: Stack = PRESENT, *, to: str = "", reason: str = "") -> Rollback:
    return rollback_of(asked(stack), view, 9, to=to, reason=reason)


def after(view: View, found: Rollback, stack: Stack = PRESENT) -> Any:
    records = (*view.records_of(WEB), *found.records)
    return standing_for(asked(stack), seen(*records, stack=stack))


def revision(stack: Stack) -> str:
    return asked(stack).revision


def refused(view: View, **more: Any) -> str:
    with pytest.raises(DiagnosticsError) as caught:
        back(view, **more)
    return caught.value.diagnostics[0].code


def test_it_notes_the_older_one_as_good_and_the_wanted_one_as_failed() -> None:
    found = back(history(), reason="slow")
    again, failed = found.records
    assert (again.seq, again.body["outcome"], again.body["revision"]) == (3, "good", revision(OLD))
    assert (failed.seq, failed.body["outcome"]) == (4, "failed")
    assert failed.body["revision"] == revision(PRESENT)
    assert failed.body["reason"] == "rolled back by hand: slow"
    standing = after(history(), found)
    assert standing.is_rolled_back
    assert standing.effective.revision == revision(OLD)


def test_cut_off_between_its_two_records_it_changes_nothing_but_a_confirmation() -> None:
    found = back(history())
    standing = after(history(), Rollback("", found.records[:1]))
    assert standing.effective is standing.wanted
    assert not standing.is_good_noted


def test_where_it_is_so_already_nothing_is_written() -> None:
    found = back(history())
    view = history(*found.records)
    assert back(view, to=revision(OLD)).records == ()


def test_a_service_that_pauses_goes_back_when_a_person_says_so() -> None:
    pausing = web("web:2", rollout={"on_failure": "pause"})
    view = seen(good(OLD, seq=1), fact("failed", revision(pausing), 2), stack=pausing)
    assert standing_for(asked(pausing), view).effective is None
    standing = after(view, back(view, pausing), pausing)
    assert standing.effective.revision == revision(OLD)


def test_what_was_rolled_back_from_is_not_what_a_later_failure_goes_back_to() -> None:
    view = history(*back(history()).records)
    later = web("web:3")
    records = (*view.records_of(WEB), fact("failed", revision(later), 9))
    standing = standing_for(asked(later), seen(*records, stack=later))
    assert standing.effective is not None
    assert standing.effective.revision == revision(OLD)


def test_only_another_revision_that_was_good_is_gone_back_to() -> None:
    assert refused(seen(good(PRESENT))) == "R320"
    assert refused(history(), to="nothing") == "R321"
    assert refused(history(), to=revision(PRESENT)) == "R321"
    assert refused(history(fact("failed", "bad", 3)), to="bad") == "R321"


def test_a_beginning_that_fits_several_is_refused() -> None:
    twins = (fact("good", "ab1", 1), fact("good", "ab2", 2))
    assert refused(seen(*twins), to="ab") == "R321"


@pytest.mark.parametrize(
    "fields",
    [
        {"configs./etc/motd": "motd@0123456789abcdef:0444"},
        {"secrets./run/key": "key@0123456789abcdef:0400"},
        {"volumes./data": "data:ro"},
        {"networks": ("back",)},
    ],
)
def test_what_uses_something_that_is_gone_is_refused(fields: dict[str, Any]) -> None:
    view = seen(fact("good", "r1", 1, fields={"image": "web:1", **fields}), good(PRESENT, seq=2))
    assert refused(view) == "R322"


@pytest.mark.parametrize("kind", ["secret", "config"])
def test_a_value_that_was_only_a_variable_is_said_to_be_kept_nowhere(kind: str) -> None:
    fields = {"image": "web:1", "environment.KEY": f"{kind}:key@0123456789abcdef"}
    view = seen(fact("good", "r1", 1, fields=fields), good(PRESENT, seq=2))
    with pytest.raises(DiagnosticsError) as caught:
        back(view)
    (found,) = caught.value.diagnostics
    assert found.code == "R323"
    assert f"another value of {kind} key in KEY" in found.summary
    assert "put the former value back" in found.hint


def test_what_is_a_file_too_is_told_as_such() -> None:
    fields = {
        "image": "web:1", "environment.KEY": "secret:key@0123456789abcdef",
        "secrets./run/key": "key@0123456789abcdef:0400",
    }  # fmt: skip
    view = seen(fact("good", "r1", 1, fields=fields), good(PRESENT, seq=2))
    assert refused(view) == "R322"


def test_it_tells_which_image_it_needs() -> None:
    fields = {"image": "web:1"}
    facts = (fact("good", "r1", 1, fields=fields, image_id="sha256:1"), good(PRESENT, seq=2))
    found = back(seen(*facts))
    assert (found.image, found.image_id) == ("web:1", "sha256:1")


def test_what_is_on_the_host_or_plain_needs_nothing() -> None:
    fields = {"image": "web:1", "volumes./etc": "/etc:ro", "environment.A": "secret:like@this"}
    view = seen(fact("good", "r1", 1, fields=fields), good(PRESENT, seq=2))
    assert back(view).revision == "r1"
