import os
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.sim.trace import LEGEND, Trace
from tests.sim.making import Bench, S

ROOT = Path(__file__).parents[2]

HISTORY = """
from reconciler.sim.trace import Trace
from reconciler.sim.faults import Fault
from reconciler.sim.harm import install
from reconciler.sim.world import World
from tests.sim.making import DB, S, Bench

bench = Bench(World.fresh({seed}))
trace = Trace(bench.world)
install(bench.world, [Fault("crash", subject="service/*", at_ns=9 * S, every_ns=S, count=20)])
for n in range(3):
    bench.up(n)
    bench.up(n, DB)
for pod in list(bench.world.containers.values())[:3]:
    bench.signal(pod)
bench.go(60 * S)
print(trace.digest, len(trace.compact))
"""


def run(seed: int, hash_seed: str) -> str:
    made = subprocess.run(
        [sys.executable, "-c", HISTORY.format(seed=seed)],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return made.stdout


def test_one_seed_gives_one_trace_in_every_process_and_with_every_hash_seed():
    traces = {run(11, hash_seed) for hash_seed in ("0", "1", "4242")}
    assert len(traces) == 1
    assert int(traces.pop().split()[1]) > 60
    assert run(12, "0") != run(11, "0")


def test_a_trace_tells_a_life_in_one_character_each():
    bench = Bench()
    bench.network()
    trace = Trace(bench.world, keep=True)
    pod = bench.up()
    bench.disarm(pod)
    bench.signal(pod)
    bench.go(S)
    bench.remove(pod)
    assert trace.compact == "pcsRutrx-"
    assert trace.lines is not None
    assert trace.lines[2] == "0.000000000 started shop service/web shop-web-0-0 "


def test_any_difference_shows_in_the_digest():
    digests = set()
    for ordinal in (0, 1):
        bench = Bench()
        trace = Trace(bench.world)
        bench.create(ordinal)
        digests.add(trace.digest)
    assert len(digests) == 2


def test_the_legend_is_without_ambiguity():
    assert len(set(LEGEND.values())) == len(LEGEND)


@pytest.mark.parametrize("mark", sorted(LEGEND.values()))
def test_a_mark_is_one_character(mark: str):
    assert len(mark) == 1
