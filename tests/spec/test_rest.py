"""What is said of the other services when one cannot be read."""

from pathlib import Path

import pytest

from reconciler.model.diagnostic import DiagnosticsError
from reconciler.spec.load import load

BROKEN = '  broken: {image: "a:1", replicas: "three"}\n'
CLEAR = "environment: {DB_PASSWORD: hunter2hunter2}"


def found_in(tmp_path: Path, services: str, rest: str = "") -> list[str]:
    file = tmp_path / "state.yaml"
    file.write_text(f"name: shop\n{rest}services:\n{BROKEN}{services}")
    with pytest.raises(DiagnosticsError) as raised:
        load([str(file)], env={})
    return [each.code for each in raised.value.diagnostics]


@pytest.mark.parametrize(
    ("service", "code"),
    [
        ('{image: "b:1", ports: [70000]}', "R116"),
        ('{image: "b:1", networks: [nowhere]}', "R150"),
        (f'{{image: "b:1", {CLEAR}}}', "R285"),
    ],
)
def test_a_broken_service_hides_no_mistake_of_another(
    service: str, code: str, tmp_path: Path
) -> None:
    assert found_in(tmp_path, f"  web: {service}\n") == ["R113", code]


@pytest.mark.parametrize(
    ("service", "rest"),
    [
        ('{image: "b:1", depends_on: {broken: healthy}}', ""),
        ('{image: "b:1", routing: {host: a, forward_auth: {service: broken, path: /}}}', ""),
        ('{image: "b:1"}', "budgets: {b: {limit: 1, terms: [{service: broken}]}}\n"),
        ('{image: "b:1"}', "adopt: {containers: {old: broken}}\n"),
        ('{image: "b:1"}', "checks: {R285: {allow: it is a demonstration}}\n"),
    ],
)
def test_what_names_a_broken_service_is_not_blamed_for_it(
    service: str, rest: str, tmp_path: Path
) -> None:
    assert found_in(tmp_path, f"  web: {service}\n", rest) == ["R113"]


def test_what_is_broken_beside_the_services_is_told_first(tmp_path: Path) -> None:
    services = f'  web: {{image: "b:1", {CLEAR}}}\n'
    assert set(found_in(tmp_path, services, "volumes: [data]\n")) == {"R113"}
