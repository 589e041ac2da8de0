"""Who is to be decided on, who is to be looked at, and when."""

from hypothesis import given
from hypothesis import strategies as st

from reconciler.controller.agenda import Agenda
from tests.support.making import DB, NET, WEB


def all_of(agenda: Agenda) -> list[str]:
    found = []
    while (key := agenda.next_decision()) is not None:
        found.append(str(key))
    return found


def test_dependencies_are_decided_first_and_each_key_once() -> None:
    agenda = Agenda()
    agenda.levels = {WEB: 2, DB: 1, NET: 0}
    for key in (WEB, DB, WEB, NET, DB):
        agenda.decide(key)
    assert all_of(agenda) == ["network/default", "service/db", "service/web"]
    assert all_of(agenda) == []


def test_what_was_decided_can_be_asked_for_again() -> None:
    agenda = Agenda()
    agenda.decide(WEB)
    assert agenda.next_decision() == WEB
    agenda.decide(WEB)
    assert agenda.next_decision() == WEB


def test_what_is_in_no_graph_comes_last() -> None:
    agenda = Agenda()
    agenda.levels = {WEB: 0}
    agenda.decide(DB)
    agenda.decide(WEB)
    assert all_of(agenda) == ["service/web", "service/db"]


def test_a_timer_rings_once_at_its_time() -> None:
    agenda = Agenda()
    agenda.wake(WEB, 10, None)
    assert agenda.next_wake_ns() == 10
    assert agenda.due(9) == []
    assert agenda.due(10) == [(WEB, False)]
    assert agenda.due(99) == []
    assert agenda.next_wake_ns() is None


def test_a_new_time_replaces_the_old_one() -> None:
    agenda = Agenda()
    agenda.wake(WEB, 10, 20)
    agenda.wake(WEB, 30, None)
    assert agenda.due(25) == []
    assert agenda.next_wake_ns() == 30
    agenda.wake(WEB, None, None)
    assert agenda.next_wake_ns() is None


def test_deciding_and_looking_have_their_own_times() -> None:
    agenda = Agenda()
    agenda.wake(WEB, 30, 20)
    agenda.wake(DB, 25, None)
    assert agenda.due(30) == [(WEB, True), (DB, False), (WEB, False)]


def test_what_is_forgotten_rings_no_more() -> None:
    agenda = Agenda()
    agenda.wake(WEB, 5, 6)
    agenda.want(WEB)
    agenda.forget(WEB)
    assert agenda.due(10) == [] and agenda.wanted_looks() == []


def test_looks_are_wanted_until_they_begin() -> None:
    agenda = Agenda()
    assert agenda.wants_all and not agenda.has_looked
    agenda.look(1, None)
    assert not agenda.wants_all and agenda.is_looking
    agenda.want(WEB)
    agenda.want(DB)
    agenda.looked()
    assert agenda.has_looked and not agenda.is_looking
    assert agenda.wanted_looks() == [DB, WEB]
    agenda.look(2, [DB])
    assert agenda.wanted_looks() == [WEB]
    assert agenda.look_event == 2


def test_a_look_that_failed_is_made_up_for_by_a_whole_one() -> None:
    agenda = Agenda()
    agenda.look(1, [WEB])
    agenda.look_failed()
    assert agenda.wants_all and not agenda.is_looking


def test_a_whole_look_answers_every_smaller_wish() -> None:
    agenda = Agenda()
    agenda.want(WEB)
    agenda.look(1, None)
    assert agenda.wanted_looks() == []


TIMES = st.none() | st.integers(0, 20)


@given(st.lists(st.tuples(st.sampled_from((WEB, DB, NET)), TIMES, TIMES), max_size=20))
def test_the_next_wake_is_the_earliest_time_that_still_holds(rows: list) -> None:  # type: ignore[type-arg]
    agenda, times = Agenda(), {}
    for key, decide_ns, look_ns in rows:
        agenda.wake(key, decide_ns, look_ns)
        times[key] = (decide_ns, look_ns)
    left = sorted(at for pair in times.values() for at in pair if at is not None)
    assert agenda.next_wake_ns() == (left[0] if left else None)
    rung = agenda.due(20)
    assert len(rung) == len(left)
    assert agenda.next_wake_ns() is None
