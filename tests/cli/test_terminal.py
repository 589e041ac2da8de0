"""Terminals, colours, prompts and signals: the command as a process of its own."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reconciler.cli import exits
from reconciler.cli.console import Console, wants_colour

ROOT = Path(__file__).parent.parent.parent
COMMAND = (sys.executable, "-m", "reconciler")


def environment(**given: str) -> dict[str, str]:
    plain = {k: v for k, v in os.environ.items() if k not in ("CI", "NO_COLOR", "FORCE_COLOR")}
    return {
        **plain, "PYTHONPATH": str(ROOT), "RECONCILER_TARGET": "simulator", "TERM": "xterm",
        "COLUMNS": "80", "LINES": "24", **given,
    }  # fmt: skip


def on_terminal(*arguments: str, answer: str = "", **env: str) -> tuple[int, str]:
    """Run with all three streams on a terminal; its exit code and all that was shown."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdin=follower, stdout=follower, stderr=follower,
        env=environment(**env), close_fds=True,
    )  # fmt: skip
    os.close(follower)
    shown, asked = b"", False
    while True:
        ready, _, _ = select.select([leader], [], [], 20)
        try:
            piece = os.read(leader, 65536) if ready else b""
        except OSError:  # the other end was closed
            piece = b""
        if not piece:
            break
        shown += piece
        if answer and not asked and (b"[y/N]" in shown or b"Type " in shown):
            asked = True
            os.write(leader, answer.encode() + b"\n")
    os.close(leader)
    return process.wait(timeout=20), shown.decode()


class Stream:
    """A stream that is, or is not, a terminal."""

    def __init__(self, terminal: bool) -> None:
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.mark.parametrize(
    ("terminal", "env", "refused", "colour"),
    [
        (True, {}, False, True),
        (False, {}, False, False),
        (True, {}, True, False),
        (True, {"NO_COLOR": "1"}, False, False),
        (True, {"NO_COLOR": ""}, False, True),
        (True, {"TERM": "dumb"}, False, False),
        (False, {"FORCE_COLOR": "1"}, False, True),
        (False, {"FORCE_COLOR": "0"}, False, False),
        (True, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, False),
        (False, {"FORCE_COLOR": "1", "TERM": "dumb"}, False, True),
    ],
)
def test_colours_follow_the_flag_the_environment_and_the_stream(
    terminal: bool, env: dict[str, str], refused: bool, colour: bool
) -> None:
    assert wants_colour(Stream(terminal), env, refused=refused) is colour  # type: ignore[arg-type]


@pytest.mark.parametrize("env", [{"CI": "true", "TERM": "xterm"}, {"TERM": "dumb"}, {}])
def test_nothing_is_redrawn_where_that_makes_a_mess(env: dict[str, str]) -> None:
    console = Console(env=env, err=Stream(True))  # type: ignore[arg-type]
    assert not console.can_redraw


def test_an_answer_on_the_terminal_is_enough(shop: Path) -> None:
    code, shown = on_terminal("apply", "shop.yaml", answer="y")
    assert code == exits.OK
    assert "\x1b[32m4 created\x1b[0m" in shown


def test_another_answer_does_nothing(shop: Path) -> None:
    code, shown = on_terminal("apply", "shop.yaml", answer="n")
    assert code == exits.UNCONFIRMED
    assert "not confirmed; nothing was done" in shown
    assert not shop.with_name(".reconciler-world.json").exists()


def test_continuous_integration_is_not_asked(shop: Path) -> None:
    code, shown = on_terminal("apply", "shop.yaml", CI="true")
    assert code == exits.UNCONFIRMED
    assert "[y/N]" not in shown


def test_no_escape_sequence_where_colours_are_refused(shop: Path) -> None:
    for arguments, env in ((("--no-color",), {}), ((), {"NO_COLOR": "1"})):
        code, shown = on_terminal("plan", "shop.yaml", *arguments, **env)
        assert code == exits.OK
        assert "\x1b" not in shown


def test_a_reader_that_goes_away_is_no_error_to_tell(shop: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.wait(timeout=20) == exits.BROKEN_PIPE
    assert process.stderr.read() == b""
    process.stderr.close()


SLOW = """
import sys, time
from reconciler.sim.engine import SimEngine
perform = SimEngine.perform
def slow(self, step, deadline_ns):
    print("CALL", file=sys.stderr, flush=True)
    time.sleep({seconds})
    return perform(self, step, deadline_ns)
SimEngine.perform = slow
from reconciler.__main__ import main
main()
"""


def begun(seconds: float) -> "subprocess.Popen[str]":
    """An apply whose calls take this long, at its first call."""
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW.format(seconds=seconds), "apply", "shop.yaml", "--yes"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment(),
    )  # fmt: skip
    assert process.stderr is not None
    for line in process.stderr:
        if line.strip() == "CALL":
            break
    return process


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, exits.INTERRUPTED), (signal.SIGTERM, exits.TERMINATED)],
)
def test_the_first_signal_stops_cleanly_and_the_next_apply_goes_on(
    shop: Path, number: int, code: int
) -> None:
    process = begun(0.2)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert "stopping: what is under way ends" in err
    assert "the next apply goes on from here" in out
    again = subprocess.run(
        [*COMMAND, "apply", "shop.yaml", "--yes"], env=environment(), capture_output=True, text=True
    )
    assert again.returncode == exits.OK
    assert "Done in" in again.stdout


def test_the_second_signal_aborts_at_once(shop: Path) -> None:
    process = begun(10)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == exits.INTERRUPTED
    assert time.monotonic() - began < 5
