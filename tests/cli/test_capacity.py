"""`reconciler capacity`: text, documents, exit codes."""

import json
from pathlib import Path

import pytest
import yaml

from reconciler.cli import exits
from tests.cli.conftest import Cli

FARM = """\
name: farm
services:
  web:
    image: web:1
    replicas: 3
    resources: {requests: {cpu: 500m, memory: 1Gi}}
    rollout: {max_surge: 1, max_unavailable: 0}
  db:
    image: db:1
    singleton: true
    resources: {limits: {cpu: "1", memory: 2Gi}}
external:
  pg: {address: "pg:5432", limits: {max_connections: 40}}
budgets:
  connections:
    terms: [{service: web, factors: {pool: 10}}]
    external: pg
    limit_name: max_connections
nodes:
  n: {cpu: "2", memory: 6Gi, reserved_cpu: 500m, reserved_memory: 1Gi, count: 2}
"""


@pytest.fixture
def farm(shop: Path) -> Path:
    path = shop.parent / "farm.yaml"
    path.write_text(FARM)
    return path


def test_it_says_what_fits_and_what_binds_first(cli: Cli, farm: Path) -> None:
    result = cli("capacity", "farm.yaml")
    assert (result.code, result.err) == (exits.OK, "")
    assert result.out == (
        "nodes, less what is kept back\n"
        "  n × 2  1500m CPU, 5Gi memory each\n"
        "services\n"
        "  service/web  3 wanted + 1 surge; 500m CPU and 1Gi each; 4 fit (6 alone), "
        "cpu binds\n"
        "  service/db  1 wanted; 1 CPU and 2Gi each; 1 fit (2 alone), cpu binds\n"
        "all together\n"
        "  fits  as wanted: 4 instances, 2.5 of 3 CPU, 5Gi of 10Gi memory\n"
        "    budget connections: 30 of 40\n"
        "  fits  all rolled at once: 5 instances, 3 of 3 CPU, 6Gi of 10Gi memory\n"
        "    budget connections: 40 of 40; 60 with what still drains\n"
    )


def test_what_does_not_fit_ends_with_a_code_of_its_own(cli: Cli, farm: Path) -> None:
    farm.write_text(FARM.replace("replicas: 3", "replicas: 5"))
    result = cli("capacity", "farm.yaml")
    assert result.code == exits.MISSED
    assert "does not fit  as wanted" in result.out
    assert "budget connections: 50 of 40  exceeded" in result.out
    assert "0/2 nodes are available: 2 Insufficient cpu." in result.out


@pytest.mark.parametrize(("form", "read"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_the_documents_say_the_same(cli: Cli, farm: Path, form: str, read: object) -> None:
    result = cli("capacity", "farm.yaml", "-o", form)
    assert callable(read)
    made = read(result.out)
    assert (made["format"], made["fits"]) == ("reconciler.capacity/1", True)
    assert made["nodes"][0] == {
        "name": "n",
        "count": 2,
        "cpu_m": 1500,
        "memory_bytes": 5 * 2**30,
    }
    web, _ = made["services"]
    assert (web["fit"], web["fit_alone"], web["binds"]) == (4, 6, "cpu")
    assert [stage["name"] for stage in made["stages"]] == ["as wanted", "all rolled at once"]
    assert made["stages"][0]["budgets"] == [
        {
            "name": "connections",
            "total": 30.0,
            "with_draining": 30.0,
            "limit": 40,
            "exceeded": False,
        }
    ]


def test_without_nodes_it_says_so(cli: Cli) -> None:
    result = cli("capacity", "shop.yaml")
    assert result.code == exits.OK
    assert result.out.startswith("no nodes are declared: only budgets are counted\n")


def test_a_cpu_that_cannot_be_read_is_a_diagnostic_with_its_place(cli: Cli, farm: Path) -> None:
    farm.write_text(FARM.replace('cpu: "2"', "cpu: two"))
    result = cli("capacity", "farm.yaml")
    assert result.code == exits.ERROR
    assert "R260" in result.err
    assert "farm.yaml:" in result.err
    assert "Traceback" not in result.err


def test_it_needs_a_state(cli: Cli) -> None:
    assert cli("capacity").code == exits.USAGE


def test_each_that_finds_no_place_is_told_why(cli: Cli, farm: Path) -> None:
    farm.write_text(
        FARM.replace("memory: 2Gi", "memory: 64Gi").replace("replicas: 3", "replicas: 7")
    )
    said = cli("capacity", "farm.yaml").out
    assert "service/db: 1 instance without a place; 0/2 nodes are available: 2 Insufficient" in said
    assert "service/web: 1 instance without a place; 0/2 nodes are available: 2 Ins" in said


def test_without_a_machine_nothing_has_a_place(cli: Cli, farm: Path) -> None:
    farm.write_text(FARM.replace("count: 2", "count: 0"))
    result = cli("capacity", "farm.yaml")
    assert result.code == exits.MISSED
    assert "0 fit, nodes binds; too few" in result.out
    assert "service/web: 3 instances without a place" in result.out


def test_without_nodes_and_budgets_nothing_is_said_to_fit(cli: Cli, farm: Path) -> None:
    farm.write_text("name: a\nservices: {web: {image: 'web:1'}}\n")
    result = cli("capacity", "farm.yaml")
    assert result.code == exits.OK
    assert "no bound  as wanted: 1 instance" in result.out and "  fits" not in result.out
