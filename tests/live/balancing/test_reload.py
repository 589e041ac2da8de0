"""A reloaded edge keeps what is under way, and its new process knows of none of it."""

import socket
from pathlib import Path

import pytest

from reconciler.model.units import NS_PER_S
from reconciler.sim.traffic import kernel
from tests.live.balancing.backends import Backend, backends
from tests.live.balancing.held import reached
from tests.live.balancing.proxies import Proxy, haproxy, nginx
from tests.live.balancing.twin import Twin

NGINX = {"": kernel.WEIGHTED, "least_conn;": kernel.LEAST_CONN}
HAPROXY = {"roundrobin": kernel.ROUND_ROBIN_HAPROXY, "leastconn": kernel.LEAST_CONN_HAPROXY}
WEIGHTS = [[1, 1, 1], [3, 1, 2]]
BEFORE, AFTER = 5, 7  # requests that are held, none of which ends until all have come


def hold(
    proxy: Proxy, servers: list[Backend], numbers: range
) -> tuple[list[socket.socket], list[int]]:
    """Send these one after the other; who has each."""
    sent: list[socket.socket] = []
    took: list[int] = []
    for number in numbers:
        sent.append(proxy.send(f"/hold/{number}"))
        took.append(reached(servers, f"/hold/{number}"))
    return sent, took


def check_reload(
    proxy: Proxy,
    servers: list[Backend],
    twin: Twin,
    config: Path,
    rules: tuple[str, str],
    rule: int,
) -> None:
    """Requests held through a reload from one rule to another, `rule`, go as in the twin."""
    sent, took = hold(proxy, servers, range(BEFORE))
    proxy.reload(config, *rules)
    more, later = hold(proxy, servers, range(BEFORE, BEFORE + AFTER))
    for number, slot in enumerate([*took, *later]):
        servers[slot].event(servers[slot].held, f"/hold/{number}").set()
    answered = [proxy.read(each) for each in [*sent, *more]]
    long_ns = 60 * NS_PER_S
    assert took == [twin.ask(work_ns=long_ns)[0] for _ in range(BEFORE)]
    twin.kernel.set_rule(rule, True)
    assert later == [twin.ask(work_ns=long_ns)[0] for _ in range(AFTER)]
    assert [each.slot for each in answered] == [*took, *later], "none is lost for the reload"
    under_way = sum(twin.kernel.in_flight(slot) for slot in range(len(servers)))
    assert under_way == BEFORE + AFTER


@pytest.mark.live("nginx")
@pytest.mark.parametrize("weights", WEIGHTS, ids=str)
@pytest.mark.parametrize(
    ("before", "after"), [("", ""), ("least_conn;", "least_conn;"), ("", "least_conn;")], ids=str
)
def test_a_new_nginx_counts_from_nothing_and_the_old_one_answers_what_it_has(
    tmp_path: Path, before: str, after: str, weights: list[int]
) -> None:
    options = [f"weight={weight}" for weight in weights]
    with (
        backends(len(weights)) as servers,
        nginx(tmp_path, servers, before, options, master="on") as proxy,
    ):
        rules = (f"upstream b {{ {before} ", f"upstream b {{ {after} ")
        twin = Twin(NGINX[before], weights)
        check_reload(proxy, servers, twin, tmp_path / "nginx.conf", rules, NGINX[after])


@pytest.mark.live("haproxy")
@pytest.mark.parametrize("weights", WEIGHTS, ids=str)
@pytest.mark.parametrize(
    ("before", "after"),
    [("roundrobin", "roundrobin"), ("leastconn", "leastconn"), ("roundrobin", "leastconn")],
)
def test_a_new_haproxy_counts_from_nothing_and_the_old_one_answers_what_it_has(
    tmp_path: Path, before: str, after: str, weights: list[int]
) -> None:
    with (
        backends(len(weights)) as servers,
        haproxy(tmp_path, servers, before, weights, master=True) as proxy,
    ):
        rules = (f"balance {before}\n", f"balance {after}\n")
        twin = Twin(HAPROXY[before], weights)
        check_reload(proxy, servers, twin, tmp_path / "haproxy.cfg", rules, HAPROXY[after])
