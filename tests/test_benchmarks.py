"""The benchmarks' own machinery: what they print, and when they say that a bar is met."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.converged import stack
from benchmarks.figure import SHORT, Figure, Measured, Unavailable, alone, in_turn, rounds
from benchmarks.figures import FIGURES
from benchmarks.ground import engine
from benchmarks.process import python, run
from benchmarks.relay import REQUEST
from benchmarks.stacks import write
from reconciler.spec.load import load
from tests.test_tidy import ROOT

KEYS = ["figure", "value", "unit", "peer", "peer_value", "ratio", "bar", "ok"]


def figure(*, more_is_better: bool = False) -> Figure:
    return Figure(
        name="one", about="a figure", unit="s", bar=3, peer="another",
        measure=lambda: Measured(0), more_is_better=more_is_better,
    )  # fmt: skip


def test_the_closing_line_holds_what_was_promised_and_nothing_else() -> None:
    line = json.loads(figure().line(Measured(1.23456, 2.0)))
    assert list(line) == KEYS
    assert (line["value"], line["ratio"], line["bar"], line["ok"]) == (1.235, 0.6173, 3, True)


def test_without_a_peer_there_is_no_ratio() -> None:
    line = json.loads(figure().line(Measured(1)))
    assert (line["peer_value"], line["ratio"]) == (None, None)


@pytest.mark.parametrize(
    ("value", "more_is_better", "met"),
    [(3, False, True), (3.1, False, False), (3, True, True), (2.9, True, False)],
)
def test_a_bar_is_the_most_or_the_least(value: float, more_is_better: bool, met: bool) -> None:
    assert figure(more_is_better=more_is_better).meets(Measured(value)) is met


def test_another_number_above_its_bar_fails_the_figure() -> None:
    assert not figure().meets(Measured(1, None, {"memory": (501, 500)}))


def test_ours_and_the_peer_take_turns_after_a_warm_up() -> None:
    calls: list[str] = []

    def take(name: str, value: float) -> float:
        calls.append(name)
        return value

    turns = in_turn(lambda: take("ours", 3), lambda: take("peer", 1))
    assert calls == ["ours", "peer"] * 6
    assert (turns.ours_median, turns.peer_median, turns.difference_median) == (3, 1, 2)


def test_what_is_measured_alone_is_a_median_too() -> None:
    values = iter([100, 5, 1, 4, 2, 3])
    assert alone(lambda: float(next(values))) == 3


def test_a_process_is_told_by_its_time_and_its_memory() -> None:
    ran = run(python("-c", "x = bytearray(64_000_000)"))
    assert ran.wall_s > 0
    assert ran.peak_bytes > 64_000_000


def test_a_process_that_fails_is_not_measured() -> None:
    with pytest.raises(RuntimeError, match="exit 3"):
        run(python("-c", "raise SystemExit(3)"))


def test_the_list_names_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert [line.split()[0] for line in printed.splitlines()] == list(FIGURES)


@pytest.mark.parametrize("arguments", [["no-such-figure"], ["--nonsense"], ["a", "b"]])
def test_misuse_is_told_from_a_bar_that_is_not_met(arguments: list[str]) -> None:
    assert main(arguments) == 64


def test_the_module_can_be_run() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "startup" in done.stdout


def test_the_text_and_the_model_of_the_large_stack_are_the_same(tmp_path: Path) -> None:
    file = write(tmp_path / "large.yaml", 50)
    assert load([str(file)], env={}).stack.declared == stack(50).declared


def test_a_figure_without_its_engine_is_skipped_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/engine.sock")
    for name in ("plan-noop", "create-50", "death-to-restart", "broken-update", "idle"):
        assert main([name]) == 0
        assert f"skipped: {name}: no Docker Engine answers" in capsys.readouterr().out


def test_no_engine_is_told_from_one_that_lacks_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(Unavailable, match="no Docker Engine answers"):
        engine()


def test_long_figures_make_fewer_rounds_when_all_are_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(SHORT, raising=False)
    assert rounds() == 5
    monkeypatch.setenv(SHORT, "1")
    assert rounds(9, 3) == 3


def test_the_relay_knows_a_request_by_its_first_line() -> None:
    line = REQUEST.match(b"POST /v1.41/containers/create?name=a-0 HTTP/1.1\r\nHost: x\r\n\r\n")
    assert line is not None
    assert (line[1], line[2]) == (b"POST", b"/containers/create?name=a-0")
    assert REQUEST.match(b'{"Id": "POST /v1.41/"}') is None
