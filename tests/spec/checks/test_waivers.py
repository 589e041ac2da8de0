from typing import Any

import pytest

from reconciler.model.diagnostic import Diagnostic
from reconciler.model.stack import Stack
from reconciler.spec.checks import check, unsupported
from reconciler.targets.port import Capabilities
from tests.spec.checks.stacks import stack, web


def waived(code: str, reason: str = "as the vendor ships it", **sections: Any) -> Stack:
    return stack(checks={code: {"allow": reason}}, **sections)


def told(found: list[Diagnostic]) -> list[tuple[str, str, str | None]]:
    return [(f.code, f.severity, f.waived) for f in found]


def test_a_waived_finding_is_still_told_with_its_severity_and_the_reason() -> None:
    found = check(waived("R285", **web(environment={"TOKEN": "hunter2"})))
    assert told(found) == [("R285", "error", "as the vendor ships it")]
    assert not found[0].is_error


def test_a_waiver_is_for_its_own_code_alone() -> None:
    found = check(waived("R280", **web(image="web", termination={"grace": "1s"})))
    assert told(found) == [
        ("R280", "warning", "as the vendor ships it"),
        ("R202", "warning", None),
    ]


def test_a_waiver_that_is_not_needed_is_a_warning() -> None:
    (found,) = check(waived("R280", **web()))
    assert (found.code, found.severity) == ("R299", "warning")
    assert found.position is not None and found.position.file == "checks/R280"


@pytest.mark.parametrize(
    ("written", "meant"),
    [("R281", "R280"), ("r280", "R280"), ("R28O", "R280"), ("R2", "R201")],
)
def test_an_unknown_code_is_a_warning_with_the_nearest(written: str, meant: str) -> None:
    (found,) = check(waived(written, **web()))
    assert (found.code, found.severity) == ("R298", "warning")
    assert f"the nearest is {meant}" in found.summary
    assert found.position is not None and found.position.file == f"checks/{written}"


def test_a_code_that_resembles_none_gets_no_guess() -> None:
    (found,) = check(waived("latest", **web()))
    assert found.summary == "'latest' is no check"


def test_a_waiver_without_a_reason_waives_nothing() -> None:
    found = check(waived("R285", " ", **web(environment={"TOKEN": "hunter2"})))
    assert told(found) == [("R297", "error", None), ("R285", "error", None)]


def test_rules_about_waivers_cannot_be_waived() -> None:
    found = check(waived("R298", **web()))
    assert told(found) == [("R298", "warning", None)]


def test_what_a_target_does_not_act_on_can_be_waived_and_waits_for_that_target() -> None:
    asked = waived("R450", manifests=[{"kind": "ConfigMap"}])
    assert check(asked) == []
    (found,) = unsupported(asked, Capabilities("instances"), "docker")
    assert (found.code, found.severity, found.is_error) == ("R450", "error", False)
