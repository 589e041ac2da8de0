"""Each cause is found where its field is wrong, at that field's line, and is gone once mended."""

import re
from pathlib import Path
from typing import Any

import pytest

from reconciler.model.rehearsal import Cause, Run
from reconciler.sim.checkers import Singleton
from reconciler.sim.things import Transition
from reconciler.sim.world import World
from tests.rehearsal.stacks import CHANGE, WEB, codes, runs, task

FLOW = {"service": "web", "rate": {"poisson": 100}, "service_time": "20ms"}
HASHED = {"port": 8080, "strategy": "ip_hash", "websocket": True}
SESSIONS = [{**FLOW, "sessions": {"rate": {"poisson": 1}, "length": {"exponential": "1m"}}}]
KAFKA = {"kafka": {"address": "kafka:9092"}}
ROOM = {"nodes": {"a": {"cpu": "2", "memory": "4Gi"}}}
TWO = {"nodes": {"a": {"cpu": "2", "memory": "4Gi"}, "b": {"cpu": "2", "memory": "4Gi"}}}
ONE_OF_TWO: dict[str, Any] = {"stack": TWO, "changes": []}
BOTH = {
    "liveness": {"http": {"path": "/ready", "port": 8080}, "period": "5s", "failures": 2},
    "readiness": {
        "http": {"path": "/ready", "port": 8080, "status": [200]}, "period": "1s", "failures": 1,
    },
}  # fmt: skip


def fault(kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "at": "30s", **more}


def found(made: list[Run], code: str) -> Cause:
    causes = [cause for run in made for cause in run.causes if cause.code == code]
    assert causes, f"{code} is not among {codes(made)}"
    return causes[0]


