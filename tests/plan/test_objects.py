"""Changes of networks, volumes, configs, secrets, and the record of what is protected."""

from typing import Any

import pytest

from reconciler.model.change import Action
from reconciler.model.record import Record
from reconciler.model.resource import ResourceKey
from reconciler.plan import objects
from reconciler.plan.objects import conflicts, holders, holds, object_change, object_removal
from reconciler.plan.view import View, view_of
from tests.support.making import NET, SHOP, instance, network, observed, stack, thing

DATA = ResourceKey("volume", "data")
MOTD = ResourceKey("config", "motd@1")
ADDRESS = {"internal": False, "subnet": "10.0.0.0/24"}


def test_what_is_not_there_is_made() -> None:
    change = object_change(stack(), NET, ADDRESS, None, native=False)
    assert change is not None
    assert (change.action, change.calls, change.to_replicas) == (Action.CREATE, {"apply": 1}, 1)


def test_what_is_as_wanted_needs_nothing() -> None:
    assert object_change(stack(), NET, {"internal": False}, network(), native=False) is None


def test_what_the_engine_chose_is_no_difference() -> None:
    chosen = thing(NET, {"internal": False, "subnet": "172.17.0.0/16"},
                   defaults={"subnet": "172.17.0.0/16"})  # fmt: skip
    assert object_change(stack(), NET, {"internal": False}, chosen, native=False) is None


@pytest.mark.parametrize("key", [NET, MOTD, ResourceKey("secret", "key@1")])
def test_what_holds_no_data_is_made_anew(key: ResourceKey) -> None:
    change = object_change(stack(), key, {"a": 1}, thing(key, {"a": 2}), native=False)
    assert change is not None
    assert (change.action, change.calls) == (Action.REPLACE, {"apply": 1, "delete": 1})
    assert change.deletes == (f"id-of-{key.name}",)
    assert change.fields[0].replaces


def test_on_a_native_target_objects_change_in_place() -> None:
    change = object_change(stack(), NET, {"a": 1}, thing(NET, {"a": 2}), native=True)
    assert change is not None
    assert (change.action, change.calls, change.deletes) == (Action.UPDATE, {"apply": 1}, ())
    assert not change.fields[0].replaces


def test_what_was_read_is_named_by_id_and_fingerprint() -> None:
    change = object_change(stack(), NET, ADDRESS, network(), native=False)
    assert change is not None and change.reads == "id-of-default.f1"
    assert object_removal(network()).reads == "id-of-default.f1"


def test_what_is_not_ours_is_never_changed() -> None:
    foreign = thing(NET, {}, owned=False)
    assert object_change(stack(), NET, ADDRESS, foreign, native=False) is None
    found = conflicts(stack(), NET, ADDRESS, foreign)
    assert [d.code for d in found] == ["R501"]
    assert "not ours" in found[0].summary


@pytest.mark.parametrize(
    ("key", "live", "codes"),
    [
        (DATA, {"driver": "nfs"}, ["R502"]), (DATA, {"driver": "local"}, []),
        (NET, {"driver": "nfs"}, []),
    ],
)  # fmt: skip
def test_a_volume_that_would_lose_its_data_is_a_finding(
    key: ResourceKey, live: Any, codes: list[str]
) -> None:
    found = conflicts(stack(), key, {"driver": "local"}, thing(key, live))
    assert [d.code for d in found] == codes


@pytest.mark.parametrize(
    ("key", "fields", "held"),
    [
        (NET, {"networks": ("back", "default")}, True), (NET, {"networks": ("back",)}, False),
        (NET, {}, False), (DATA, {"volumes./d": "data"}, True),
        (DATA, {"volumes./d": "data:ro"}, True), (DATA, {"volumes./d": "database"}, False),
        (DATA, {"volumes./d": "/data"}, False), (MOTD, {"configs./m": "motd@1:0444"}, True),
        (MOTD, {"configs./m": "motd@2:0444"}, False), (MOTD, {"secrets./m": "motd@1:0444"}, False),
        (ResourceKey("manifest", "a"), {"a": 1}, False),
    ],
)  # fmt: skip
def test_an_instance_holds_what_its_fields_name(key: ResourceKey, fields: Any, held: bool) -> None:
    assert holds(key, fields) is held
    one = instance(fields=fields)
    assert holders(key, [one]) == ((one.name,) if held else ())


# -- protection ---------------------------------------------------------------------------

PROTECTED = {
    "services": {"web": {"image": "w", "protect": True}},
    "jobs": {"m": {"image": "m", "protect": True}},
    "networks": {"n": {"protect": True}},
    "volumes": {"v": {"protect": True}, "scratch": {"keep": False}},
}
BODY = {
    "protected": ["job/m", "network/n", "service/web", "volume/v"], "unkept": ["volume/scratch"],
}  # fmt: skip


def remembering(*bodies: dict[str, list[str]]) -> View:
    records = [Record("hold", str(SHOP), seq, body) for seq, body in enumerate(bodies, 1)]
    return view_of(observed(records=records))


def test_what_outlives_its_declaration_is_named_sorted() -> None:
    assert objects.protection(stack(**PROTECTED)) == BODY
    assert objects.protection(stack()) == {"protected": [], "unkept": []}


@pytest.mark.parametrize(
    ("declared", "bodies", "action", "calls"),
    [
        ({}, [], None, {}),
        (PROTECTED, [], Action.CREATE, {"record": 1}),
        (PROTECTED, [BODY], None, {}),
        (PROTECTED, [{"protected": ["service/old"]}], Action.UPDATE, {"record": 1, "forget": 1}),
        (PROTECTED, [{"protected": ["x/y"]}, BODY], Action.UPDATE, {"forget": 1}),
        ({}, [BODY], Action.DELETE, {"forget": 1}),
        ({}, [BODY, BODY], Action.DELETE, {"forget": 2}),
    ],
)
def test_the_record_of_protection_follows_what_is_declared(
    declared: Any, bodies: Any, action: Action | None, calls: dict[str, int]
) -> None:
    change = objects.protection_change(stack(**declared), remembering(*bodies))
    assert (change.action if change else None) == action
    assert (change.calls if change else {}) == calls


def test_the_next_record_has_the_next_number() -> None:
    record = objects.protection_record(stack(**PROTECTED), remembering(BODY, BODY))
    assert (record.kind, record.name, record.seq, record.body) == ("hold", "stack/shop", 3, BODY)


def test_what_a_killed_process_left_beside_a_config_makes_nobody_leave_it() -> None:
    wanted, left = {"digest": "1"}, {"digest": "1", "leftover.helper": "created"}
    change = object_change(stack(), MOTD, wanted, thing(MOTD, left), native=False)
    assert change is not None
    assert (change.action, change.calls, change.deletes) == (Action.UPDATE, {"apply": 1}, ())
    assert [field.path for field in change.fields] == ["leftover.helper"]
    changed = object_change(stack(), MOTD, {"digest": "2"}, thing(MOTD, left), native=False)
    assert changed is not None and changed.action is Action.REPLACE
