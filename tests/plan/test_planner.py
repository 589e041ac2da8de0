"""The whole plan, and planning again when a little has changed."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.change import Action
from reconciler.model.observed import Observed
from reconciler.model.record import Record
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Stack
from reconciler.plan.planner import (
    Planner,
    destroy_plan,
    emptied,
    fields_of,
    scope_of,
    wanted_of,
)
from tests.support.making import (
    DB,
    ENGINE,
    NATIVE,
    NET,
    SHOP,
    WEB,
    asked,
    fact,
    good,
    instance,
    live,
    network,
    observed,
    plan,
    stack,
    thing,
    web,
)

DATA = ResourceKey("volume", "data")


def keys(made: Any) -> list[str]:
    return [f"{c.action.value} {c.key}" for c in made.changes]


def test_changes_come_by_wave_and_removals_last() -> None:
    made = stack(
        jobs={"m": {"image": "m"}},
        services={"web": {"image": "w", "depends_on": {"job/m": "completed"}}},
        volumes={"v": {"protect": True}},
    )
    seen = observed([network("old")], [instance(key=DB)])
    found = plan(made, seen)
    assert [(c.wave, str(c.key)) for c in found.changes] == [
        (1, "stack/shop"), (2, "network/default"), (2, "volume/v"), (3, "job/m"),
        (4, "service/web"), (5, "service/db"), (6, "network/old"),
    ]  # fmt: skip


def test_nothing_is_to_be_done_when_all_is_as_wanted() -> None:
    made = web()
    found = plan(made, observed([network()], [live(made)], [good(made)]))
    assert found.is_empty and found.findings == ()


@pytest.mark.parametrize(
    ("unkept", "volumes", "changes", "kept"),
    [([], False, [], ["volume/data"]), (["volume/data"], False, ["- volume/data"], []),
     ([], True, ["- volume/data"], [])],
)  # fmt: skip
def test_a_volume_stays_unless_it_was_declared_otherwise(
    unkept: list[str], volumes: bool, changes: list[str], kept: list[str]
) -> None:
    records = [Record("hold", str(SHOP), 1, {"protected": [], "unkept": unkept})]
    seen = observed([thing(DATA)], (), records if unkept else [])
    found = destroy_plan(stack(), seen, ENGINE, target="docker", volumes=volumes)
    assert [each for each in keys(found) if "stack" not in each] == changes
    assert [str(key) for key in found.kept] == kept


def test_what_is_not_ours_is_never_removed() -> None:
    seen = observed([thing(NET, {}, owned=False), thing(DATA, {}, owned=False)])
    assert destroy_plan(stack(), seen, ENGINE, target="docker", volumes=True).is_empty


def test_a_destroy_takes_all_that_is_ours_users_first() -> None:
    made = web(replicas=2)
    seen = observed([network()], [live(made), live(made, 1)], [good(made)])
    found = destroy_plan(made, seen, ENGINE, target="docker")
    assert keys(found) == ["- service/web", "- network/default"]
    assert found.desired_digest == "d1.destroy"
    assert emptied(made).declared.services == {}


@pytest.mark.parametrize(("cap", "asks"), [(0, True), (1, True), (2, False), (3, False)])
def test_more_deletions_than_the_cap_need_a_confirmation(cap: int, asks: bool) -> None:
    made = stack(deletions={"confirm_above": cap})
    seen = observed([network(), thing(ResourceKey("config", "m@1"))], [instance()])
    found = plan(made, seen)
    assert len(found.deletions) == 2  # old contents of configs go without being counted
    assert found.needs_confirmation is asks
    assert found.count(Action.DELETE) == 3


def test_a_service_that_is_held_says_why() -> None:
    before, after = web(), web("web:2")
    failed = fact("failed", asked(after).revision, 2, reason="never ready")
    found = plan(after, observed([network()], [live(before)], [good(before), failed]))
    assert found.is_empty
    assert found.held == {WEB: "never ready; the last good one is kept"}
    lost = plan(after, observed([network()], [live(after)], [failed]))
    assert lost.held == {WEB: "never ready; nothing is done"}


def test_a_retry_forgives_the_failure() -> None:
    before, after = web(), web("web:2")
    records = [good(before), fact("failed", asked(after).revision, 2)]
    seen = observed([network()], [live(before)], records)
    found = plan(after, seen, retry={WEB})
    assert keys(found) == ["-/+ service/web"] and not found.held


def config(digest: str) -> Stack:
    return stack(
        configs={"motd": {"content": "x", "digest": digest}},
        services={"web": {"image": "web:1", "configs": ["motd:/m"]}},
    )


def test_a_config_that_the_good_revision_still_uses_is_kept() -> None:
    before, after = config("1"), config("2")
    records = [good(before), fact("failed", asked(after).revision, 2)]
    objects = [network(), thing(ResourceKey("config", "motd@1"), {"digest": "1"}),
               thing(ResourceKey("config", "motd@2"), {"digest": "2"})]  # fmt: skip
    found = plan(after, observed(objects, [live(before)], records))
    assert keys(found) == []
    assert [str(key) for key in found.kept] == ["config/motd@1"]


def test_other_content_rolls_what_uses_it_and_the_old_content_goes() -> None:
    before, after = config("1"), config("2")
    seen = observed(
        [network(), thing(ResourceKey("config", "motd@1"), {"digest": "1"})],
        [live(before)], [good(before)],
    )  # fmt: skip
    assert keys(plan(after, seen)) == [
        "+ config/motd@2", "-/+ service/web", "- config/motd@1",
    ]  # fmt: skip


def subnet(address: str) -> Stack:
    return stack(
        networks={"default": {"subnet": address}},
        services={"web": {"image": "web:1"}, "db": {"image": "db:1"}},
    )


def test_what_is_on_a_network_that_is_made_anew_is_made_anew() -> None:
    before = subnet("10.0.0.0/24")
    seen = observed(
        [network(subnet="10.0.0.0/24")], [live(before), live(before, key=DB)],
        [good(before), good(before, DB)],
    )  # fmt: skip
    found = plan(subnet("10.1.0.0/24"), seen)
    assert keys(found) == ["-/+ network/default", "-/+ service/db", "-/+ service/web"]
    assert [f.path for f in found.changes[1].fields] == ["networks.default"]


def test_a_native_target_takes_workloads_as_objects_and_is_asked_for_a_preview() -> None:
    made = web(replicas=3)
    assert fields_of(made, WEB)["replicas"] == 3
    assert [w.key for w in wanted_of(made, [WEB, NET], native=True)] == [WEB, NET]
    assert wanted_of(made, [WEB, NET], native=False) == ()
    found = plan(made, capabilities=NATIVE)
    assert {str(c.key): c.calls for c in found.changes} == {
        "network/default": {"apply": 1}, "service/web": {"apply": 1},
    }  # fmt: skip


def test_the_scope_names_images_once_and_the_objects_whose_names_are_wanted() -> None:
    made = stack(
        services={"a": {"image": "x"}, "b": {"image": "docker.io/x:latest"}},
        external={"kafka": {}},
    )
    scope = scope_of(made)
    assert scope.images == ("x:latest",)
    assert scope.wanted == (NET,)
    assert scope.keys is None and scope.covers(WEB)


def test_a_cycle_stops_the_plan() -> None:
    services = {
        "a": {"image": "a", "depends_on": ["service/b"]},
        "b": {"image": "b", "depends_on": ["service/a"]},
    }
    assert [d.code for d in plan(stack(services=services)).errors] == ["R301"]


# -- planning again -----------------------------------------------------------------------

NAMES = ("a", "b", "c")
Json = dict[str, Any]


def base() -> Json:
    return {
        "networks": {"back": {"subnet": "10.0.0.0/24"}},
        "volumes": {"data": {}},
        "configs": {"motd": {"content": "x", "digest": "1"}},
        "services": {
            "a": {"image": "a:1"},
            "b": {"image": "b:1", "networks": ["back"], "configs": ["motd:/m"]},
            "c": {"image": "c:1", "volumes": ["data:/d"], "depends_on": ["service/a"]},
        },
        "jobs": {"m": {"image": "m:1", "networks": ["back"]}},
    }


EDITS = (
    "image", "replicas", "remove", "add", "depends", "config", "mount", "subnet", "volume", "job",
    "network",
)  # fmt: skip


def edit(spec: Json, what: str, name: str, number: int) -> str:
    """Change one declaration; tell which."""
    services = spec["services"]
    service = services.get(name)
    key = f"service/{name}"
    if what == "add" or service is None:
        services.setdefault(name, {"image": f"{name}:{number}"})
    elif what == "image":
        service["image"] = f"{name}:{number}"
    elif what == "replicas":
        service["replicas"] = number
    elif what == "remove":
        del services[name]
    elif what == "depends":
        service["depends_on"] = [f"service/{n}" for n in NAMES[: NAMES.index(name)]]
    elif what == "mount":
        service["configs"] = ["motd:/m"] if number % 2 else []
    elif what == "network":
        service["networks"] = ["back"] if number % 2 else []
    elif what == "config":
        spec["configs"]["motd"]["digest"] = str(number)
        key = "config/motd"
    elif what == "subnet":
        spec["networks"]["back"]["subnet"] = f"10.{number}.0.0/24"
        key = "network/back"
    elif what == "volume":
        spec["volumes"][f"v{number}"] = {"keep": bool(number % 2)}
        key = f"volume/v{number}"
    else:
        spec["jobs"]["m"]["image"] = f"m:{number}"
        key = "job/m"
    return key


def running(spec: Json) -> Observed:
    """A stack as it is when everything was applied."""
    made = stack(**spec)
    objects = [
        network(), network("back", subnet=spec["networks"]["back"]["subnet"]),
        thing(DATA, {"driver": "local"}), thing(ResourceKey("config", "motd@1"), {"digest": "1"}),
    ]  # fmt: skip
    works = [ResourceKey("service", name) for name in spec["services"]]
    return observed(
        objects, [live(made, key=key) for key in works], [good(made, key) for key in works]
    )


def same(spec: Json, key: ResourceKey, digests: Json) -> set[ResourceKey]:
    """The keys that a declaration stands for: a config is one of its content."""
    if key.kind != "config":
        return {key}
    both = {digests["configs"]["motd"]["digest"], spec["configs"]["motd"]["digest"]}
    return {ResourceKey("config", f"motd@{digest}") for digest in both}


@given(
    st.lists(
        st.tuples(st.sampled_from(EDITS), st.sampled_from((*NAMES, "d")), st.integers(1, 4)),
        min_size=1, max_size=6,
    )
)  # fmt: skip
def test_planning_again_gives_what_a_fresh_plan_gives(edits: list[tuple[str, str, int]]) -> None:
    spec = base()
    seen = running(spec)
    planner = Planner(stack(**spec), seen, {}, ENGINE, target="docker")
    for what, name, number in edits:
        if name == "d" and what == "depends":
            continue
        before = deepcopy(spec)
        touched = edit(spec, what, name, number)
        if what == "config":  # who mounts it asks for other content
            dirty = same(before, ResourceKey.parse(touched), spec)
            dirty |= {ResourceKey("service", n) for n in spec["services"]}
        else:
            dirty = {ResourceKey.parse(touched)}
        made = stack(**spec)
        planner.changed(made, dirty)
        fresh = Planner(made, seen, {}, ENGINE, target="docker").plan()
        assert planner.plan() == fresh


def test_planning_again_notices_what_a_new_service_brings_along() -> None:
    planner = Planner(stack(), observed(), {}, ENGINE, target="docker")
    assert planner.plan().is_empty
    planner.changed(web(), {WEB})
    assert keys(planner.plan()) == ["+ network/default", "+ service/web"]
    planner.changed(stack(), {WEB})
    assert planner.plan().is_empty


def test_planning_again_notices_who_is_on_a_changed_network() -> None:
    before, after = subnet("10.0.0.0/24"), subnet("10.1.0.0/24")
    seen = observed([network(subnet="10.0.0.0/24")], [live(before)], [good(before)])
    planner = Planner(before, seen, {}, ENGINE, target="docker")
    planner.changed(after, {NET})
    assert planner.plan() == Planner(after, seen, {}, ENGINE, target="docker").plan()
