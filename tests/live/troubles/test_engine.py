"""An engine that is restarted half-way, and one whose disk is full: each test's own."""

import gc
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.troubles.command import Command, Engine
from tests.live.troubles.own_engine import OwnEngine

pytestmark = [
    pytest.mark.live("docker", "dockerd"),
    # The SDK leaves the socket of a connection that it could not make to the collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
DISK = "24m"


@pytest.fixture
def own(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OwnEngine]:
    """An engine on a small disk, which the command line uses."""
    folder = tmp_path_factory.mktemp("engine")
    made = OwnEngine(folder)
    made.data.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(made.data)]
    subprocess.run(mount, check=True)
    try:
        made.start()
        made.load()
        monkeypatch.setenv("DOCKER_HOST", made.host)
        yield made
    finally:
        made.stop()
        subprocess.run(["umount", "--lazy", str(made.data)], check=True)
        gc.collect()


@pytest.fixture
def seen(own: OwnEngine, engine: Engine) -> Iterator[Engine]:
    made = own.seen("own")
    made.stack = engine.stack
    yield made
    made.clean()


def test_a_full_disk_is_told_and_room_on_it_finishes(
    own: OwnEngine, seen: Engine, command: Command
) -> None:
    command.write({"configs": ["big:/big"]}, configs={"big": {"content": "x" * 300_000}})
    filler = Path(own.data) / "filler"
    with filler.open("wb") as held, pytest.raises(OSError, match="No space left"):
        while True:
            held.write(b"\0" * 65_536)
            held.flush()
    command.apply("--timeout", "4s").check_refused("R430", "no space left on device", "image prune")
    filler.unlink()
    command.check_finishes()
    assert len(seen.containers()) == 1


def test_an_engine_restarted_half_way_is_told_and_the_next_apply_finishes(
    own: OwnEngine, seen: Engine, command: Command
) -> None:
    ready = {"exec": ["/bin/busybox", "test", "-e", "/never"], "period": "1s", "failures": 60}
    command.write({"readiness": ready, "rollout": {"deadline": "60s"}})

    def again() -> None:
        end = time.monotonic() + 20
        while not seen.containers() and time.monotonic() < end:
            time.sleep(0.1)
        own.stop()
        own.start()

    restart = threading.Thread(target=again)
    restart.start()
    said = command.apply("--timeout", "25s")
    restart.join()
    said.check_refused("Nothing is lost: the next apply goes on from here")
    # Whether a look or a call meets the gap is a matter of moments.
    assert "looking again" in said.text or "[R4" in said.text, said.text
    command.write()
    command.check_finishes()
    (raw,) = seen.containers()
    assert raw["State"]["Running"]
