"""The turns of a workload, as its records tell them."""

from reconciler.model.record import Record
from reconciler.plan.changes import standing_for
from reconciler.plan.history import History, history_of
from reconciler.plan.view import view_of
from tests.support.making import WEB, asked, fact, instance, live, network, observed, web

STACK = web()
WANTED = asked(STACK).revision


def history(*records: Record, revision: str | None = WANTED) -> History:
    running = [] if revision is None else [live(STACK)]
    if revision == "old":
        running = [instance(0, "old")]
    if revision == "":
        running = [instance(0, "", fields=live(STACK).fields)]
    view = view_of(observed([network()], running, records))
    return history_of(WEB, standing_for(asked(STACK), view), view)


def test_a_trial_and_its_end_are_one_turn_and_the_newest_comes_first() -> None:
    found = history(
        fact("candidate", "r1", 1, when_ns=5), fact("good", "r1", 2, when_ns=7),
        fact("candidate", "r2", 3, when_ns=9), fact("failed", "r2", 4, when_ns=12),
        fact("good", "r1", 5, when_ns=13),
    )  # fmt: skip
    turns = [(t.fact.revision, t.fact.outcome, t.began_ns, t.fact.when_ns) for t in found.tries]
    assert turns == [("r1", "good", 13, 13), ("r2", "failed", 9, 12), ("r1", "good", 5, 7)]


def test_it_says_what_runs_and_what_is_wanted() -> None:
    assert (history().running, history().wanted) == (frozenset({WANTED}), WANTED)
    assert history(revision="old").running == frozenset({"old"})
    assert history(revision=None).running == frozenset()


def test_what_was_adopted_runs_the_revision_that_it_fits() -> None:
    assert history(revision="").running == frozenset({WANTED})


def test_it_says_why_what_is_wanted_is_held() -> None:
    records = (fact("good", "old", 1), fact("failed", WANTED, 2, reason="slow"))
    assert history(*records, revision="old").held == "slow"
    assert history().held == ""
