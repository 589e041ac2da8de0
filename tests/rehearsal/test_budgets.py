"""Budgets of a run: what is held at once, by everything that has not ended yet."""

from pathlib import Path
from typing import Any

from tests.rehearsal.stacks import runs, task

POOLS: dict[str, Any] = {
    "budgets": {"pg": {"limit": 40, "terms": [{"service": "web", "factors": {"a": 2, "b": 5}}]}}
}
ONE_BY_ONE = {"rollout": {"strategy": "recreate"}, "routing": {"port": 8080}}


def test_where_the_old_go_first_as_much_is_used_as_instances_are_wanted(tmp_path: Path) -> None:
    for run in runs(task(tmp_path, ONE_BY_ONE, stack=POOLS)):
        assert run.budgets == {"pg": (20, 40)}


def test_what_still_drains_counts_beside_its_successors(tmp_path: Path) -> None:
    slow = {"service": "web", "rate": {"poisson": 5}, "service_time": "9s"}
    drained = {"termination": {"drain": "20s", "grace": "40s"}, "routing": {"port": 8080}}
    made = task(tmp_path, drained, stack=POOLS, traffic=[slow], target="kubernetes", lasts="3m")
    for run in runs(made):
        used, limit = run.budgets["pg"]
        assert limit == 40
        assert used >= 30, "two that are wanted, and at least one that drains"


def test_an_externals_limit_is_counted_against(tmp_path: Path) -> None:
    terms = [{"service": "web", "factors": {"pool": 3}}]
    stack = {
        "external": {"pg": {"address": "pg:5432", "limits": {"max_connections": 7}}},
        "budgets": {"all": {"terms": terms, "external": "pg", "limit_name": "max_connections"}},
    }
    assert runs(task(tmp_path, ONE_BY_ONE, stack=stack))[0].budgets == {"all": (6, 7)}


def test_a_factor_without_a_value_is_left_out(tmp_path: Path) -> None:
    terms = [{"service": "web", "factors": {"pool": None}}]
    waived = {"R256": {"allow": "a test"}}
    stack = {"budgets": {"open": {"limit": 9, "terms": terms}}, "checks": waived}
    assert runs(task(tmp_path, stack=stack))[0].budgets == {"open": (0, 9)}
