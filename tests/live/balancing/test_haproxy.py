"""The kernel chooses as a real HAProxy does: the same clients, the same choice."""

import math
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from reconciler.sim.traffic import kernel
from tests.live.balancing.backends import backends
from tests.live.balancing.held import play
from tests.live.balancing.proxies import Proxy, haproxy
from tests.live.balancing.twin import Twin, addresses, number_of, script

pytestmark = pytest.mark.live("haproxy")

WEIGHTS = [[1, 1, 1], [5, 1, 1], [3, 1], [1, 2, 3, 4], [7, 7, 2, 2, 1], [16, 9]]
FOREVER_NS = 10**15
STATES = {"drain": kernel.DRAIN, "maint": kernel.DOWN, "ready": kernel.UP}


def state(proxy: Proxy, twin: Twin, server: int, name: str) -> None:
    """Tell both that a server is to drain, is out, or is in."""
    assert proxy.command(f"set server b/s{server} state {name}") == ""
    twin.be(server, STATES[name])


def mapping(proxy: Proxy, clients: Sequence[str]) -> list[int]:
    """The server of each client."""
    return [proxy.ask(client).slot for client in clients]


def expected(twin: Twin, clients: Sequence[str]) -> list[int]:
    """The same by the kernel."""
    return [twin.ask(number_of(client))[0] for client in clients]


@pytest.mark.parametrize("weights", WEIGHTS, ids=str)
def test_roundrobin_takes_the_same_turns(tmp_path: Path, weights: list[int]) -> None:
    twin = Twin(kernel.ROUND_ROBIN_HAPROXY, weights)
    with (
        backends(len(weights)) as servers,
        haproxy(tmp_path, servers, "roundrobin", weights) as proxy,
    ):
        took = [proxy.ask().slot for _ in range(200)]
    assert took == [twin.ask()[0] for _ in range(200)]


@pytest.mark.parametrize("weights", [[1, 1, 1, 1], [4, 3, 2, 1]], ids=str)
def test_roundrobin_goes_on_alike_when_servers_leave_and_come_back(
    tmp_path: Path, weights: list[int]
) -> None:
    twin = Twin(kernel.ROUND_ROBIN_HAPROXY, weights)
    changes = [(1, "drain"), (3, "maint"), (1, "ready"), (0, "drain"), (3, "ready"), (0, "ready")]
    took, meant = [], []
    with (
        backends(len(weights)) as servers,
        haproxy(tmp_path, servers, "roundrobin", weights) as proxy,
    ):
        for number, (server, name) in enumerate(changes):
            for _ in range(20 + number):
                took.append(proxy.ask().slot)
                meant.append(twin.ask()[0])
            state(proxy, twin, server, name)
        for _ in range(40):
            took.append(proxy.ask().slot)
            meant.append(twin.ask()[0])
    assert took == meant


@pytest.mark.parametrize("weights", [[1, 1, 1], [3, 1, 2]], ids=str)
def test_leastconn_takes_the_same_with_the_same_open(tmp_path: Path, weights: list[int]) -> None:
    steps = script(250, seed=len(set(weights)))
    twin = Twin(kernel.LEAST_CONN_HAPROXY, weights)
    with (
        backends(len(weights)) as servers,
        haproxy(tmp_path, servers, "leastconn", weights) as proxy,
    ):

        def settled(held: int) -> None:
            end = time.monotonic() + 10
            while proxy.open_connections() != held:
                assert time.monotonic() < end
                time.sleep(0.001)

        took = play(proxy, servers, steps, settled)
    assert took == [twin.ask_held(number, held) for number, held in enumerate(steps)]


@pytest.mark.parametrize("weights", [[1] * 10, [1, 1, 1], [5, 1, 1], [1, 2, 3, 4]], ids=str)
def test_source_sends_each_address_to_the_same_server(tmp_path: Path, weights: list[int]) -> None:
    clients = addresses(300)
    clients += [f"{clients[0].rpartition('.')[0]}.{last}" for last in range(1, 101)]
    twin = Twin(kernel.SOURCE_HAPROXY, weights)
    with backends(len(weights)) as servers, haproxy(tmp_path, servers, "source", weights) as proxy:
        took = mapping(proxy, clients)
        state(proxy, twin, 1, "drain")
        without = mapping(proxy, clients)
    assert without == expected(twin, clients)
    twin.be(1)
    assert took == expected(twin, clients)
    assert len(set(took[300:])) == len(weights), "a /24 is spread, unlike nginx'"


