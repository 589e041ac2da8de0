import re
from typing import Any

import pytest

from reconciler.model.stack import Stack
from reconciler.spec.checks import CHECKS, Check, check
from tests.spec.checks.cases import FIRES, QUIET
from tests.spec.checks.stacks import ADAPTER, findings, routed, stack, web

BY_CODE = {each.code: each for each in CHECKS}


@pytest.mark.parametrize(
    ("code", "sections", "place"),
    [
        pytest.param(code, sections, place, id=f"{code}-{number}")
        for code, cases in FIRES.items()
        for number, (sections, place) in enumerate(cases)
    ],
)
def test_a_check_fires_once_at_the_place_that_asks_for_it(
    code: str, sections: dict[str, Any], place: str
) -> None:
    (found,) = findings(code, sections)
    assert found.position is not None and found.position.file == place
    assert found.severity == BY_CODE[code].severity
    assert found.detail == BY_CODE[code].detail
    assert found.hint
    assert found.waived is None


@pytest.mark.parametrize(
    ("code", "sections"),
    [
        pytest.param(code, sections, id=f"{code}-{number}")
        for code, cases in QUIET.items()
        for number, sections in enumerate(cases)
    ],
)
def test_a_check_is_silent_where_nothing_is_wrong(code: str, sections: dict[str, Any]) -> None:
    assert findings(code, sections) == []


def test_every_check_is_shown_firing_and_not_firing() -> None:
    codes = {each.code for each in CHECKS}
    assert set(FIRES) == codes
    assert set(QUIET) == codes
    assert all(FIRES.values()) and all(QUIET.values())


def test_codes_are_unique_and_in_their_range() -> None:
    codes = [each.code for each in CHECKS]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"R2\d\d", code) for code in codes)


@pytest.mark.parametrize("each", CHECKS, ids=lambda each: each.code)
def test_a_check_says_what_why_and_what_to_do(each: Check) -> None:
    assert each.title.endswith(".") and each.title.count(".") <= each.title.count("-Xmx") + 1
    assert each.why.endswith(".") and len(each.why) > 20
    assert each.fix and not each.fix.endswith(".")
    assert not each.source.endswith(".")


@pytest.mark.parametrize("case", [*FIRES["R285"], *FIRES["R286"]], ids=lambda case: case[1])
def test_a_secret_in_clear_is_found_and_never_shown(case: tuple[dict[str, Any], str]) -> None:
    values = ("hunter2", "sk-abc", "AKIAABC", "ghp_a", "BEGIN RSA")
    told = repr(check(stack(**case[0])))
    assert [value for value in values if value in told] == []


def test_the_sum_of_a_budget_says_how_it_came_about() -> None:
    (sections, _), *_ = FIRES["R255"][1:]
    (found,) = findings("R255", sections)
    said = "budget db comes to 50 of 40: web (4 + 1 surge) × 10; with what still drains 80"
    assert found.summary == said


def test_what_still_drains_is_told_beside_what_does_not() -> None:
    (sections, _), *_ = FIRES["R262"]
    (found,) = findings("R262", sections)
    assert found.summary == (
        "budget db comes to 50 of 70, and to 80 with what still drains: "
        "web (4 + 1 surge + 3 draining) × 10"
    )


def test_a_cut_connection_is_told_with_its_numbers() -> None:
    (found,) = findings("R203", web(**routed(session_longest="1h")))
    assert "sessions of up to 1h" in found.summary
    assert "by up to 59m" in found.summary


def test_the_rolling_gap_names_the_port() -> None:
    (found,) = findings("R245", web(ports=["8080:80"]))
    assert "a rolling update has a gap, port 8080 must be freed first" in found.summary


def test_the_waves_of_a_shutdown_are_counted_through_jobs() -> None:
    sections = {
        "services": {
            "db": {"image": "db:1"},
            "web": {"image": "web:1", "depends_on": {"job/migrate": "completed"}},
        },
        "jobs": {"migrate": {"image": "web:1", "depends_on": {"service/db": "started"}}},
        "shutdown": {"stop": "5s", "total": "9s"},
    }
    (found,) = findings("R206", sections)
    assert "2 waves of 5s" in found.summary


def test_a_cycle_is_no_reason_to_stop_checking() -> None:
    sections = {
        "services": {
            "a": {"image": "a", "depends_on": {"service/b": "started"}},
            "b": {"image": "b:1", "depends_on": {"service/a": "started"}},
        },
        "shutdown": {"stop": "5s", "total": "9s"},
    }
    assert findings("R206", sections) == []
    assert len(findings("R280", sections)) == 1


def test_a_plain_stack_has_no_findings() -> None:
    plain = web(
        replicas=2, **routed(host="shop.example"), termination={"drain": "30s", "grace": "45s"}
    )
    assert check(stack(**plain)) == []


def test_a_stack_without_a_file_is_checked_too() -> None:
    declared = ADAPTER.validate_python({"name": "shop", **web(image="web")})
    (found,) = check(Stack(declared))
    assert found.code == "R280" and found.position is None


def test_findings_come_sorted_by_position_whatever_the_order_of_the_file() -> None:
    services = {name: {"image": name, "termination": {"grace": "1s"}} for name in "cab"}
    found = check(stack(services=services))
    assert [f.sort_key for f in found] == sorted(f.sort_key for f in found)
    turned = dict(reversed(services.items()))
    assert check(stack(services=turned)) == found


def test_a_range_of_host_ports_is_compared_with_each_of_many() -> None:
    # Wide ranges on many addresses: what overlaps is found without comparing all pairs.
    services = {
        f"s{n}": {
            "image": "s:1",
            "replicas": 1,
            "ports": [{"container": 80, "host": 1000, "last": 60000, "ip": f"10.0.0.{n}"}],
        }
        for n in range(200)
    }
    assert findings("R270", {"services": services}) == []
    services["all"] = {"image": "s:1", "ports": ["59999:80"]}
    (found,) = findings("R270", {"services": services})
    assert found.position is not None and found.position.file == "services/all/ports/0"
