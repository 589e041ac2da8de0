"""The change of one workload, and the calls that it takes."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.change import Action, Change
from reconciler.model.observed import Instance
from reconciler.model.record import Record
from reconciler.model.stack import Stack
from reconciler.plan.calls import calls_of_removal, calls_of_stop
from reconciler.plan.changes import job_change, pulls, removal, service_change, standing_for
from reconciler.plan.standing import HISTORY_FACTS
from reconciler.plan.view import view_of
from tests.support.making import (
    JOB,
    WEB,
    S,
    asked,
    ended,
    fact,
    good,
    instance,
    live,
    observed,
    stack,
    template,
    web,
)

HERE = {"web:1": "id1", "web:2": "id2", "m:1": "id"}


def change_of(
    made: Stack, instances: list[Instance] | None = None, records: list[Record] | None = None
) -> Change | None:
    view = view_of(observed((), instances or [], records or [], images=HERE))
    wanted = asked(made)
    return service_change(wanted, standing_for(wanted, view), view)


def needed(*args: Any) -> Change:
    found = change_of(*args)
    assert found is not None
    return found


def test_a_new_service_is_created() -> None:
    found = needed(web(replicas=3))
    assert found.action is Action.CREATE
    assert found.reason == "not there yet"
    assert found.calls == {"create": 3, "start": 3, "record": 2}
    assert (found.from_replicas, found.to_replicas, found.from_revision) == (0, 3, "")


def test_what_is_as_wanted_and_confirmed_needs_nothing() -> None:
    made = web(replicas=2)
    assert change_of(made, [live(made), live(made, 1)], [good(made)]) is None


def test_what_has_not_been_confirmed_is_noted() -> None:
    made = web()
    found = needed(made, [live(made)])
    assert (found.action, found.calls) == (Action.UPDATE, {"record": 1})
    assert needed(made, [live(made, ready=False)]).calls == {"record": 2}
    assert found.reason == "its health has not been confirmed"
    tried = needed(
        made, [live(made)], [replace(good(made), body={**good(made).body, "outcome": "candidate"})]
    )
    assert tried.calls == {"record": 1}


def test_another_image_replaces_each_instance_and_says_what_runs() -> None:
    before, after = web(replicas=2), web("web:2", replicas=2)
    found = needed(after, [live(before), live(before, 1)], [good(before)])
    assert found.action is Action.REPLACE
    assert [(f.path, f.old, f.new, f.replaces) for f in found.fields] == [
        ("image", "web:1", "web:2", True)
    ]
    assert found.reason == "image differs from what runs"
    assert found.calls == {
        "create": 2, "record": 2, "remove": 2, "signal": 2, "start": 2, "update": 2,
    }  # fmt: skip
    assert found.from_revision == asked(before).revision
    assert found.to_revision == asked(after).revision


def test_a_limit_changes_in_place() -> None:
    before = web(replicas=2)
    after = web(replicas=2, resources={"limits": {"memory": "1Gi"}})
    found = needed(after, [live(before), live(before, 1)], [good(before)])
    assert (found.action, found.calls) == (Action.UPDATE, {"update": 2})
    assert [f.replaces for f in found.fields] == [False]


@pytest.mark.parametrize(
    ("have", "want", "calls", "deletes"),
    [
        (1, 3, {"create": 2, "start": 2}, 0),
        (3, 1, {"remove": 2, "signal": 2, "update": 2}, 2),
        (2, 0, {"remove": 2, "signal": 2, "update": 2}, 2),
    ],
)
def test_another_count_makes_or_takes_instances(
    have: int, want: int, calls: dict[str, int], deletes: int
) -> None:
    made = web(replicas=want)
    found = needed(made, [live(made, n) for n in range(have)], [good(made)])
    assert (found.action, found.calls) == (Action.UPDATE, calls)
    runs = "1 instance runs" if have == 1 else f"{have} instances run"
    assert found.reason == f"{runs}, {want} {'is' if want == 1 else 'are'} wanted"
    assert len(found.deletes) == deletes


def test_an_instance_that_was_stopped_is_started() -> None:
    made = web()
    found = needed(made, [ended(live(made))], [good(made)])
    assert (found.reason, found.calls) == ("not running", {"start": 1})


def test_a_copy_of_an_instance_is_a_leftover() -> None:
    made = web()
    copies = [live(made, attempt=1), live(made, attempt=2)]
    found = needed(made, copies, [good(made)])
    assert found.calls == {"remove": 1, "signal": 1, "update": 1}
    assert [f.path for f in found.fields] == [f"leftover.{copies[0].name}"]


def test_the_ended_predecessor_of_a_ready_instance_is_a_leftover() -> None:
    made = web()
    past = ended(live(made, attempt=1, armed=False))
    assert needed(made, [past, live(made, attempt=2)], [good(made)]).calls == {"remove": 1}
    unready = live(made, attempt=2, ready=False)
    assert change_of(made, [past, unready], [good(made)]) is None


def test_many_differences_are_counted_and_not_all_told() -> None:
    before = web()
    after = web(environment={name: "x" for name in "ABCDE"})
    found = needed(after, [live(before)], [good(before)])
    assert found.reason == (
        "environment.A, environment.B, environment.C and 2 more fields differ from what runs"
    )


def test_surplus_facts_are_forgotten() -> None:
    made = web()
    records = [fact("good", "r0", n) for n in range(1, HISTORY_FACTS + 2)]
    records += [good(made, seq=HISTORY_FACTS + 2)]
    assert needed(made, [live(made)], records).calls == {}
    before = [fact("good", "r0", n) for n in range(1, HISTORY_FACTS + 1)]
    assert needed(made, [live(made)], before).calls == {"forget": 1, "record": 1}


def test_what_failed_with_nothing_to_go_back_to_gets_no_change() -> None:
    made = web()
    failed = fact("failed", asked(made).revision)
    assert change_of(made, [live(made)], [failed]) is None


def test_what_failed_goes_back_to_the_last_good_one_without_a_new_fact() -> None:
    before, after = web(), web("web:2")
    records = [good(before), fact("failed", asked(after).revision, 2)]
    found = needed(after, [live(after)], records)
    assert found.to_revision == asked(before).revision
    assert "record" not in found.calls
    assert change_of(after, [live(before)], records) is None


@pytest.mark.parametrize(
    ("service", "note"),
    [
        ({"rollout": {"strategy": "recreate"}}, "there is a gap"),
        ({"singleton": True}, "there is a gap"),
        ({"ports": ["80:80"]}, "at least 0 of 1 stay available"),
        ({}, None),
    ],
)
def test_a_gap_is_announced(service: Any, note: str | None) -> None:
    notes = needed(web("web:2", **service), [live(web(**service))]).notes
    assert (note is None and notes == ()) or (note is not None and note in notes[0])


def test_what_was_read_changes_with_what_runs_and_with_the_records() -> None:
    made = web("web:2")
    one = live(web())
    base = needed(made, [one], [good(web())]).reads
    assert needed(made, [replace(one, id="x")], [good(web())]).reads != base
    assert needed(made, [one], [good(web(), seq=2)]).reads != base
    assert needed(made, [replace(one, ready=False)], [good(web())]).reads == base
    assert needed(made, [], [good(web())]).reads != needed(made, [], []).reads


@pytest.mark.parametrize(
    ("pull", "image_id", "pinned", "count"),
    [
        ("missing", None, False, 1), ("missing", "id", False, 0), ("always", "id", False, 1),
        ("never", None, False, 0), ("always", "id", True, 0),
    ],
)  # fmt: skip
def test_an_image_is_pulled_as_the_policy_says(
    pull: str, image_id: str | None, pinned: bool, count: int
) -> None:
    work = web(pull=pull).declared.services["web"]
    assert pulls(work, template(image_id=image_id, pinned=pinned)) == count


@pytest.mark.parametrize(
    ("one", "calls"),
    [
        (instance(), {"update": 0, "signal": 1, "remove": 1}),
        (instance(fields={"restart.policy": "always"}), {"update": 1, "signal": 1, "remove": 1}),
        (instance(armed=False, fields={"restart.policy": "always"}),
         {"update": 0, "signal": 1, "remove": 1}),
        (ended(instance()), {"remove": 1}), (instance(phase="created"), {"remove": 1}),
    ],
)  # fmt: skip
def test_a_stop_takes_so_many_calls(one: Instance, calls: dict[str, int]) -> None:
    assert calls_of_stop(one) == calls


def test_the_end_of_a_workload_takes_its_instances_and_its_records() -> None:
    records = [fact("good"), fact("good", seq=2)]
    found = removal(WEB, view_of(observed((), [instance()], records)))
    assert found.action is Action.DELETE
    assert found.calls == {"forget": 2, "remove": 1, "signal": 1}
    assert found.deletes == (instance().id,)
    assert calls_of_removal([], []) == {}


# -- jobs ---------------------------------------------------------------------------------


def job_of(instances: list[Instance], records: list[Record], **job: Any) -> Change | None:
    made = stack(jobs={"migrate": {"image": "m:1", **job}})
    view = view_of(observed((), instances, records, images=HERE))
    wanted = asked(made, JOB)
    return job_change(wanted, standing_for(wanted, view), view)


def run(attempt: int = 1, code: int | None = 0, revision: str = "", **more: Any) -> Instance:
    """A run of the job; of its wanted revision when none is named."""
    made = stack(jobs={"migrate": {"image": "m:1"}})
    one = live(made, key=JOB, attempt=attempt, **more)
    if revision:
        one = replace(one, revision=revision, id=f"{revision}-{attempt}")
    return one if code is None else ended(one, S, code)


def noted(*outcomes: str) -> list[Record]:
    revision = asked(stack(jobs={"migrate": {"image": "m:1"}}), JOB).revision
    return [fact(o, revision, n, JOB) for n, o in enumerate(outcomes, 1)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("instances", "records", "calls"),
    [
        ([], [], {"create": 1, "record": 2, "start": 1}),
        ([], noted("candidate"), {"create": 1, "record": 1, "start": 1}),
        ([run(phase="created", code=None)], noted("candidate"), {"record": 1, "start": 1}),
        ([run(code=None)], noted("candidate"), {"record": 1}),
        ([run()], noted("candidate"), {"record": 1}),
        ([run()], [], {"record": 1}),
        ([run(code=1)], noted("candidate"), {"create": 1, "record": 1, "remove": 1, "start": 1}),
        ([run(1, 1), run(2, 0)], noted("candidate"), {"record": 1, "remove": 1}),
        ([run(revision="r0")], noted(), {"create": 1, "record": 2, "remove": 1, "start": 1}),
        ([], noted(*["failed"] * (HISTORY_FACTS - 1), "good", "candidate"),
         {"create": 1, "forget": 2, "record": 1, "start": 1}),
    ],
)  # fmt: skip
def test_a_job_takes_the_calls_that_are_left(
    instances: list[Instance], records: list[Record], calls: dict[str, int]
) -> None:
    found = job_of(instances, records)
    assert found is not None and found.calls == calls


def test_a_job_that_has_run_needs_nothing() -> None:
    assert job_of([run()], noted("candidate", "good")) is None
    assert job_of([], noted("good")) is None


def test_a_job_that_failed_for_good_needs_nothing() -> None:
    assert job_of([run(code=1)], noted("candidate", "failed")) is None


def test_earlier_runs_of_a_job_are_leftovers() -> None:
    found = job_of([run(1, 1), run(2, 0), run(revision="r0")], noted("good"))
    assert found is not None
    assert (found.action, found.calls) == (Action.UPDATE, {"remove": 2})
    assert found.reason == "earlier runs are left"


def test_a_job_forgets_its_oldest_facts() -> None:
    found = job_of([run()], noted(*["good"] * (HISTORY_FACTS + 2)))
    assert found is not None and found.calls == {"forget": 2}
