"""What the records say, and what follows from it."""

from typing import Any

import pytest

from reconciler.diff.fit import Template
from reconciler.model.record import Record
from reconciler.plan.standing import (
    HISTORY_FACTS,
    Standing,
    standing_of,
    surplus_facts,
)
from reconciler.plan.standing import (
    fact as next_fact,
)
from tests.support.making import DB, WEB, fact, template

IMAGES: dict[str, str | None] = {}
WANTED = template(revision="r2")


def standing(*records: Record, rolls_back: bool = True, **more: Any) -> Standing:
    return standing_of(WANTED, records, more.pop("images", IMAGES), rolls_back=rolls_back, **more)


def facts(*outcomes: str) -> list[Record]:
    """``"r1 good"`` … as numbered records."""
    made = []
    for seq, text in enumerate(outcomes, 1):
        revision, outcome = text.split()
        made.append(fact(outcome, revision, seq, when_ns=seq, reason=f"reason {seq}"))  # type: ignore[arg-type]
    return made


@pytest.mark.parametrize(
    ("history", "effective"),
    [
        ([], "r2"),
        (["r2 candidate"], "r2"),
        (["r2 candidate", "r2 good"], "r2"),
        (["r1 good", "r2 candidate"], "r2"),
        # The wanted one has failed: the last good one is wanted back.
        (["r1 good", "r2 candidate", "r2 failed"], "r1"),
        (["r0 good", "r1 good", "r2 failed"], "r1"),
        (["r1 good", "r0 good", "r2 failed"], "r0"),
        # Another revision's failure is not its own.
        (["r1 good", "r3 failed"], "r2"),
        # Nothing to go back to.
        (["r2 candidate", "r2 failed"], None),
        (["r1 candidate", "r2 failed"], None),
        (["r1 failed", "r2 failed"], None),
        # Good once does not make up for having failed last.
        (["r2 good", "r2 failed"], None),
        (["r1 good", "r2 good", "r2 failed"], "r1"),
        # It was tried again.
        (["r1 good", "r2 failed", "r2 candidate"], "r2"),
        (["r1 good", "r2 failed", "r3 good"], "r3"),
    ],
)
def test_effective_is_what_is_wanted_unless_it_failed_then_the_last_good_one(
    history: list[str], effective: str | None
) -> None:
    found = standing(*facts(*history)).effective
    assert (found.revision if found else None) == effective


def test_a_rollback_is_never_rolled_back() -> None:
    """The revision gone back to may have failed since: it stays wanted, nothing older is."""
    history = facts("r0 good", "r1 good", "r2 failed", "r1 failed")
    assert standing(*history).is_rolled_back
    found = standing(*history).effective
    assert found is not None and found.revision == "r1"


def test_a_service_that_pauses_goes_back_to_nothing() -> None:
    found = standing(*facts("r1 good", "r2 failed"), rolls_back=False)
    assert found.effective is None
    assert found.failed is not None and found.failed.reason == "reason 2"


def test_a_good_revision_without_its_fields_cannot_be_gone_back_to() -> None:
    records = [fact("good", "r1", 1, fields={}), fact("failed", "r2", 2)]
    assert standing(*records).effective is None


@pytest.mark.parametrize(("seq", "effective"), [(0, "r1"), (1, "r1"), (2, "r2"), (9, "r2")])
def test_a_failure_up_to_a_number_is_forgiven(seq: int, effective: str) -> None:
    found = standing(*facts("r1 good", "r2 failed"), retried_seq=seq).effective
    assert found is not None and found.revision == effective


@pytest.mark.parametrize(
    ("history", "candidate", "good"),
    [
        ([], False, False), (["r2 candidate"], True, False), (["r2 good"], True, True),
        (["r2 failed"], False, False), (["r2 good", "r1 good"], False, False),
        (["r1 good", "r2 candidate"], True, False),
    ],
)  # fmt: skip
def test_the_newest_fact_tells_whether_it_is_on_trial_or_good(
    history: list[str], candidate: bool, good: bool
) -> None:
    found = standing(*facts(*history))
    assert (found.is_candidate_noted, found.is_good_noted) == (candidate, good)


@pytest.mark.parametrize(
    ("history", "kept"),
    [([], False), (["r1 good"], True), (["r1 good", "r2 candidate"], True),
     (["r1 good", "r2 good"], False), (["r1 good", "r2 failed"], True), (["r1 failed"], False)],
)  # fmt: skip
def test_what_a_rollback_may_need_is_kept_until_the_wanted_one_is_confirmed(
    history: list[str], kept: bool
) -> None:
    assert bool(standing(*facts(*history)).fallback) is kept


def test_a_turn_begins_with_the_newest_fact() -> None:
    assert standing().began_ns == 0
    assert standing(*facts("r1 good", "r2 candidate")).began_ns == 2


@pytest.mark.parametrize(
    ("images", "pinned"),
    [({}, True), ({"web:1": None}, True), ({"web:1": "id1"}, False), ({"web:1": "id9"}, True)],
)
def test_going_back_uses_the_very_image_that_was_good(images: Any, pinned: bool) -> None:
    records = [fact("good", "r1", 1, image_id="id1"), fact("failed", "r2", 2)]
    found = standing(*records, images=images).effective
    assert found is not None
    assert (found.image_id, found.pinned) == ("id1", pinned)


def test_the_next_fact_follows_the_newest_of_its_own() -> None:
    records = [*facts("r1 good"), fact("good", "x", 7, DB)]
    made = next_fact(standing(*records), "candidate", 5, records, reason="why", commit="abc")
    assert (made.kind, made.name, made.seq) == ("revision", str(WEB), 2)
    body = made.body
    assert (body["revision"], body["outcome"], body["when_ns"]) == ("r2", "candidate", 5)
    assert (body["reason"], body["commit"], body["fields"]) == ("why", "abc", {"image": "web:1"})


@pytest.mark.parametrize(("count", "surplus"), [(0, 0), (HISTORY_FACTS, 0), (HISTORY_FACTS + 3, 3)])
def test_the_oldest_facts_go(count: int, surplus: int) -> None:
    records = facts(*(["r1 good"] * count))
    assert [r.seq for r in surplus_facts(WEB, records)] == list(range(1, surplus + 1))


def test_the_newest_good_fact_stays_however_old() -> None:
    records = facts("r1 good", "r2 good", *(["r3 failed"] * HISTORY_FACTS))
    assert [r.seq for r in surplus_facts(WEB, records)] == [1]


def test_a_failure_with_other_limits_is_not_of_what_is_wanted_now() -> None:
    fields = {"image": "a", "resources.memory_limit": 64}
    wanted = Template(WEB, fields, "r1")
    body = {"revision": "r1", "outcome": "failed", "when_ns": 1}
    for limit, failed in ((8, False), (64, True)):
        tried = {"image": "a", "resources.memory_limit": limit}
        facts = [Record("revision", "service/web", 1, {**body, "fields": tried})]
        found = standing_of(wanted, facts, {}, rolls_back=False)
        assert (found.failed is not None) is failed
