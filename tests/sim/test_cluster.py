"""The simulated cluster: objects, and the Deployment and Job controllers behind them."""

from typing import Any

import pytest

from reconciler.model.observed import Instance, ObservedObject, Scope
from reconciler.model.resource import ResourceKey
from reconciler.model.step import (
    DONE,
    ApplyObject,
    DeleteObject,
    Outcome,
    PullImage,
    StartInstance,
)
from reconciler.sim.behaviour import Behaviour, rule
from reconciler.sim.checkers import CapacityFloor, Expect, OnlyOurs, Surge, violations, watch
from reconciler.sim.cluster import SimCluster
from reconciler.sim.faults import Fault
from reconciler.sim.harm import install
from reconciler.sim.rolling import fenceposts
from reconciler.sim.trace import Trace
from reconciler.sim.world import World
from reconciler.targets.port import Target, VirtualTarget, Wanted
from tests.sim.making import FIELDS, JOB, LIVENESS, WEB, S

CONFIG = ResourceKey("config", "motd@1f")


class Cluster:
    """A stack on a simulated cluster."""

    def __init__(self, seed: int = 3) -> None:
        self.world = World.fresh(seed)
        self.target = SimCluster(self.world, "shop")

    def apply(self, key: ResourceKey = WEB, *, expect: str | None = None, **fields: Any) -> Outcome:
        asked = {path.replace("__", "."): value for path, value in fields.items()}
        if key == WEB:
            asked = {**FIELDS, "replicas": 4, **asked}
        return self.target.perform(ApplyObject(key, asked, expect), 0)

    def seen(self, key: ResourceKey = WEB) -> ObservedObject:
        return self.target.observe(Scope("shop")).objects[key]

    def pods(self, revision: str = "") -> list[Instance]:
        pods = self.target.observe(Scope("shop")).instances
        return [pod for pod in pods if pod.revision == revision or not revision]

    def go(self, for_ns: int) -> None:
        self.target.advance(self.world.now_ns + for_ns)

    def until_done(self, within_ns: int = 120 * S) -> None:
        end_ns = self.world.now_ns + within_ns
        while not self.seen().status.done:
            next_ns = self.target.next_event_ns()
            assert next_ns is not None
            assert next_ns <= end_ns
            self.target.advance(next_ns)


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


def test_it_is_a_native_target_whose_time_is_virtual():
    target: VirtualTarget = SimCluster(World.fresh(), "shop")
    plain: Target = target
    assert plain.capabilities.workloads == "native"


# -- the API ------------------------------------------------------------------------------


def test_an_object_is_seen_with_the_defaults_the_server_filled_in(cluster: Cluster):
    assert cluster.apply(CONFIG, digest="1f") == DONE
    seen = cluster.seen(CONFIG)
    assert seen.fields == {"digest": "1f", "immutable": False}
    assert seen.defaults == {"immutable": False}
    assert seen.status.done


def test_every_change_has_a_new_resource_version_and_applying_the_same_none(cluster: Cluster):
    cluster.apply(CONFIG, digest="1f")
    first = cluster.seen(CONFIG).fingerprint
    cluster.apply(CONFIG, digest="1f")
    assert cluster.seen(CONFIG).fingerprint == first
    cluster.apply(CONFIG, digest="2e")
    assert cluster.seen(CONFIG).fingerprint != first


def test_a_write_on_an_old_view_is_a_conflict(cluster: Cluster):
    assert cluster.apply(CONFIG, expect="1", digest="1f").kind == "conflict"
    cluster.apply(CONFIG, digest="1f")
    old = cluster.seen(CONFIG).fingerprint
    assert cluster.apply(CONFIG, expect=old, digest="2e") == DONE
    assert cluster.apply(CONFIG, expect=old, digest="3d").kind == "conflict"
    assert cluster.seen(CONFIG).fields["digest"] == "2e"


def test_what_is_no_longer_applied_goes(cluster: Cluster):
    cluster.apply(CONFIG, digest="1f", extra="x")
    cluster.apply(CONFIG, digest="1f")
    assert "extra" not in cluster.seen(CONFIG).fields


def test_a_field_that_another_sets_is_not_ours(cluster: Cluster):
    cluster.apply(CONFIG, digest="1f")
    install(cluster.world, [Fault("edit", subject="config/*", field="note", value="x")])
    cluster.go(S)
    assert cluster.seen(CONFIG).fields["note"] == "x"
    assert "note" in cluster.seen(CONFIG).defaults


def test_a_dry_run_tells_what_the_server_would_make_of_it_and_writes_nothing(cluster: Cluster):
    trace = Trace(cluster.world)
    manifest = ResourceKey("manifest", "Deployment.web")
    wanted = Wanted(manifest, {"spec.cpu": "2000m", "spec.image": "1000m"})
    predicted = cluster.target.preview([wanted, Wanted(WEB, {"image": "web:1"})])
    assert predicted[manifest]["spec.cpu"] == "2"
    assert predicted[manifest]["spec.image"] == "1000m"
    assert predicted[WEB]["rollout.max_surge"] == "25%"
    assert trace.compact == ""
    cluster.apply(manifest, **wanted.fields)
    live = cluster.seen(manifest)
    assert dict(predicted[manifest]) == dict(live.fields)


