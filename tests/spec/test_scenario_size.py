"""What is too large to be simulated is refused, and says what it comes to."""

from pathlib import Path

import pytest

from reconciler.model.diagnostic import DiagnosticsError
from reconciler.spec.scenarios import load_scenario

STATE = "name: a\nservices:\n  web: {image: 'web:1', ports: ['80'], routing: {}, replicas: %s}\n"


def refused(folder: Path, text: str, replicas: int = 2) -> list[str]:
    (folder / "state.yaml").write_text(STATE % replicas)
    path = folder / "scenario.yaml"
    path.write_text(f"title: t\nstate: state.yaml\n{text}\n")
    try:
        load_scenario(path, env={})
    except DiagnosticsError as error:
        assert {each.code for each in error.diagnostics} == {"R620"}
        assert all(each.position for each in error.diagnostics)
        return [each.summary for each in error.diagnostics]
    return []


FLOW = "traffic: [{service: web, %s}]\nlasts: %s"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FLOW % ("rate: {constant: 1e7}", "2m"), "traffic[0].rate: up to 1,200,000,000"),
        (FLOW % ("rate: {low: 0, high: 2e6}", "20m"), "traffic[0].rate: up to 1,200,000,000"),
        (FLOW % ("rate: {burst: 1e7, base: 0, every: 2m, lasting: 1m}", "4m"), "up to 1,200,000"),
        (FLOW % ("clients: {count: 2000000, think: 1ms}", "1m"), "clients: up to 120,000,000,000"),
        (FLOW % ("clients: {count: 20000000}, rate: {constant: 1}", "1m"), "20,000,000 clients"),
        (
            FLOW
            % ("sessions: {kind: affine, rate: {constant: 1e5}, length: 9m, every: 1ms}", "1m"),
            "sessions: up to",
        ),
        ("work: [{service: web, rate: {constant: 1e7}, service_time: 1s}]\nlasts: 2m", "work[0]"),
        ("lasts: 1000000d", "lasts: 1000000d is too long for 3 instances"),
        ("nodes: {n: {count: 20000}}\nlasts: 1m", "20,000 nodes, and 10,000 can be"),
        ("set: {services.web.replicas: 1000000}\nlasts: 1m", "may have 1,250,000 instances"),
    ],
)
def test_a_unit_that_slipped_is_refused(text: str, said: str, tmp_path: Path) -> None:
    (found,) = refused(tmp_path, text)
    assert said in found


@pytest.mark.parametrize(
    "text",
    [
        FLOW % ("rate: {constant: 1000}", "24h"),
        FLOW % ("rate: {poisson: 100}, clients: {count: 10000000}", "1m"),
        "lasts: 31d",
        "set: {services.web.replicas: 16000}\nlasts: 1h",
    ],
)
def test_what_is_large_and_can_be_waited_for_is_not(text: str, tmp_path: Path) -> None:
    assert refused(tmp_path, text) == []
