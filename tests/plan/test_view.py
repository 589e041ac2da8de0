"""The newest that is known of each resource."""

from dataclasses import replace
from random import Random

from reconciler.model.observed import Foreign
from reconciler.model.record import Record
from reconciler.model.resource import ResourceKey
from reconciler.plan.view import view_of
from tests.support.making import DB, NET, WEB, fact, instance, network, observed

DB_ONE = instance(key=DB)


def test_a_whole_observation_replaces_everything() -> None:
    view = view_of(
        observed([network()], [instance()], [fact("good")], images={"a": "1"},
                 foreign=[Foreign("x")], unobservable={DB: "no"})
    )  # fmt: skip
    view.take(observed(instances=[DB_ONE]))
    assert (view.objects, view.records, view.images) == ({}, {}, {})
    assert view.instances == {DB: (DB_ONE,)}
    assert (view.foreign, view.unobservable) == ((), {})


def test_a_partial_observation_replaces_what_it_is_about_and_nothing_else() -> None:
    view = view_of(observed([network()], [instance(), DB_ONE], [fact("good")]))
    newer = instance(revision="r2")
    view.take(observed(instances=[newer, instance(3, key=DB)], keys=frozenset({WEB})))
    assert view.of(WEB) == (newer,)
    assert view.of(DB) == (DB_ONE,)
    assert view.records_of(WEB) == ()
    assert NET in view.objects


def test_what_is_gone_from_a_partial_observation_is_gone() -> None:
    view = view_of(observed([network()], [instance(), DB_ONE]))
    view.take(observed(keys=frozenset({WEB, NET})))
    assert view.of(WEB) == () and view.objects == {}
    assert view.of(DB) == (DB_ONE,)


def test_a_whole_observation_may_be_used_for_some_keys_only() -> None:
    """The others were acted on since it began."""
    view = view_of(observed([network()], [instance(), DB_ONE]))
    view.take(observed(), {WEB})
    assert view.of(WEB) == ()
    assert view.of(DB) == (DB_ONE,) and NET in view.objects


def test_the_same_records_are_sorted_once() -> None:
    records = [fact("good", seq=2), fact("candidate", seq=1)]
    whole = observed(records=records)
    view = view_of(whole)
    before = view.records_of(WEB)
    view.take(replace(whole, scope=replace(whole.scope, keys=frozenset({WEB}))))
    assert [record.seq for record in before] == [1, 2]
    assert view.records_of(WEB) is before


def test_images_that_were_looked_up_are_added() -> None:
    view = view_of(observed(images={"a": "1", "b": "2"}))
    view.take(observed(images={"b": None, "c": "3"}, keys=frozenset({WEB})))
    assert view.images == {"a": "1", "b": None, "c": "3"}


def test_what_can_be_read_again_is_no_longer_unobservable() -> None:
    view = view_of(observed(unobservable={WEB: "denied", DB: "denied"}))
    view.take(observed(keys=frozenset({WEB}), unobservable={DB: "other"}))
    assert view.unobservable == {DB: "denied"}


def test_instances_come_by_ordinal_and_attempt_and_records_by_number() -> None:
    some = [instance(1), instance(0, attempt=2), instance(0, attempt=1)]
    view = view_of(observed(instances=some, records=[fact("good", seq=2), fact("good", seq=1)]))
    assert [(i.ordinal, i.attempt) for i in view.of(WEB)] == [(0, 1), (0, 2), (1, 1)]
    assert [r.seq for r in view.records_of(WEB)] == [1, 2]


def test_the_order_of_instances_is_the_same_however_they_are_observed() -> None:
    some = [instance(n // 3, attempt=n % 3 + 1) for n in range(60)] + [instance(30), instance(32)]
    wanted = tuple(sorted(some, key=lambda i: (i.ordinal, i.attempt, i.id)))
    for seed in range(20):
        shuffled = [*some, DB_ONE]
        Random(seed).shuffle(shuffled)
        assert view_of(observed(instances=shuffled)).of(WEB) == wanted, f"seed {seed}"


def test_what_is_ours_is_told_and_what_is_not_is_not() -> None:
    from dataclasses import replace

    other = replace(network("theirs"), owned=False)
    named = Record("revision", "service/gone", 1)
    view = view_of(observed([network(), other], [DB_ONE], [named, Record("lock", "shop", 1)]))
    assert view.keys() == {NET, DB, ResourceKey("service", "gone")}
