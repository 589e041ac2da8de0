"""What is done about networks, volumes, configs, externals, native objects, and their ends."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.controller.interface import Policy
from reconciler.model.observed import ObservedObject, Status
from reconciler.model.record import Record
from reconciler.model.resource import ResourceKey
from reconciler.model.step import ApplyObject, DeleteObject, Outcome, Step
from tests.controller.hand import Hand, kinds, only
from tests.support.making import (
    DB,
    NATIVE,
    NET,
    SHOP,
    WEB,
    asked,
    ended,
    fact,
    good,
    instance,
    live,
    network,
    observed,
    stack,
    thing,
    web,
)

BACK = ResourceKey("network", "back")
NETWORKS = stack(networks={"back": {}})
CONFIRMED = Policy(confirmed=True)


def test_what_is_not_there_is_made_and_must_not_be_there() -> None:
    hand = Hand(NETWORKS)
    assert hand.look(observed()) == [ApplyObject(BACK, {"internal": False}, None)]


def test_what_is_there_as_wanted_is_ready_for_all_that_needs_it() -> None:
    hand = Hand(NETWORKS)
    assert hand.look(observed([network("back")])) == []
    assert hand.status(BACK).meets == {"exists", "started", "healthy", "completed"}
    assert hand.controller.verdict().kind == "converged"


def test_what_is_not_ours_is_a_failure_and_is_left_alone() -> None:
    hand = Hand(NETWORKS)
    assert hand.look(observed([thing(BACK, owned=False)])) == []
    assert "not ours" in hand.status(BACK).message
    assert hand.controller.verdict().kind == "failed"


def test_a_network_is_made_anew_when_nothing_is_on_it_any_more() -> None:
    made = stack(
        networks={"back": {"subnet": "10.0.0.0/24"}},
        services={"web": {"image": "web:1", "networks": ["back"]}},
    )
    hand = Hand(made)
    one = live(made)
    steps = hand.look(observed([network("back")], [one], [good(made)], images={"web:1": "a"}))
    assert kinds(steps) == ["update"]
    assert hand.status(BACK).message == f"waits for {one.name} to leave it"
    hand.end(steps[0])
    steps = hand.look(observed([network("back")], [], [good(made)], images={"web:1": "a"}))
    assert steps == [DeleteObject(BACK, "id-of-back", "f1")]


def test_a_native_object_is_changed_with_the_fingerprint_it_was_seen_with() -> None:
    hand = Hand(web(), capabilities=NATIVE)
    seen = thing(WEB, {"image": "web:0"}, fingerprint="v7")
    steps = hand.look(observed([network(), seen]))
    step = only([s for s in steps if s.key == WEB])
    assert isinstance(step, ApplyObject) and step.expect == "v7"


@pytest.mark.parametrize(
    ("status", "phase"),
    [
        (Status(), "ready"), (Status(done=False, message="1 of 2"), "progressing"),
        (Status(ok=False, message="stuck"), "failed"),
    ],
)  # fmt: skip
def test_a_native_object_is_as_its_own_controller_says(status: Status, phase: str) -> None:
    hand = Hand(stack(networks={"back": {}}), capabilities=NATIVE)
    hand.look(observed([replace(network("back"), status=status)]))
    assert (hand.status(BACK).phase, hand.status(BACK).message) == (phase, status.message)


@pytest.mark.parametrize(
    ("found", "starts"), [(None, True), (Status(), True), (Status(ok=False, message="down"), False)]
)
def test_an_external_is_there_unless_it_is_seen_not_to_be(
    found: Status | None, starts: bool
) -> None:
    kafka = ResourceKey("external", "kafka")
    services = {"web": {"image": "web:1", "depends_on": {"external/kafka": "healthy"}}}
    hand = Hand(stack(external={"kafka": {}}, services=services))
    more = [] if found is None else [thing(kafka, status=found)]
    steps = hand.look(observed([network(), *more], images={"web:1": "a"}))
    assert bool(steps) is starts
    assert all(step.key != kafka for step in steps)


# -- what is no longer declared -----------------------------------------------------------


def removed(
    objects: list[ObservedObject], instances: Any = (), records: Any = (), **more: Any
) -> tuple[Hand, list[Step]]:
    hand = Hand(more.pop("made", stack()), more.pop("policy", CONFIRMED))
    return hand, hand.look(observed(objects, instances, records, **more))


def test_an_object_goes_by_its_id_and_fingerprint() -> None:
    _, steps = removed([network("back")])
    assert steps == [DeleteObject(BACK, "id-of-back", "f1")]


def test_an_object_that_is_held_waits() -> None:
    one = instance(fields={"networks": ("back",)})
    hand, steps = removed([network("back")], [one])
    assert kinds(steps) == ["signal"]
    assert hand.status(BACK).message == f"waits for {one.name} to leave it"


def test_what_waits_for_one_that_was_given_up_waits_no_more() -> None:
    one = instance(fields={"networks": ("back",)})
    hand, steps = removed([network("back")], [one])
    hand.end(only(steps), Outcome("terminal", "denied"))
    assert hand.look(observed([network("back")], [one]), 10**12) == []
    assert hand.controller.verdict().kind == "failed"


def test_what_is_not_ours_is_never_removed() -> None:
    hand, steps = removed([thing(BACK, owned=False)])
    assert steps == [] and hand.controller.verdict().kind == "converged"


@pytest.mark.parametrize(
    ("unkept", "volumes", "goes"), [(False, False, False), (True, False, True), (False, True, True)]
)
def test_a_volume_is_kept_unless_it_was_declared_otherwise(
    unkept: bool, volumes: bool, goes: bool
) -> None:
    data = ResourceKey("volume", "data")
    body = {"protected": [], "unkept": ["volume/data"] if unkept else []}
    records = [Record("hold", str(SHOP), 1, body)]
    _, steps = removed([thing(data)], (), records, policy=Policy(confirmed=True, volumes=volumes))
    assert ("delete" in kinds(steps)) is goes


def test_a_workload_ends_and_is_then_forgotten() -> None:
    one = instance(fields={"restart.policy": "always"})
    hand, steps = removed([], [one], [fact("good")])
    assert kinds(steps) == ["update"]
    hand.end(steps[0])
    steps = hand.look(observed([], [replace(one, armed=False)], [fact("good")]))
    assert kinds(steps) == ["signal"]
    hand.end(steps[0])
    steps = hand.look(observed([], [ended(replace(one, armed=False))], [fact("good")]))
    assert kinds(steps) == ["remove"]
    hand.end(steps[0])
    steps = hand.look(observed([], [], [fact("good")]))
    assert kinds(steps) == ["forget"]
    hand.end(steps[0])
    assert hand.look(observed()) == []
    assert hand.controller.verdict().kind == "converged"
    assert WEB not in [status.key for status in hand.controller.statuses()]


def test_users_end_before_what_they_use() -> None:
    user = instance(depends=("service/db",))
    hand, steps = removed([], [user, instance(key=DB)])
    assert {step.key for step in steps} == {WEB}
    assert hand.status(DB).message == "waits for service/web to go"


@pytest.mark.parametrize(
    ("count", "policy", "goes"),
    [
        (3, Policy(), True),
        (4, Policy(), False),
        (4, CONFIRMED, True),
        (1, Policy(act=False), False),
    ],
)
def test_more_deletions_than_the_cap_wait_for_a_confirmation(
    count: int, policy: Policy, goes: bool
) -> None:
    made = [instance(key=ResourceKey("service", f"s{n}")) for n in range(count)]
    hand, steps = removed([], made, policy=policy)
    assert bool(steps) is goes
    if not goes:
        assert hand.controller.verdict().kind == "failed"
        assert {s.phase for s in hand.controller.statuses()} == {"pending"}


def test_old_contents_and_records_do_not_count_as_deletions() -> None:
    objects = [thing(ResourceKey("config", f"m@{n}")) for n in range(9)]
    _, steps = removed(objects, policy=Policy())
    assert kinds(steps) == ["delete"] * 9


def test_a_config_stays_until_the_revision_after_it_is_confirmed() -> None:
    def made(digest: str) -> Any:
        service = {"image": "web:1", "configs": ["m:/m"]}
        return stack(configs={"m": {"content": "x", "digest": digest}}, services={"web": service})

    before, after = made("1"), made("2")
    old, new = (thing(ResourceKey("config", f"m@{d}"), {"digest": d}) for d in "12")
    records = [good(before), fact("candidate", asked(after).revision, 2)]
    hand = Hand(after)
    images = {"web:1": "a"}
    steps = hand.look(observed([network(), old, new], [live(after)], records, images=images))
    assert kinds(steps) == ["record"]
    assert hand.status(old.key).message == "waits for service/web to be confirmed"
    hand.end(steps[0])
    records.append(good(after, seq=3))
    steps = hand.look(observed([network(), old, new], [live(after)], records, images=images))
    assert steps == [DeleteObject(old.key, old.id, "f1")]


def test_a_network_is_made_anew_as_soon_as_the_last_one_on_it_is_gone() -> None:
    """Who waits for a network and who holds it wait for one another, and nobody polls."""
    made = stack(
        networks={"back": {"subnet": "10.0.0.0/24"}},
        services={"web": {"image": "web:1", "networks": ["back"], "singleton": True}},
    )
    old = live(made, name="shop-web", depends=("service/db",), armed=False)
    db = instance(key=DB, fields={"networks": ("back",)})
    there = [network("back", subnet="10.9.0.0/24")]
    records = [good(made)]
    hand = Hand(made)
    signal = only(hand.look(observed(there, [old, db], records, images={"web:1": "a"})))
    assert kinds([signal]) == ["signal"] and signal.key == WEB
    hand.end(signal)
    gone = replace(old, phase="exited", finished_at_ns=0)
    only_web: dict[str, Any] = {"images": {"web:1": "a"}, "keys": frozenset({WEB})}
    remove = only(hand.look(observed([], [gone], records, **only_web)))
    assert kinds([remove]) == ["remove"]
    assert hand.status(WEB).phase == "waiting"
    hand.end(remove)
    steps = hand.look(observed([], [], records, **only_web))
    assert hand.status(WEB).phase == "waiting"
    assert [step.key for step in steps] == [DB]


# -- protection ---------------------------------------------------------------------------


def test_what_is_protected_is_noted_and_earlier_notes_are_dropped() -> None:
    made = stack(networks={"back": {"protect": True}})
    hand = Hand(made)
    steps = hand.look(observed([network("back")]))
    note = only(steps)
    assert note.record.body == {"protected": ["network/back"], "unkept": []}
    hand.end(note)
    older = Record("hold", str(SHOP), 1, {"protected": [], "unkept": []})
    newer = replace(note.record, seq=2)
    assert kinds(hand.look(observed([network("back")], (), [older, newer]))) == ["forget"]


def test_when_nothing_is_protected_any_more_the_note_goes() -> None:
    note = Record("hold", str(SHOP), 1, {"protected": ["network/back"], "unkept": []})
    hand = Hand(NETWORKS)
    assert kinds(hand.look(observed([network("back")], (), [note]))) == ["forget"]


def test_the_stack_itself_is_not_shown_while_there_is_nothing_to_say() -> None:
    hand = Hand(NETWORKS)
    hand.look(observed([network("back")]))
    assert [status.key for status in hand.controller.statuses()] == [BACK]
    assert NET not in [status.key for status in hand.controller.statuses()]
