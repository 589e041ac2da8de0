"""What is rehearsed where nobody has written a scenario."""

from typing import Any

from reconciler.model.units import NS_PER_S
from reconciler.rehearsal.assumed import scenario_of
from tests.properties.cases import stack_of
from tests.properties.loads import service, stack


def lasts_s(replicas: int = 2, **routing: Any) -> int:
    web = service("own", replicas)
    web["routing"] = {"port": 8080, "drain": "600s", **routing}
    return scenario_of(stack_of(stack(web), "shop")).lasts // NS_PER_S


def test_it_lasts_as_long_as_drains_do_where_clients_are_tied_to_instances() -> None:
    free = lasts_s()
    tied = lasts_s(affinity={"by": "cookie", "name": "A"})
    assert free < 1000
    assert tied >= 60 + 2 * 2 * 600
    assert lasts_s(affinity={"by": "cookie", "name": "A", "timeout": "1s"}) <= tied + 60


def test_and_no_longer_than_can_be_simulated_at_once() -> None:
    free, tied = lasts_s(400), lasts_s(400, affinity={"by": "cookie", "name": "A"})
    assert tied - free == 2 * 3 * 3600