def test_source_moves_most_clients_when_an_eleventh_comes(tmp_path: Path) -> None:
    clients = addresses(500)
    with backends(11) as servers:
        with haproxy(tmp_path, servers[:10], "source") as proxy:
            before = mapping(proxy, clients)
        with haproxy(tmp_path, servers, "source") as proxy:
            after = mapping(proxy, clients)
    assert before == expected(Twin(kernel.SOURCE_HAPROXY, [1] * 10), clients)
    assert after == expected(Twin(kernel.SOURCE_HAPROXY, [1] * 11), clients)
    moved = sum(a != b for a, b in zip(before, after, strict=True))
    assert 0.84 <= moved / len(clients) <= 0.98, moved


def test_a_cookie_is_kept_in_drain_and_moved_in_maint(tmp_path: Path) -> None:
    """The whole story, request by request; clients come back in another order each time."""
    weights = [1, 1, 1]
    twin = Twin(kernel.ROUND_ROBIN_HAPROXY, weights, clients=40)
    twin.kernel.set_affinity(kernel.COOKIE)
    cookies = [""] * 40
    with backends(3) as servers, haproxy(
        tmp_path, servers, "roundrobin", backend="  cookie SRV insert indirect nocache",
        cookies=True,
    ) as proxy:  # fmt: skip

        def visit(clients: Sequence[int]) -> list[int]:
            took, meant = [], []
            for client in clients:
                answer = proxy.ask(cookie=cookies[client])
                cookies[client] = answer.cookie or cookies[client]
                took.append(answer.slot)
                meant.append(twin.ask(client)[0])
            assert took == meant
            return took

        first = visit(range(20))
        state(proxy, twin, 1, "drain")
        assert visit(range(20)) == first, "drain keeps who was there"
        assert 1 not in visit(range(20, 30)), "and takes nobody new"
        state(proxy, twin, 1, "maint")
        moved = visit(range(20))
        assert 1 not in moved
        assert [s for s in first if s != 1] == [
            now for now, s in zip(moved, first, strict=True) if s != 1
        ]
        state(proxy, twin, 1, "ready")
        assert visit(range(20)) == moved, "who was moved stays"
        visit(range(29, -1, -1))
        assert 1 in visit(range(30, 40))


@pytest.mark.parametrize("weights", [[1] * 10, [3, 1], [5, 1, 1], [16, 9]], ids=str)
def test_source_by_a_consistent_hash_is_the_same_too(tmp_path: Path, weights: list[int]) -> None:
    clients = addresses(400)
    twin = Twin(kernel.SOURCE_HAPROXY_RING, weights)
    with (
        backends(len(weights)) as servers,
        haproxy(tmp_path, servers, "source", weights, "  hash-type consistent") as proxy,
    ):
        took = mapping(proxy, clients)
        state(proxy, twin, 1, "drain")
        without = mapping(proxy, clients)
    assert without == expected(twin, clients)
    twin.be(1)
    assert took == expected(twin, clients)
    left = [now for now, was in zip(without, took, strict=True) if was != 1]
    assert left == [was for was in took if was != 1], "nobody else is moved"


LOADS = [([1, 1, 1], 0), ([3, 1], 0), ([5, 1, 1], 0), ([1, 1, 1], 4), ([5, 1, 1], 4)]


@pytest.mark.parametrize(("weights", "held"), LOADS, ids=str)
def test_random_gives_each_server_the_same_share(
    tmp_path: Path, weights: list[int], held: int
) -> None:
    """Idle, or with requests open at the first server. Within five sigma of both counts."""
    count, many = 1500, 50_000
    twin = Twin(kernel.RANDOM_HAPROXY, weights)
    with backends(len(weights)) as servers, haproxy(tmp_path, servers, "random", weights) as proxy:
        for slot in range(1, len(weights)):
            state(proxy, twin, slot, "maint")
        open_ones = [proxy.send(f"/hold/{number}") for number in range(held)]
        for number in range(held):
            assert servers[0].event(servers[0].came, f"/hold/{number}").wait(10)
            assert twin.ask(work_ns=FOREVER_NS)[0] == 0
        for slot in range(1, len(weights)):
            state(proxy, twin, slot, "ready")
        took = Counter(proxy.ask().slot for _ in range(count))
        for number, connection in enumerate(open_ones):
            servers[0].event(servers[0].held, f"/hold/{number}").set()
            proxy.read(connection)
    step = 2000
    first = twin.now_ns + step
    twin.kernel.feed(range(first, first + step * many, step), [1] * many, [0] * many)
    twin.kernel.run(first + step * (many + 1))
    for slot in range(len(weights)):
        share = twin.kernel.served_at(slot) / many
        sigma = math.sqrt(share * (1 - share) * (1 / count + 1 / many))
        assert abs(took[slot] / count - share) <= 5 * sigma, (slot, took, share)
