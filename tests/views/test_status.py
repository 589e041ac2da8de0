"""The status table, and the reasons below it."""

import pytest

from reconciler.model.status import ResourceStatus, Verdict
from reconciler.views.lines import rendered
from reconciler.views.status import instance_text, status_document, status_lines
from tests.support import golden
from tests.views.samples import DB, NOW_NS, S, instance, statuses


def test_the_table_comes_first_and_the_reasons_with_the_last_words_below() -> None:
    made = rendered(status_lines("shop on docker", statuses(), NOW_NS), colour=False)
    golden.check("views/status.txt", made)


def test_no_line_of_the_table_is_wider_than_the_terminal() -> None:
    long = ResourceStatus(DB, "absent", "a message that does not fit " * 5, wanted=1)
    made = rendered(status_lines("shop", [long], NOW_NS, width=80), colour=False)
    table = made.splitlines()[2:4]
    assert all(len(line) <= 80 for line in table)
    assert table[1].endswith("…")
    assert long.message.strip() in made  # the whole of it is told below


def test_what_a_log_line_would_do_to_the_terminal_is_shown_and_not_done() -> None:
    made = rendered(status_lines("shop on docker", statuses(), NOW_NS), colour=True)
    assert "\\x1b[31mout of memory" in made
    assert "\x1b[31mout of memory" not in made


def test_all_ready_is_said_so() -> None:
    made = rendered(status_lines("shop on docker", statuses()[:2], NOW_NS), colour=False)
    assert made.startswith("shop on docker: all 2 resources are ready\n")


def test_an_empty_stack_has_no_table() -> None:
    made = rendered(status_lines("shop on docker", [], NOW_NS), colour=False)
    assert made == "shop on docker: nothing is declared and nothing is there\n\n"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "running"),
        ({"ready": False}, "running, not ready"),
        ({"ready": False, "live": False}, "running, unhealthy"),
        ({"phase": "exited", "exit_code": 0}, "exited with 0"),
        ({"phase": "exited", "exit_code": 143}, "exited with 143 (SIGTERM)"),
        ({"phase": "exited", "exit_code": 127}, "exited with 127 (the command was not found)"),
        ({"phase": "restarting", "ready": False, "engine_restarts": 1},
         "restarting, not ready, restarted 1 time"),
    ],
)  # fmt: skip
def test_an_instance_says_how_it_is(given: dict[str, object], text: str) -> None:
    assert instance_text(instance("shop-web-0", **given), NOW_NS) == text


def test_the_document_counts_ages_in_seconds() -> None:
    made = status_document("shop", "docker", statuses(), Verdict("failed"), NOW_NS)
    assert made["format"] == "reconciler.status/1"
    assert made["healthy"] is False
    assert made["resources"][1]["instances"][0]["age_s"] == 90000
    assert made["resources"][2]["instances"][1]["log_tail"][0] == "starting"


def test_a_clock_that_goes_back_makes_no_negative_age() -> None:
    future = instance("shop-db-0", DB, started_at_ns=NOW_NS + 5 * S)
    status = ResourceStatus(DB, "ready", wanted=1, ready=1, instances=(future,))
    assert "  0s" in rendered(status_lines("shop", [status], NOW_NS), colour=False)
