"""Records: facts about revisions, and their size."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.record import (
    MAX_BODY_BYTES,
    Record,
    Revision,
    next_seq,
    revision_body,
    revisions_of,
)
from tests.support.making import fact

WEB_TEXT = "service/web"


def made(**more: Any) -> Revision:
    base: dict[str, Any] = {
        "service": WEB_TEXT, "revision": "0123456789", "outcome": "good", "reason": "",
        "when_ns": 5, "seq": 3, "image_id": "sha256:" + "a" * 64, "commit": "c" * 40,
    }  # fmt: skip
    return Revision(**(base | more))


def round_trip(revision: Revision) -> Revision:
    body = json.loads(json.dumps(revision_body(revision)))
    return revisions_of(WEB_TEXT, [Record("revision", WEB_TEXT, revision.seq, body)])[0]


VALUES = st.one_of(
    st.text(max_size=20), st.integers(0, 1 << 60), st.booleans(),
    st.lists(st.text(max_size=8), max_size=3).map(tuple),
)  # fmt: skip


@given(st.dictionaries(st.text("abc.", min_size=1, max_size=10), VALUES, max_size=30))
def test_a_fact_reads_back_as_it_was_written(fields: dict[str, Any]) -> None:
    assert round_trip(made(fields=fields)).fields == fields


def test_many_fields_are_compressed_and_read_back() -> None:
    fields = {f"environment.NAME_{index}": f"value {index}" for index in range(200)}
    body = revision_body(made(fields=fields))
    assert "packed" in body and "fields" not in body
    assert round_trip(made(fields=fields)).fields == fields


def test_fields_beyond_all_measure_are_left_out_and_nothing_else() -> None:
    import hashlib

    fields = {f"e.{n}": hashlib.sha256(str(n).encode()).hexdigest() for n in range(300)}
    read = round_trip(made(fields=fields))
    assert read.fields == {}
    assert read == made(fields={})


@given(
    st.text(max_size=2000),
    st.dictionaries(st.text(min_size=1, max_size=30), st.text(max_size=200), max_size=60),
)
def test_a_body_never_exceeds_what_a_record_may_hold(reason: str, fields: dict[str, str]) -> None:
    body = revision_body(made(reason=reason, fields=fields))
    assert len(json.dumps(body).encode()) <= MAX_BODY_BYTES


@pytest.mark.parametrize("reason", ["x" * 5000, "ж" * 5000, "🜚" * 5000])
def test_a_long_reason_is_cut_and_its_beginning_kept(reason: str) -> None:
    kept = str(revision_body(made(reason=reason, fields={"a": "b" * 2000}))["reason"])
    assert kept and reason.startswith(kept)


def test_a_short_reason_stays_whole() -> None:
    assert revision_body(made(reason="не готов"))["reason"] == "не готов"


def test_facts_come_oldest_first_and_of_one_workload_only() -> None:
    records = [
        fact("good", "r2", 2), fact("candidate", "r1", 1), Record("hold", WEB_TEXT, 9),
        Record("revision", "service/db", 3, {"revision": "x", "outcome": "good", "when_ns": 0}),
    ]  # fmt: skip
    assert [(f.seq, f.revision) for f in revisions_of(WEB_TEXT, records)] == [(1, "r1"), (2, "r2")]


def test_the_next_number_follows_the_highest_of_its_kind_and_name() -> None:
    records = [Record("revision", WEB_TEXT, 4), Record("hold", WEB_TEXT, 9)]
    assert next_seq("revision", WEB_TEXT, records) == 5
    assert next_seq("lock", WEB_TEXT, records) == 1
    assert next_seq("revision", "service/db", records) == 1


def test_a_record_is_called_by_kind_name_and_number() -> None:
    assert Record("revision", WEB_TEXT, 4).id == "revision.service/web.4"
