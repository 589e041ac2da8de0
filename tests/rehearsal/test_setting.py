"""Every kind of fault that a scenario can name strikes: the run is another with it."""

from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from reconciler.model.diagnostic import DiagnosticsError
from reconciler.model.faults import FAULT_KINDS
from reconciler.model.scenario import Trouble
from reconciler.rehearsal.run import run_seed
from reconciler.sim.faults import CALL_FAULTS, EVENT_FAULTS, LOOK_FAULTS, TIMED_FAULTS
from tests.rehearsal.stacks import task

Json = dict[str, Any]
PULLED = {"at": "30s", "set": {"services.web.image": "web:2"}}
LIVENESS = {"liveness": {"http": {"path": "/live", "port": 8080}, "period": "1s"}}
APP = {"needs": {"kafka": "exit"}}
HOLDS = {"at": "30s", "lasting": "20s"}

FAULTS: dict[str, Json] = {
    "crash": {"at": "20s", "on": "web"},
    "oom": {"at": "20s", "on": "service/web", "instance": 1},
    "hang": {"at": "20s", "on": "web", "lasting": "30s"},
    "removed": {"at": "20s", "on": "web"},
    "edit": {"at": "20s", "on": "service/web", "field": "environment.A", "value": "1"},
    "node_loss": {**HOLDS, "on": "a"},
    "node_partition": {**HOLDS, "on": "a"},
    "node_drain": {**HOLDS, "on": "a"},
    "external_away": {**HOLDS, "on": "kafka"},
    "image_missing": {**HOLDS, "on": "web:*"},
    "registry_outage": HOLDS,
    "registry_denied": HOLDS,
    "registry_limited": HOLDS,
    "throttled": HOLDS,
    "unreachable": HOLDS,
    "port_taken": {**HOLDS, "amount": 8080},
    "engine_restart": {"at": "20s"},
    "fail_before": {"nth": 2},
    "fail_after": {"nth": 2},
    "lost_reply": {"nth": 2, "count": 2},
    "delay": {"nth": 2, "lasting": "5s"},
    "look_fails": {"at": "30s", "lasting": "5s"},
    "stale_view": {"at": "32s", "lasting": "10s", "amount": 6},
    "unobservable": {"at": "30s", "lasting": "10s", "on": "web"},
    # Of a service that is exchanged, the event that its instance is ready is waited for.
    "event_lost": {"at": "30s", "lasting": "20s", "on": "web"},
    "event_doubled": {"at": "30s", "lasting": "20s", "on": "web"},
    "event_delayed": {"at": "30s", "nth": 0, "lasting": "3s", "on": "web"},
    "kill_reconciler": {"nth": 2, "lasting": "10s"},
}
ONE_NODE = {"nodes": {"a": {"cpu": "4", "memory": "8Gi"}}}
# A cluster is told of a change by one call, and its pods are edited by way of their workload.
NATIVE = {
    kind: {**said, "nth": 1} if said.get("nth") == 2 else said for kind, said in FAULTS.items()
} | {"edit": {"at": "20s", "on": "web", "field": "replicas", "value": "3"}}


def test_the_kinds_are_those_that_a_scenario_the_table_and_the_world_know() -> None:
    said = get_args(get_type_hints(Trouble)["kind"])
    world = (*TIMED_FAULTS, *CALL_FAULTS, *LOOK_FAULTS, *EVENT_FAULTS)
    assert sorted(said) == sorted(FAULT_KINDS) == sorted((*world, "kill_reconciler"))
    assert sorted(FAULTS) == sorted(said)
    keys = {key for kind in FAULT_KINDS.values() for key in kind.keys}
    assert keys == set(Trouble.__dataclass_fields__) - {"kind"}


def digest(folder: Path, target: str, faults: list[Json]) -> str:
    made = task(
        folder, LIVENESS, stack={"external": {"kafka": {"address": "kafka:9092"}}, **ONE_NODE},
        behaviour={"web": APP}, changes=[PULLED], target=target, faults=faults, lasts="90s",
    )  # fmt: skip
    run, _ = run_seed(made, 0)
    return f"{run.digest} {run.converged_ns} {run.moments}"


@pytest.mark.parametrize("target", ["docker", "kubernetes"])
@pytest.mark.parametrize("kind", FAULTS)
def test_with_it_the_run_is_another(kind: str, target: str, tmp_path: Path) -> None:
    if (kind, target) == ("port_taken", "kubernetes"):
        with pytest.raises(DiagnosticsError, match="no host ports"):
            digest(tmp_path, target, [{"kind": kind, **FAULTS[kind]}])
        return
    fault = {"kind": kind, **(FAULTS if target == "docker" else NATIVE)[kind]}
    plain = digest(tmp_path, target, [])
    is_other = digest(tmp_path, target, [fault]) != plain
    # An object that was written all the same is seen at the next look: nothing is left to do.
    assert is_other is ((kind, target) != ("fail_after", "kubernetes"))
    assert digest(tmp_path, target, []) == plain
