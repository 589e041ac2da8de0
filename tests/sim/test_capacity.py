"""How many instances fit, and what binds first."""

from collections.abc import Mapping
from typing import Any

import pytest

from reconciler.model.capacity import Capacity, Fit, Stage, Use
from reconciler.model.container import Amounts, Resources
from reconciler.model.lifecycle import Autoscale, Rollout
from reconciler.model.service import Service
from reconciler.model.stack import Budget, BudgetTerm, Declared, External, Node, Stack
from reconciler.model.units import parse_size_bytes
from reconciler.sim.capacity import capacity_of


def service(cpu: int | None = None, memory: str = "0", **more: Any) -> Service:
    amounts = Amounts(cpu=cpu, memory=parse_size_bytes(memory) or None)
    return Service(image="a:1", resources=Resources(requests=amounts), **more)


def report(
    services: Mapping[str, Service], nodes: Mapping[str, Node] | None = None, **more: Any
) -> Capacity:
    return capacity_of(Stack(Declared(name="s", services=services, nodes=nodes or {}, **more)))


def node(cpu: str = "0", memory: str = "0", **more: Any) -> Node:
    sizes = {"memory": memory, "reserved_memory": more.pop("reserved_memory", "0")}
    return Node(cpu=cpu, **{name: parse_size_bytes(size) for name, size in sizes.items()}, **more)


def only(made: Capacity) -> Fit:
    (fit,) = made.fits
    return fit


def stage(made: Capacity, name: str) -> Stage:
    return next(stage for stage in made.stages if stage.name == name)


# -- airssys: a node of 16 GB keeps 2 GB and a core back; components of 256 MB --------------------


@pytest.mark.parametrize(
    ("memory", "reserved", "each", "fit"),
    [("16G", "2G", "256M", 54), ("16Gi", "2Gi", "256Mi", 56), ("16G", "2G", "256Mi", 52)],
)
def test_a_node_of_16_takes_54_components_in_decimal_units_and_56_in_binary(
    memory: str, reserved: str, each: str, fit: int
):
    machine = node("8", memory, reserved_cpu="1", reserved_memory=reserved)
    made = only(report({"component": service(10, each, replicas=5)}, {"n": machine}))
    assert (made.alone, made.beside, made.binds, made.held_back) == (fit, fit, "memory", False)


def test_with_two_cores_each_80_percent_of_7_binds_before_memory():
    machine = node("8", "16Gi", reserved_cpu="1", reserved_memory="2Gi", max_utilisation=80)
    made = only(report({"component": service(2000, "512Mi", replicas=1)}, {"n": machine}))
    assert (made.alone, made.binds, made.held_back) == (2, "cpu", True)  # 5.6 cores of 7, for 2
    all_of_it = node("8", "16Gi", reserved_cpu="1", reserved_memory="2Gi")
    more = only(report({"component": service(2000, "512Mi", replicas=1)}, {"n": all_of_it}))
    assert (more.alone, more.binds, more.held_back) == (3, "cpu", False)


@pytest.mark.parametrize(("cores", "fit"), [("4", 30), ("8", 70), ("16", 150)])
def test_more_cores_take_more_components(cores: str, fit: int):
    machine = node(cores, "64Gi", reserved_cpu="1", reserved_memory="2Gi")
    made = only(report({"component": service(100, "64Mi")}, {"n": machine}))
    assert (made.alone, made.binds) == (fit, "cpu")


# -- several services ---------------------------------------------------------------------------


def test_what_the_others_hold_is_not_free():
    services = {"web": service(500, replicas=2), "db": service(1000, replicas=1)}
    made = report(services, {"n": node("4")})
    web, db = made.fits
    assert (web.alone, web.beside) == (8, 6)
    assert (db.alone, db.beside) == (4, 3)
    assert made.ok


def test_a_rest_on_each_machine_is_lost():
    made = only(report({"web": service(600)}, {"n": node("1", count=3)}))
    assert made.alone == 3  # and not 5 of 3000


def test_instances_without_a_place_are_told_with_the_reason():
    services = {"web": service(600, replicas=4), "small": service(100, replicas=2)}
    made = report(services, {"n": node("1", count=3)})
    wanted = stage(made, "as wanted")
    assert dict(wanted.missing) == {"web": 1}
    assert wanted.why == {"web": "0/3 nodes are available: 3 Insufficient cpu."}
    assert (wanted.instances, wanted.cpu_m, made.ok) == (6, 2600, False)


def test_surge_is_counted_for_one_service_alone_and_for_all_at_once():
    rollout = Rollout(max_surge=1, max_unavailable=0)
    services = {name: service(300, replicas=1, rollout=rollout) for name in ("a", "b")}
    made = report(services, {"n": node("1")})
    assert [fit.rolls for fit in made.fits] == [True, True]
    assert stage(made, "as wanted").fits
    assert dict(stage(made, "all rolled at once").missing) == {"b": 1}


def test_the_autoscale_maximum_has_stages_of_its_own():
    scaled = service(100, autoscale=Autoscale(min=2, max=10, cpu=70), rollout=Rollout(max_surge=5))
    made = report({"web": scaled}, {"n": node("1200m")})
    assert [s.name for s in made.stages] == [
        "as wanted", "all rolled at once", "autoscale maximum", "autoscale maximum, all rolled",
    ]  # fmt: skip
    assert [s.instances for s in made.stages] == [2, 7, 10, 15]
    assert [s.fits for s in made.stages] == [True, True, True, False]


def test_without_requests_or_nodes_nothing_bounds():
    made = only(report({"web": service()}, {"n": node("1")}))
    assert (made.alone, made.beside, made.binds) == (None, None, "")
    assert only(report({"web": service(100)})).beside is None


def test_a_budget_can_bind_before_the_nodes_do():
    term = BudgetTerm(service="web", factors={"workers": 4.0, "pool": 5.0})
    other = BudgetTerm(service="api", factors={"pool": 10.0})
    budget = Budget(terms=(term, other), external="pg", limit_name="max_connections")
    made = report(
        {"web": service(100, replicas=3), "api": service(100, replicas=2)}, {"n": node("4")},
        budgets={"postgres": budget},
        external={"pg": External(limits={"max_connections": 100.0})},
    )  # fmt: skip
    web = made.fits[0]
    assert (web.alone, web.beside, web.binds) == (40, 4, "budget postgres")  # (100 - 2 x 10) / 20
    assert stage(made, "as wanted").budgets == (Use("postgres", 80.0, 80.0, 100.0),)
    rolled = stage(made, "all rolled at once")  # one more of each
    assert (rolled.exceeded, rolled.fits) == (("postgres",), False)


def test_a_factor_without_a_value_leaves_a_budget_open():
    term = BudgetTerm(service="web", factors={"pool": None})
    made = report({"web": service(1)}, budgets={"pg": Budget(terms=(term,), limit=10.0)})
    assert made.unbounded == ("pg",)
    assert made.ok


def test_a_large_service_that_fits_among_small_ones_is_not_called_too_many():
    services = {"small": service(100, replicas=8), "large": service(900, replicas=1)}
    made = report(services, {"n": node("1", count=2)})
    small, large = made.fits
    assert stage(made, "as wanted").fits
    assert (small.beside, large.beside) == (11, 1)
