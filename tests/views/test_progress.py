"""Progress as plain lines, and the graph and the outcome beside it."""

import io
from datetime import UTC

import pytest

from reconciler.model.resource import ResourceKey
from reconciler.model.status import Notice, ResourceStatus, Verdict
from reconciler.views.graph import graph_document, graph_lines
from reconciler.views.lines import rendered
from reconciler.views.outcome import Outcome, outcome_document, outcome_lines
from reconciler.views.progress import Lines, Live, Silence
from tests.support import golden
from tests.views.samples import DB, NETWORK, NOW_NS, WEB, S, plan, statuses

NOTICES = [
    Notice(NOW_NS, ResourceKey("stack", "shop"), "status", "ready"),
    Notice(NOW_NS, WEB, "wait", "waiting: waits until service/db is healthy"),
    Notice(NOW_NS, DB, "step", "create shop-db-0"),
    Notice(NOW_NS + S // 8, DB, "done", "create shop-db-0"),
    Notice(NOW_NS + S, DB, "retry", "pull db:1: no such host", "R428"),
    Notice(NOW_NS + 2 * S, DB, "failed", "failed: never \x1b[2J ready"),
    Notice(NOW_NS + 3 * S, None, "finding", "no events"),
]


def told(*, chatty: bool = False) -> str:
    stream = io.StringIO()
    with Lines(stream, chatty=chatty, zone=UTC) as progress:
        for notice in NOTICES:
            progress.notice(notice)
        progress.say("stopping")
    return stream.getvalue()


def test_plain_lines_tell_what_was_done_and_how_long_it_took() -> None:
    golden.check("views/progress.txt", told())


def test_chatty_lines_tell_of_intentions_too() -> None:
    assert len(told(chatty=True).splitlines()) == len(NOTICES) + 1


def test_silence_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Silence() as progress:
        progress.notice(NOTICES[0])
        progress.say("x")
    assert capsys.readouterr() == ("", "")


def test_the_live_table_is_wiped_and_what_failed_stays() -> None:
    stream = io.StringIO()
    with Live(stream, plan().changes, colour=False) as progress:
        for notice in NOTICES:
            progress.notice(notice)
    text = stream.getvalue()
    assert "never \\x1b[2J ready" in text
    assert "\x1b[2J ready" not in text
    assert "service/old" in text  # in the table
    assert text.rstrip().endswith("\x1b[2K") or "\x1b[2K" in text.rsplit("service/old", 1)[1]


def test_success_is_one_line() -> None:
    made = rendered(outcome_lines(Outcome(plan(), Verdict("converged"), (), 5 * S)), colour=False)
    assert made == "Done in 5.00s: 1 created, 1 updated, 1 replaced, 1 deleted.\n"


def test_a_failure_tells_why_what_else_was_not_done_and_what_comes_next() -> None:
    _, _, web, api = statuses()
    outcome = Outcome(plan(), Verdict("failed", (web,)), (web, api), 65 * S, NOW_NS)
    golden.check("views/failed.txt", rendered(outcome_lines(outcome), colour=False))


def test_an_interruption_says_that_nothing_is_lost() -> None:
    waiting = ResourceStatus(WEB, "waiting", "waits until service/db is healthy")
    verdict = Verdict("interrupted", message="stopped before it was done")
    outcome = Outcome(plan(), verdict, (waiting,), 3 * S, NOW_NS)
    golden.check("views/interrupted.txt", rendered(outcome_lines(outcome), colour=False))


def test_the_outcome_document_carries_the_verdict() -> None:
    made = outcome_document(Outcome(plan(), Verdict("converged"), (), 1_234_567_890), "apply")
    assert (made["format"], made["verdict"], made["took_s"]) == (
        "reconciler.apply/1", "converged", 1.235,
    )  # fmt: skip


def test_the_graph_is_shown_wave_by_wave() -> None:
    waves = ((NETWORK,), (DB,), (WEB,))
    needs = {NETWORK: {}, DB: {NETWORK: "exists"}, WEB: {DB: "healthy", NETWORK: "exists"}}
    golden.check("views/graph.txt", rendered(graph_lines(waves, needs), colour=False))
    made = graph_document("shop", waves, needs)
    assert made["needs"]["service/web"] == {"network/default": "exists", "service/db": "healthy"}


def pulls(*at_s: float) -> str:
    """What plain lines say of a pull that is told of at these seconds."""
    stream = io.StringIO()
    with Lines(stream, zone=UTC) as progress:
        progress.notice(Notice(NOW_NS, DB, "step", "pull db:1"))
        for second in at_s:
            text = f"pull db:1: {second:g} of 99 MB"
            progress.notice(Notice(NOW_NS + int(second * S), DB, "progress", text))
        progress.notice(Notice(NOW_NS + 60 * S, DB, "done", "pull db:1"))
    return stream.getvalue()


def test_a_long_pull_is_told_of_now_and_then_and_a_short_one_not() -> None:
    told = [made.split(maxsplit=1)[1] for made in pulls(1, 5, 10.5, 11, 19, 21, 59).splitlines()]
    assert told == [
        "service/db  pull db:1: 10.5 of 99 MB", "service/db  pull db:1: 21 of 99 MB",
        "service/db  pull db:1: 59 of 99 MB", "service/db  pull db:1 (1m)",
    ]  # fmt: skip
    assert len(pulls(1, 2, 3).splitlines()) == 1


def test_the_live_table_shows_how_far_a_pull_has_come() -> None:
    stream = io.StringIO()
    with Live(stream, plan().changes, colour=False) as progress:
        progress.notice(Notice(NOW_NS, DB, "step", "pull db:1"))
        progress.notice(Notice(NOW_NS, DB, "progress", "pull db:1: 2 of 5 layers"))
    assert "pull db:1: 2 of 5 layers" in stream.getvalue()


def test_who_holds_the_lock_is_told_without_being_asked() -> None:
    stream = io.StringIO()
    with Lines(stream, zone=UTC) as progress:
        progress.notice(Notice(NOW_NS, None, "wait", "waiting for x, who holds the lock"))
    assert "waiting for x" in stream.getvalue()
