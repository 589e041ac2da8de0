"""A simulated cluster that begins as a live one is."""

import itertools
from collections import Counter
from typing import Any

import pytest

from reconciler.model.observed import Scope
from reconciler.model.resource import ResourceKey
from reconciler.model.scenario import Scenario
from reconciler.model.stack import Stack
from reconciler.model.survey import Survey
from reconciler.model.units import NS_PER_S
from reconciler.rehearsal.cluster import ground_of
from reconciler.sim.cluster import SimCluster
from reconciler.sim.landing import land
from reconciler.sim.things import Transition
from reconciler.sim.world import World
from reconciler.targets.kubernetes.target import KubernetesTarget
from tests.targets.kubernetes.recorded import STACK, Recorded, recorded

WEB, DB, LONE = (ResourceKey("service", name) for name in ("web", "db", "lone"))


def surveyed(api: Recorded) -> Survey:
    return KubernetesTarget(STACK, api=api).survey(Scope(STACK), ("web", "db", "lone"))


def landed(api: Recorded) -> tuple[World, SimCluster]:
    """A world in which runs what was recorded, and whose file asks for just that."""
    survey = surveyed(api)
    wanted = Stack(survey.declared)
    world = World.fresh(1)
    land(world, ground_of(survey, wanted, Scenario(state="")).landed)
    return world, SimCluster(world, STACK)


def alive(world: World, key: ResourceKey) -> list[Any]:
    return [pod for pod in world.of(STACK, key) if not pod.terminating]


def test_every_pod_is_there_with_its_name_its_age_and_its_machine() -> None:
    api = recorded()
    world, _ = landed(api)
    site = world.site
    assert site is not None
    for key in (WEB, DB, LONE):
        for pod in world.of(STACK, key):
            seen = api.of("pods", pod.name)
            assert pod.id == seen["metadata"]["uid"]
            assert site.placed[pod.id] == seen["spec"]["nodeName"]
            assert pod.kubelet and pod.created_at_ns <= world.now_ns
    # Those whose process is gone and whose object is about to be are not: 3 of the 9 of web.
    assert [len(world.of(STACK, key)) for key in (WEB, DB, LONE)] == [6, 1, 1]
    assert [len(alive(world, key)) for key in (WEB, DB, LONE)] == [4, 1, 1]


def test_what_others_run_takes_its_room_and_does_nothing() -> None:
    api = recorded()
    world, cluster = landed(api)
    site = world.site
    assert site is not None
    (machine,) = site.machines.values()
    other = api.of("pods", "other")["metadata"]["uid"]
    assert machine.held[other] == (200, 128 << 20)
    assert machine.used_cpu_m == 200 + 100 + 25 + 6 * 50
    cluster.advance(world.now_ns + 600 * NS_PER_S)
    assert machine.held[other] == (200, 128 << 20) and other not in world.containers


def test_a_rollout_that_was_under_way_goes_on_to_its_end() -> None:
    world, cluster = landed(recorded())
    told: list[Transition] = []
    world.listeners.append(lambda world, each: told.append(each))
    old = {pod.name for pod in alive(world, WEB) if "64d99d84f4" in pod.name}
    kept = {pod.name for pod in alive(world, WEB)} - old
    assert len(old) == 1 and len(kept) == 3
    cluster.advance(world.now_ns + 60 * NS_PER_S)
    assert {pod.name for pod in world.of(STACK, WEB)} == kept  # none was made anew
    assert all(pod.ready for pod in world.of(STACK, WEB))
    created = [each for each in told if each.what == "created" and each.key == WEB]
    assert created == []
    status = cluster.observe(Scope(STACK)).objects[WEB].status
    assert status.done and status.ok


def test_what_is_as_it_should_be_is_left_as_it_is() -> None:
    world, cluster = landed(recorded())
    (before,) = world.of(STACK, DB)
    cluster.advance(world.now_ns + 600 * NS_PER_S)
    (after,) = world.of(STACK, DB)
    assert after is before and after.ready and after.engine_restarts == 0


def test_what_crashes_goes_on_crashing_with_its_backoff() -> None:
    world, cluster = landed(recorded())
    (pod,) = world.of(STACK, LONE)
    assert pod.phase == "restarting" and pod.engine_restarts == 3
    starts: list[int] = []

    def heard(world: World, told: Transition) -> None:
        if told.what == "started" and told.thing is pod:
            starts.append((told.at_ns - began_ns) // NS_PER_S)

    began_ns = world.now_ns
    world.listeners.append(heard)
    cluster.advance(world.now_ns + 400 * NS_PER_S)
    gaps = [late - early for early, late in itertools.pairwise(starts)]
    assert starts and starts[0] <= 41  # after the third restart: 40 s
    assert gaps == pytest.approx([81, 161], abs=3)


def test_a_pod_that_is_being_deleted_ends_by_its_own_time() -> None:
    api = recorded()
    world, cluster = landed(api)
    ending = [pod for pod in world.of(STACK, WEB) if pod.terminating]
    assert len(ending) == 2
    gone: dict[str, int] = {}

    def heard(world: World, told: Transition) -> None:
        if told.what == "exited":
            gone[told.subject] = told.at_ns

    world.listeners.append(heard)
    cluster.advance(world.now_ns + 30 * NS_PER_S)
    for pod in ending:
        killed = surveyed(api).workloads["web"].pods
        (ends_ns,) = [each.ends_at_ns for each in killed if each.instance.name == pod.name]
        assert ends_ns is not None and gone[pod.name] <= ends_ns + NS_PER_S
        assert pod.id not in world.containers


def test_a_cordoned_node_takes_no_pod_and_one_that_is_not_heard_of_is_unknown() -> None:
    api = recorded()
    (node,) = api.of("nodes")
    node["spec"]["unschedulable"] = True
    world, _ = landed(api)
    web = alive(world, WEB)
    pending = [pod for pod in web if pod.phase == "created"]
    assert len(pending) == 1 and world.site is not None
    assert all(pod.id in world.site.placed for pod in web)  # what is on it stays
    assert world.site.machines["node1"].cordoned

    for condition in node["status"]["conditions"]:
        if condition["type"] == "Ready":
            condition["status"] = "Unknown"
    world, _ = landed(api)
    assert world.site is not None
    machine = world.site.machines["node1"]
    assert machine.unknown and not machine.reachable


def test_the_controllers_know_the_sets_that_are_there_by_the_revision_of_their_pods() -> None:
    world, _ = landed(recorded())
    rollout = world.stacks[STACK].objects[WEB].state
    revisions = Counter(pod.revision for pod in alive(world, WEB))
    assert {each.revision: each.spec for each in rollout.sets if each.spec} == dict(revisions)
    assert rollout.scale == 3  # what its autoscaler has set
    assert world.site is not None
    assert world.site.disruptions["service/web"].min_available == 2
