"""A change to a stack that runs on a real engine: rehearsed, mended, rehearsed again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli import exits
from reconciler.plan.planner import make_plan, scope_of
from reconciler.sim.engine import SimEngine
from reconciler.sim.mirror import mirror
from reconciler.sim.world import World
from reconciler.spec.load import load
from reconciler.targets.docker.target import DockerTarget
from tests.live.drift.ground import Json
from tests.live.process import SERVICE, Lab, lab
from tests.targets.docker.live import Held

pytestmark = pytest.mark.live("docker", "image")


def state(version: int, **web: Any) -> Json:
    made = {
        **SERVICE, "replicas": 2, "environment": {"VERSION": str(version)},
        "command": ["sh", "-c", "trap 'exit 0' TERM; /bin/busybox httpd -f -p 8080 & wait"],
        "ports": ["18390-18391:8080"], "volumes": ["data:/data"],
        "readiness": {"exec": ["/bin/busybox", "true"], "period": "1s"},
        "rollout": {"max_surge": 0, "max_unavailable": 1, "min_ready": "4s"},
        "termination": {"drain": "2s", "grace": "20s"},
        "routing": {"port": 8080, "websocket": True, "session_longest": "40s"}, **web,
    }  # fmt: skip
    edge = {"kind": "foreign", "check_interval": "1s", "check_failures": 2}
    return {"services": {"web": made}, "edge": edge, "volumes": {"data": {}}}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab("rehearsed", tmp_path_factory.mktemp("rehearsed")) as made:
        code, said = made.apply(made.write(state(1)))
        assert code == exits.OK, said
        yield made


def rehearse(ground: Lab, path: Path, *words: str) -> tuple[int, str]:
    process = ground.start("rehearse", str(path), "--seeds", "3", "-q", *words)
    said, _ = process.communicate(timeout=120)
    return process.returncode, said


def test_the_plan_on_the_copy_is_the_plan_on_the_engine(ground: Lab) -> None:
    stack = load([str(ground.write(state(2)))], env={}).stack
    target = DockerTarget(ground.stack, Held())
    try:
        observed = target.observe(scope_of(stack))
        real = make_plan(stack, observed, {}, target.capabilities, target="docker")
    finally:
        target.close()
    world = World.fresh(1)
    mirror(world, observed)
    copy = SimEngine(world, ground.stack)
    seen = copy.observe(scope_of(stack))
    again = make_plan(stack, seen, {}, target.capabilities, target="docker")
    assert not real.is_empty

    def what(changes: Any) -> list[Any]:
        return [(c.key, c.action, c.fields, c.from_revision, c.to_revision, dict(c.calls))
                for c in changes]  # fmt: skip

    assert what(again.changes) == what(real.changes)


def test_a_rehearsal_names_the_line_that_cuts_sessions_and_passes_once_it_is_mended(
    ground: Lab,
) -> None:
    before = ground.end_state()
    path = ground.write(state(2))
    code, said = rehearse(ground, path)
    assert code == exits.MISSED, said
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if '"drain"' in text)
    assert "R625" in said and f"{path.name}:{line}:" in said, said

    scenario = ground.folder / "traffic.yaml"
    scenario.write_text(
        f"state: {path.name}\n"
        "traffic:\n"
        "  - service: web\n"
        "    rate: {poisson: 50}\n"
        "    service_time: 20ms\n"
        "    sessions: {rate: {poisson: 0.5}, length: 40s}\n"
        "behaviour: {web: {on_stop: finish}}\n"
        "checks: [dropped <= 0, sessions_cut <= 0, converged]\n"
        "lasts: 8m\n"
    )
    mended = ground.write(state(2, termination={"drain": "60s", "grace": "80s"}))
    code, said = rehearse(ground, mended, "--scenario", str(scenario))
    assert code == exits.OK, said
    assert ground.end_state() == before  # all of it was only rehearsed