def test_only_the_object_that_was_seen_is_deleted(cluster: Cluster):
    cluster.apply(CONFIG, digest="1f")
    seen = cluster.seen(CONFIG)
    perform = cluster.target.perform
    assert perform(DeleteObject(CONFIG, "another"), 0).kind == "conflict"
    assert perform(DeleteObject(CONFIG, seen.id, "77"), 0).kind == "conflict"
    assert perform(DeleteObject(CONFIG, seen.id, seen.fingerprint), 0) == DONE
    assert perform(DeleteObject(CONFIG, seen.id), 0) == DONE


def test_what_is_not_ours_is_not_written(cluster: Cluster):
    checker = OnlyOurs()
    watch(cluster.world, checker)
    theirs = cluster.world.add_foreign("", stack="shop", key=CONFIG)
    assert cluster.apply(CONFIG, digest="1f").kind == "conflict"
    assert cluster.target.perform(DeleteObject(CONFIG, theirs.id), 0).kind == "conflict"
    assert len(checker.violations) == 2


def test_steps_on_instances_are_refused(cluster: Cluster):
    for step in (PullImage(WEB, "web:1"), StartInstance(WEB, "x")):
        assert cluster.target.perform(step, 0).kind == "terminal"


# -- Deployments --------------------------------------------------------------------------


def test_a_change_is_not_done_until_its_controller_has_seen_it(cluster: Cluster):
    cluster.apply()
    assert not cluster.seen().status.done
    cluster.until_done()
    cluster.apply(image="web:2")
    assert not cluster.seen().status.done


def test_a_deployment_makes_its_pods_and_is_done_when_all_are_available(cluster: Cluster):
    cluster.apply()
    cluster.go(S)
    assert cluster.seen().status.message == "4 of 4 updated, 0 available"
    cluster.until_done()
    pods = cluster.pods()
    assert len(pods) == 4
    assert all(pod.ready for pod in pods)
    assert {pod.revision for pod in pods} == {cluster.seen().status.revision}


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable"),
    [(4, "25%", "25%"), (3, 1, 0), (3, 0, 1), (1, "25%", "25%"), (5, 2, 2), (2, "100%", 0)],
)
def test_a_rolling_update_keeps_the_floor_and_the_surge(replicas, surge, unavailable):
    cluster = Cluster()
    asked = {"replicas": replicas, "rollout.max_surge": surge,
             "rollout.max_unavailable": unavailable}  # fmt: skip
    up, down = fenceposts(surge, unavailable, replicas)
    expected = {WEB: Expect(replicas, up, down)}
    checkers = CapacityFloor(expected), Surge(expected)
    watch(cluster.world, *checkers)
    cluster.apply(**asked)
    cluster.until_done()
    cluster.apply(image="web:2", **asked)
    cluster.until_done()
    cluster.go(60 * S)
    assert violations(checkers) == []
    assert {pod.fields["image"] for pod in cluster.pods()} == {"web:2"}
    assert len(cluster.pods()) == replicas


def test_a_recreate_ends_all_before_it_makes_any(cluster: Cluster):
    trace = Trace(cluster.world)
    cluster.apply(replicas=2, rollout__strategy="recreate")
    cluster.until_done()
    before = len(trace.compact)
    cluster.apply(replicas=2, image="web:2", rollout__strategy="recreate")
    cluster.until_done()
    later = trace.compact[before:]
    assert later.rindex("-") < later.index("c")


def test_a_change_of_replicas_alone_makes_no_new_revision(cluster: Cluster):
    cluster.apply(replicas=2)
    cluster.until_done()
    kept = {pod.id for pod in cluster.pods()}
    cluster.apply(replicas=5)
    cluster.until_done()
    assert kept < {pod.id for pod in cluster.pods()}
    cluster.apply(replicas=1)
    cluster.until_done()
    cluster.go(10 * S)
    assert len(cluster.pods()) == 1
    assert len({pod.revision for pod in cluster.pods()}) == 1


def test_a_change_of_replicas_during_a_rollout_is_shared_out(cluster: Cluster):
    cluster.world.rules = (rule("web:2", "never_ready"),)
    cluster.apply(replicas=10, rollout__max_surge=3)
    cluster.until_done()
    cluster.apply(replicas=10, rollout__max_surge=3, image="web:2")
    cluster.go(30 * S)
    new = cluster.seen().status.revision
    (old,) = {pod.revision for pod in cluster.pods()} - {new}
    counts = len(cluster.pods(old)), len(cluster.pods(new))
    assert counts == (8, 5)
    cluster.apply(replicas=20, rollout__max_surge=3, image="web:2")
    cluster.go(30 * S)
    assert (len(cluster.pods(old)), len(cluster.pods(new))) == (14, 9)


