"""What waits for what."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.graph import Graph, Requirement, build, manifest_key
from reconciler.model.diagnostic import Position
from reconciler.model.resource import ResourceKey
from reconciler.model.stack import Stack
from tests.support.making import DB, JOB, NET, WEB, stack


def services(**depends: Any) -> Stack:
    return stack(services={name: {"image": "a", "depends_on": on} for name, on in depends.items()})


def names(graph: Graph) -> list[list[str]]:
    return [[str(key) for key in wave] for wave in graph.waves()]


def test_what_is_named_and_what_is_implied_is_waited_for() -> None:
    made = stack(
        networks={"back": {}}, volumes={"data": {}},
        configs={"motd": {"content": "x", "digest": "1"}},
        secrets={"key": {"env": "K", "digest": "2"}},
        external={"kafka": {}},
        jobs={"migrate": {"image": "m"}},
        services={
            "db": {"image": "d"},
            "web": {
                "image": "w", "networks": ["back"], "volumes": ["data:/d", "/etc:/e"],
                "configs": ["motd:/m"], "secrets": ["key:/k"],
                "depends_on": {"service/db": "started", "job/migrate": "completed",
                               "external/kafka": "healthy"},
            },
        },
    )  # fmt: skip
    needs = {str(key): how for key, how in build(made).needs[WEB].items()}
    assert needs == {
        "network/back": "exists", "volume/data": "exists", "config/motd@1": "exists",
        "secret/key@2": "exists", "service/db": "started", "job/migrate": "completed",
        "external/kafka": "healthy",
    }  # fmt: skip


def test_a_workload_without_networks_is_on_the_default_one() -> None:
    graph = build(services(web=[]))
    assert graph.needs[WEB] == {NET: "exists"}
    assert graph.needs[NET] == {}


def test_who_asks_for_a_login_waits_for_who_gives_it() -> None:
    routing = {"host": "a", "forward_auth": {"service": "db"}}
    made = stack(services={"db": {"image": "d"}, "web": {"image": "w", "routing": routing}})
    assert build(made).needs[WEB][DB] == "healthy"
    own = stack(services={"db": {"image": "w", "routing": routing}})
    assert DB not in build(own).needs[DB]


def test_an_explicit_condition_outweighs_the_implied_one() -> None:
    routing = {"host": "a", "forward_auth": {"service": "db"}}
    web = {"image": "w", "routing": routing, "depends_on": {"service/db": "started"}}
    made = stack(services={"db": {"image": "d"}, "web": web})
    assert build(made).needs[WEB][DB] == "started"


def test_what_is_not_declared_is_not_waited_for() -> None:
    assert build(services(web=["service/nobody"])).needs[WEB] == {NET: "exists"}


def test_a_wave_is_one_more_than_the_last_of_what_it_needs() -> None:
    graph = build(services(a=[], b=["service/a"], c=["service/a"], d=["service/b", "service/c"]))
    assert names(graph) == [
        ["network/default"], ["service/a"], ["service/b", "service/c"], ["service/d"],
    ]  # fmt: skip
    assert graph.levels[ResourceKey("service", "d")] == 3


def test_jobs_come_before_services_of_the_same_wave() -> None:
    made = stack(jobs={"z": {"image": "a"}}, services={"a": {"image": "a"}})
    assert names(build(made))[1] == ["job/z", "service/a"]


def test_dependents_are_told_sorted() -> None:
    graph = build(services(a=[], z=["service/a"], b=["service/a"]))
    assert [k.name for k in graph.dependents[ResourceKey("service", "a")]] == ["b", "z"]
    assert graph.dependents[ResourceKey("service", "z")] == ()


def test_a_stack_without_a_cycle_has_no_finding() -> None:
    assert build(services(a=[], b=["service/a"])).cycles() == []


@pytest.mark.parametrize(
    ("depends", "paths"),
    [
        ({"a": ["service/a"]}, ["service/a → service/a"]),
        ({"a": ["service/b"], "b": ["service/a"]}, ["service/a → service/b → service/a"]),
        (
            {"a": ["service/b"], "b": ["service/c"], "c": ["service/a"], "d": ["service/a"]},
            ["service/a → service/b → service/c → service/a"],
        ),
        (
            {"a": ["service/b"], "b": ["service/a"], "x": ["service/y"], "y": ["service/x"]},
            ["service/a → service/b → service/a", "service/x → service/y → service/x"],
        ),
        (
            {"a": ["service/b", "service/c"], "b": ["service/c"], "c": ["service/a"]},
            ["service/a → service/c → service/a"],
        ),
    ],
)
def test_each_cycle_is_told_with_its_whole_shortest_path(depends: Any, paths: list[str]) -> None:
    found = build(services(**depends)).cycles()
    assert [d.summary for d in found] == [f"dependency cycle: {path}" for path in paths]
    assert {d.code for d in found} == {"R301"}
    assert all(d.is_error for d in found)


def test_what_stands_on_a_cycle_has_no_wave_and_the_rest_has() -> None:
    graph = build(services(a=["service/b"], b=["service/a"], c=[]))
    assert names(graph) == [["network/default"], ["service/c"]]


def test_a_cycle_says_where_each_step_is_asked_for() -> None:
    class Somewhere:
        def find(self, path: tuple[str | int, ...]) -> Position | None:
            return Position("shop.yaml", len(str(path[1])), 3)

    declared = services(a=["service/bb"], bb=["service/a"]).declared
    found = build(Stack(declared, Somewhere())).cycles()[0]
    assert found.position == Position("shop.yaml", 1, 3)
    assert found.detail == (
        "service/a needs service/bb (shop.yaml:1:3); service/bb needs service/a (shop.yaml:2:3)"
    )


def test_the_exports_name_every_resource_and_every_edge() -> None:
    graph = build(services(a=[], b={"service/a": "started"}))
    dot, mermaid = graph.dot(), graph.mermaid()
    assert '"service/b" -> "service/a" [label="started"];' in dot
    assert dot.startswith("digraph stack {") and dot.endswith("}\n")
    assert 'n0["network/default"]' in mermaid and "n2 -- started --> n1" in mermaid


def test_a_manifest_is_called_by_its_kind_and_name() -> None:
    made = stack(manifests=[{"kind": "ConfigMap", "metadata": {"name": "motd"}}, {}])
    assert str(manifest_key(made, 0)) == "manifest/ConfigMap.motd"
    assert str(manifest_key(made, 1)) == "manifest/Object.1"
    assert set(build(made).needs) == {manifest_key(made, 0), manifest_key(made, 1)}


@given(st.integers(1, 12), st.integers(0, 2**32))
def test_without_cycles_everything_comes_after_what_it_needs(count: int, seed: int) -> None:
    chance = random.Random(seed)
    needs: dict[ResourceKey, dict[ResourceKey, Requirement]] = {}
    for index in range(count):
        before = [ResourceKey("service", f"s{n:02}") for n in range(index)]
        chosen = chance.sample(before, chance.randint(0, min(3, index)))
        needs[ResourceKey("service", f"s{index:02}")] = dict.fromkeys(chosen, "healthy")
    keys = list(needs)
    chance.shuffle(keys)
    graph = Graph({key: needs[key] for key in keys})
    level = graph.levels
    assert set(level) == set(needs)
    assert all(level[key] > level[need] for key in needs for need in needs[key])
    assert graph.cycles() == []
    assert graph.waves() == Graph(needs).waves()


def test_the_order_of_the_file_changes_no_wave() -> None:
    one = build(services(a=[], b=["service/a"], c=[]))
    other = build(services(c=[], b=["service/a"], a=[]))
    assert one.waves() == other.waves()
    assert one.dot() == other.dot()


def test_a_job_that_is_waited_for_is_in_an_earlier_wave() -> None:
    made = stack(
        jobs={"migrate": {"image": "m"}},
        services={"web": {"image": "w", "depends_on": {"job/migrate": "completed"}}},
    )
    graph = build(made)
    assert graph.levels[JOB] < graph.levels[WEB]
