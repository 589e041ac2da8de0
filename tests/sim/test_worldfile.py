import json
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from reconciler.model.diagnostic import DiagnosticsError
from reconciler.model.observed import Scope
from reconciler.model.record import Record
from reconciler.model.step import ApplyObject
from reconciler.sim import clock
from reconciler.sim.behaviour import Behaviour, rule
from reconciler.sim.cluster import SimCluster
from reconciler.sim.faults import Fault
from reconciler.sim.harm import install
from reconciler.sim.trace import Trace
from reconciler.sim.world import World
from reconciler.sim.worldfile import FORMAT, decode, encode, load, locked, save
from tests.sim.making import FIELDS, WEB, Bench, S

ROOT = Path(__file__).parents[2]


def busy() -> Bench:
    """A world with some of everything, in the middle of things."""
    world = World.fresh(5, missing_images=["gone:1"])
    world.behaviours["service/web"] = Behaviour(crash_after_ns=7 * S)
    world.rules = (rule("web:2", "hang", stop_ns=4 * S),)
    bench = Bench(world)
    install(
        world,
        [Fault("lost_reply", on="create", nth=3), Fault("crash", at_ns=20 * S),
         Fault("edit", subject="network/*", at_ns=S, every_ns=S, count=9, field="a", value="b")],
    )  # fmt: skip
    bench.up(0)
    bench.signal(bench.up(1, image="web:2", **{"volumes./x": "/host"}))
    bench.start(bench.create(2))
    world.add_foreign("theirs", ports="80")
    body = {"revision": "r1", "fields": {"command": ["a", "b"]}}
    world.put_record("shop", Record("revision", "web", 1, body))
    cluster = SimCluster(world, "cloud")
    cluster.perform(ApplyObject(WEB, {**FIELDS, "replicas": 3}), 0)
    cluster.advance(world.now_ns + 2 * S)
    cluster.perform(ApplyObject(WEB, {**FIELDS, "image": "web:2", "replicas": 3}), 0)
    return bench


def future(world: World) -> tuple[str, str]:
    """What happens in the next minutes, by both façades' rules."""
    SimCluster(world, "cloud")
    trace = Trace(world)
    clock.run_until(world, world.now_ns + 300 * S)
    return trace.compact, trace.digest


def test_a_world_read_back_goes_on_as_if_it_had_never_been_written(tmp_path: Path):
    world = busy().world
    path = tmp_path / "world.json"
    save(world, path)
    back = load(path)
    assert back is not None
    assert encode(back) == encode(world)
    for stack in ("shop", "cloud"):
        ours, theirs = Bench(world, stack).engine, Bench(back, stack).engine
        assert ours.observe(Scope(stack)) == theirs.observe(Scope(stack))
    expected = future(world)
    assert future(back) == expected
    assert len(expected[0]) > 40


def test_the_file_is_plain_json_and_says_its_format():
    data = encode(busy().world)
    text = json.dumps(data)
    assert json.loads(text) == data
    assert data["format"] == FORMAT
    assert encode(decode(json.loads(text))) == data


def test_nothing_of_a_world_is_forgotten_by_the_file_or_by_a_clone():
    world = busy().world
    # Whoever listens to a world, or loads it, does so as long as its process lives.
    derived = {"names", "listeners", "writers", "tape", "traffic", "usage"}
    assert set(encode(world)) - {"format"} == {f.name for f in fields(World)} - derived
    assert encode(world.clone()) == encode(world)
    assert world.clone().names == decode(encode(world)).names == world.names


def test_no_file_is_no_world(tmp_path: Path):
    assert load(tmp_path / "none.json") is None


def refusal(path: Path) -> tuple[str, str]:
    with pytest.raises(DiagnosticsError) as error:
        load(path)
    (finding,) = error.value.diagnostics
    assert str(path) in finding.summary
    return finding.code, finding.hint


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"format": 2}', "\x00"])
def test_a_broken_file_is_a_diagnostic(tmp_path: Path, text: str):
    path = tmp_path / "world.json"
    path.write_text(text)
    code, hint = refusal(path)
    assert code == "R601"
    assert "remove the file" in hint


@pytest.mark.parametrize("name", ["containers", "heap", "streams", "stacks", "images"])
def test_a_file_with_a_damaged_part_is_a_diagnostic(tmp_path: Path, name: str):
    data = encode(busy().world)
    data[name] = [1]
    path = tmp_path / "world.json"
    path.write_text(json.dumps(data))
    assert refusal(path)[0] == "R601"


def test_a_newer_file_is_a_diagnostic(tmp_path: Path):
    path = tmp_path / "world.json"
    path.write_text(json.dumps({**encode(World.fresh()), "format": FORMAT + 1}))
    assert refusal(path)[0] == "R602"


def test_a_file_that_is_no_text_or_a_folder_is_a_diagnostic(tmp_path: Path):
    path = tmp_path / "world.json"
    path.write_bytes(b"\xff\xfe")
    assert refusal(path)[0] == "R604"
    assert refusal(tmp_path)[0] == "R604"


def test_writing_leaves_the_old_world_or_the_new_one_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "world.json"
    save(World.fresh(1), path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(DiagnosticsError, match="cannot be written"):
        patch.setattr(os, "fsync", full)
        save(World.fresh(2), path)
    assert [each.name for each in tmp_path.iterdir()] == ["world.json"]
    back = load(path)
    assert back is not None
    assert back.seed == 1


def test_a_folder_that_is_not_there_cannot_be_written_to(tmp_path: Path):
    with pytest.raises(DiagnosticsError, match="cannot be written"):
        save(World.fresh(), tmp_path / "none" / "world.json")


def test_a_second_process_is_kept_out_until_the_first_has_ended(tmp_path: Path):
    path = tmp_path / "deep" / "world.json"
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from reconciler.model.diagnostic import DiagnosticsError\n"
        "from reconciler.sim.worldfile import locked\n"
        "try:\n"
        "    with locked(Path(sys.argv[1])):\n"
        "        print('mine')\n"
        "except DiagnosticsError as error:\n"
        "    print(error.diagnostics[0].code)\n"
    )

    def other() -> str:
        made = subprocess.run(
            [sys.executable, "-c", code, str(path)], cwd=ROOT, capture_output=True, text=True,
            check=True, timeout=60, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        return made.stdout.strip()

    with locked(path):
        assert other() == "R603"
    assert other() == "mine"


def test_a_lock_that_cannot_be_made_is_a_diagnostic(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DiagnosticsError) as error, locked(tmp_path / "file" / "world.json"):
        raise AssertionError
    assert error.value.diagnostics[0].code == "R604"