def test_a_bad_revision_stops_at_the_floor_and_its_deadline_is_told(cluster: Cluster):
    cluster.world.rules = (rule("web:2", "never_ready"),)
    cluster.apply()
    cluster.until_done()
    good = cluster.seen().status.revision
    cluster.apply(image="web:2")
    cluster.go(599 * S)
    assert cluster.seen().status.ok
    cluster.go(10 * S)
    status = cluster.seen().status
    assert (status.done, status.ok) == (False, False)
    assert "progress deadline exceeded" in status.message
    assert sum(pod.ready for pod in cluster.pods(good)) == 3
    cluster.apply()  # undo
    cluster.until_done()
    assert cluster.seen().status.revision == good


def test_available_means_ready_for_long_enough(cluster: Cluster):
    cluster.apply(replicas=1, rollout__min_ready=30 * S)
    cluster.go(20 * S)
    assert [pod.ready for pod in cluster.pods()] == [True]
    assert not cluster.seen().status.done
    cluster.go(15 * S)
    assert cluster.seen().status.done


def test_a_crashing_pod_is_restarted_by_its_kubelet(cluster: Cluster):
    cluster.world.behaviours["service/web"] = Behaviour(crash_after_ns=5 * S, crashes=3)
    cluster.apply(replicas=1)
    cluster.go(120 * S)
    (pod,) = cluster.pods()
    assert (pod.engine_restarts, pod.phase) == (3, "running")


def test_what_fails_its_liveness_probe_is_restarted(cluster: Cluster):
    cluster.world.behaviours["service/web"] = Behaviour(hang_after_ns=20 * S)
    cluster.apply(replicas=1, **LIVENESS)
    cluster.go(26 * S)
    (pod,) = cluster.pods()
    assert (pod.engine_restarts, pod.live) == (0, False)
    cluster.go(FIELDS["stop.grace"])  # it hears no signal
    (pod,) = cluster.pods()
    assert (pod.engine_restarts, pod.live) == (1, True)


def test_what_fails_its_liveness_probe_and_hears_the_signal_is_restarted_at_once(cluster: Cluster):
    cluster.world.behaviours["service/web"] = Behaviour(ready_ns=60 * S)
    cluster.apply(replicas=1, **LIVENESS)
    cluster.go(5 * S)
    (pod,) = cluster.pods()
    assert (pod.engine_restarts, pod.exit_code) == (1, None)


def test_an_image_that_is_missing_is_pulled_again_and_again(cluster: Cluster):
    cluster.world.images.missing = frozenset(["web:1"])
    trace = Trace(cluster.world)
    cluster.apply(replicas=1)
    cluster.go(80 * S)  # tries at 0, 10, 30 and 70 s
    assert trace.compact.count("P") == 4
    (pod,) = cluster.pods()
    assert (pod.phase, pod.message) == ("created", "image web:1 cannot be pulled")
    cluster.world.images.missing = frozenset()
    cluster.go(200 * S)
    assert cluster.seen().status.done


def test_pre_stop_uses_up_grace_and_the_kill_comes_at_its_end(cluster: Cluster):
    cluster.world.behaviours["service/web"] = Behaviour(ignores_stop=True)
    cluster.apply(replicas=1, stop__pre_stop=10 * S, stop__grace=25 * S)
    cluster.until_done()
    cluster.apply(replicas=0, stop__pre_stop=10 * S, stop__grace=25 * S)
    cluster.go(24 * S)
    assert [pod.phase for pod in cluster.pods()] == ["running"]
    cluster.go(2 * S)
    assert cluster.pods() == []


def test_deleting_a_deployment_ends_its_pods(cluster: Cluster):
    cluster.apply()
    cluster.until_done()
    seen = cluster.seen()
    assert cluster.target.perform(DeleteObject(WEB, seen.id), 0) == DONE
    cluster.go(40 * S)
    observed = cluster.target.observe(Scope("shop"))
    assert (observed.instances, dict(observed.objects)) == ((), {})
    assert [entry for entry in cluster.world.heap if entry[3].startswith("pod")] == []


def test_a_converged_deployment_comes_to_rest(cluster: Cluster):
    cluster.apply()
    cluster.until_done()
    cluster.go(3600 * S)
    assert cluster.target.next_event_ns() is None


# -- Jobs ---------------------------------------------------------------------------------


def test_a_job_is_done_when_a_pod_has_succeeded(cluster: Cluster):
    cluster.apply(JOB, image="web:1")
    assert not cluster.seen(JOB).status.done
    cluster.go(30 * S)
    assert cluster.seen(JOB).status.done
    assert len(cluster.pods()) == 1


def test_a_job_that_fails_is_tried_as_often_as_allowed(cluster: Cluster):
    cluster.world.rules = (rule("web:1", "fail"),)
    cluster.apply(JOB, image="web:1", retries=2)
    cluster.go(60 * S)
    assert len(cluster.pods()) == 3
    assert (cluster.seen(JOB).status.ok, cluster.seen(JOB).status.done) == (False, False)