CASES: dict[str, tuple[str, str, str, dict[str, Any], dict[str, Any]]] = {
    # what → code, path, word of its line, the service, the scenario
    "sessions tied by the hash of an address": (
        "R642", "routing.strategy", "strategy", {"routing": HASHED},
        {"traffic": SESSIONS, "edge": {"kind": "haproxy", "interval": "500ms", "fall": 2}},
    ),
    "a surge that fits no node": (
        "R638", "rollout.max_surge", "max_surge",
        {"resources": {"requests": {"cpu": "900m"}}},
        {"stack": ROOM, "checks": ["converged within 1m"]},
    ),
    "replicas that fit no node": (
        "R638", "replicas", "replicas", {"resources": {"requests": {"cpu": "500m"}}},
        {
            "stack": ROOM, "checks": ["converged within 1m"],
            "changes": [{"at": "30s", "set": {"services.web.replicas": 7}}],
        },
    ),
    "two at once of what must be one": (
        "R640", "rollout.max_surge", "max_surge", {"replicas": 1},
        {"checks": ["instances(web) <= 1"]},
    ),
    "cold instances that answer too slowly": (
        "R641", "rollout.min_ready", "rollout", {},
        {
            "checks": ["p99 <= 100ms"],
            "behaviour": {"web": {"cold": "40s", "cold_factor": 20}},
        },
    ),
    "liveness on the readiness path": (
        "R635", "liveness", "liveness", BOTH,
        {"target": "kubernetes", "behaviour": {"web": {"ready": "45s"}}, "empty": True},
    ),
    "a zone that is too narrow": (
        "R628", "", "rate_per_s", {"routing": {"port": 8080, "zone": "api"}},
        {
            "stack": {"zones": {"api": {"rate_per_s": 1, "burst": 1}}},
            "traffic": [{**FLOW, "clients": {"count": 2}}],
        },
    ),
    "a CPU limit that lets too little through": (
        "R647", "resources.limits.cpu", "cpu", {"resources": {"limits": {"cpu": "500m"}}},
        {"behaviour": {"web": {"cpu_per_request": "50ms"}}},
    ),
    "memory that grows to the limit": (
        "R630", "resources.limits.memory", "memory",
        {"resources": {"limits": {"memory": "128Mi"}}, "restart": {"policy": "always"}},
        {"behaviour": {"web": {"memory": "64Mi", "memory_per_request": 200000}}},
    ),
    "an external that is away": (
        "R636", "depends_on.kafka", "kafka",
        {"depends_on": {"kafka": "started"}, "restart": {"policy": "always"}},
        {
            "stack": {"external": KAFKA}, "behaviour": {"web": {"needs": {"kafka": "exit"}}},
            "faults": [fault("external_away", on="kafka", lasting="20s")],
        },
    ),
    "a crash of the only one": (
        "R637", "replicas", "replicas",
        {"replicas": 1, "restart": {"policy": "always"}},
        {"faults": [fault("crash", on="service/web")], "changes": []},
    ),
    "an error state after an external was away, without liveness": (
        "R631", "liveness", "web",
        {"depends_on": {"kafka": "started"}, "restart": {"policy": "always"}},
        {
            "stack": {"external": KAFKA}, "behaviour": {"web": {"needs": {"kafka": "error"}}},
            "faults": [fault("external_away", on="kafka", lasting="20s")], "changes": [],
        },
    ),
    "queues that are full": (
        "R632", "replicas", "replicas", {},
        {"behaviour": {"web": {"concurrency": 1, "backlog": 2}},
         "traffic": [{**FLOW, "service_time": "100ms"}]},
    ),
    "a singleton that is replaced": (
        "R643", "singleton", "singleton",
        {"replicas": 1, "singleton": True, "rollout": {"strategy": "recreate"}}, {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CASES)
def test_a_cause_is_traced_to_its_line(tmp_path: Path, what: str) -> None:
    code, path, word, web, scenario = CASES[what]
    cause = found(runs(task(tmp_path, web, **scenario)), code)
    if path:
        assert cause.path == f"services.web.{path}"
    assert cause.position is not None and cause.position.file.endswith(".yaml")
    line = Path(cause.position.file).read_text().splitlines()[cause.position.line - 1]
    assert word in line
    assert cause.text and cause.fix


@pytest.mark.parametrize("target", ["docker", "kubernetes"])
@pytest.mark.parametrize("kind", ["node_loss", "node_partition", "node_drain"])
def test_what_a_machine_takes_with_it_is_put_down_to_the_machine(
    tmp_path: Path, kind: str, target: str
) -> None:
    """Also what its successors are missing for, and what hung there until the edge gave up."""
    web = {"replicas": 1, "restart": {"policy": "always"}}
    faults = [fault(kind, on="a", lasting="60s")]
    made = runs(task(tmp_path, web, target=target, faults=faults, lasts="4m", **ONE_OF_TWO))
    cause = found(made, "R646")
    assert cause.path == "services.web.replicas" and cause.position is not None
    # A drain ends instances in order: what they refuse or cut is told as at any stop.
    stops = {"R622", "R623", "R626"} if kind == "node_drain" else set()
    assert codes(made) <= {"R646", *stops}
    of_stops = sum(c.requests for run in made for c in run.causes if c.code in stops)
    assert of_stops < sum(c.requests for run in made for c in run.causes if c.code == "R646")


def test_with_several_replicas_the_machines_are_to_blame(tmp_path: Path) -> None:
    faults = [fault("node_loss", on="a", lasting="60s")]
    web = {"restart": {"policy": "always"}}
    cause = found(runs(task(tmp_path, web, faults=faults, **ONE_OF_TWO)), "R646")
    assert cause.path == "nodes" and cause.position is not None


def test_what_hangs_is_not_put_down_to_liveness_on_the_readiness_path(tmp_path: Path) -> None:
    scenario = {"behaviour": {"web": {"hang_after": "90s"}}, "checks": ["restarts <= 0"]}
    made = runs(task(tmp_path, BOTH, target="kubernetes", changes=[], lasts="4m", **scenario))
    assert any(moment.text.endswith("found dead") for moment in made[0].moments)
    assert codes(made) == {"R631"}


def test_the_timeline_tells_a_machine_that_is_cut_off_from_one_that_is_lost(
    tmp_path: Path,
) -> None:
    faults = [
        fault("node_partition", on="a", lasting="5s"),
        {**fault("node_loss", on="b", lasting="5s"), "at": "50s"},
    ]
    (run, *_) = runs(task(tmp_path, faults=faults, **ONE_OF_TWO))
    said = [moment.text for moment in run.moments]
    assert "a is cut off" in said and "b is lost" in said and "a is lost" not in said


def test_moved_sessions_are_counted_and_a_cookie_is_not_blamed(tmp_path: Path) -> None:
    _, _, _, web, scenario = CASES["sessions tied by the hash of an address"]
    cause = found(runs(task(tmp_path, web, **scenario)), "R642")
    assert cause.moved > 0 and cause.first_ns is None  # when is not known, and not told
    tied = {"routing": {**HASHED, "strategy": "round_robin", "affinity": {"by": "cookie"}}}
    assert "R642" not in codes(runs(task(tmp_path, tied, **scenario)))


def test_a_surge_is_not_blamed_where_it_fits(tmp_path: Path) -> None:
    web = {"resources": {"requests": {"cpu": "600m"}}}
    made = runs(task(tmp_path, web, stack=ROOM, checks=["converged within 1m"]))
    assert not codes(made) and all(run.holds for run in made)


def test_cold_instances_are_not_blamed_for_checks_that_hold(tmp_path: Path) -> None:
    made = runs(task(tmp_path, behaviour={"web": {"cold": "40s", "cold_factor": 2}},
                     checks=["p99 <= 10s"], changes=[CHANGE]))  # fmt: skip
    assert not codes(made)


def test_what_follows_from_a_crash_is_put_down_to_the_crash(tmp_path: Path) -> None:
    web = {"replicas": 1, "restart": {"policy": "always"}, "liveness": None}
    made = runs(task(tmp_path, web, faults=[fault("crash", on="service/web")], changes=[]))
    assert codes(made) == {"R637"}


def test_the_drain_that_a_fix_names_is_enough(tmp_path: Path) -> None:
    """Also for connections that begin before a front door has heard of the stop."""
    routing = {"port": 8080, "websocket": True, "session_longest": "60s"}
    scenario: dict[str, Any] = {
        "traffic": [{**FLOW, "sessions": {"rate": {"poisson": 1}, "length": "60s"}}],
        "behaviour": {"web": {"on_stop": "finish"}}, "lasts": "10m",
        "edge": {"kind": "nginx", "active": True, "interval": "2s", "rise": 1, "fall": 2},
    }  # fmt: skip
    ports = {"ports": ["8080-8081:8080"], "rollout": {"max_surge": 0, "max_unavailable": 1}}
    web = {**ports, "routing": routing, "termination": {"drain": "30s", "grace": "50s"}}
    cause = found(runs(task(tmp_path, web, **scenario)), "R625")
    said = re.search(r"drain: (\w+), grace: (\w+)", cause.fix)
    assert said is not None and "routing.drain" not in cause.fix
    mended = {**web, "termination": {"drain": said[1], "grace": said[2]}}
    assert not {"R624", "R625"} & codes(runs(task(tmp_path, mended, **scenario)))


class Strict(Singleton):
    """Takes a successor for one too many, since no driver of ours ever lets two act at once."""

    def on_transition(self, world: World, told: Transition) -> None:
        if told.what == "started" and told.key in self.expected:
            self.blame(told, "a and b may act at once")


def test_two_that_act_at_once_of_a_singleton_are_told_at_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.rehearsal.run.Singleton", Strict)
    web = {"replicas": 1, "singleton": True, "rollout": {"strategy": "recreate"}}
    other = {"image": "web:1", "replicas": 1}
    made = runs(task(tmp_path, web, stack={"services": {"web-2": other, "web": {**WEB, **web}}}))
    cause = found(made, "R640")
    assert (cause.service, cause.path) == ("web", "services.web.singleton")
    assert "a and b may act at once" in cause.text and not any(run.holds for run in made)
