"""The kernel chooses as a real nginx does: the same clients, the same choice."""

import contextlib
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from reconciler.model.units import NS_PER_S
from reconciler.sim.traffic import kernel
from tests.live.balancing.backends import Backend, backends
from tests.live.balancing.held import play
from tests.live.balancing.proxies import Answer, Proxy, nginx
from tests.live.balancing.twin import GAP_NS, Twin, addresses, number_of, script

pytestmark = pytest.mark.live("nginx")

WEIGHTS = [[1, 1, 1], [5, 1, 1], [3, 1], [1, 2, 3, 4], [7, 7, 2, 2, 1]]


def weighted(weights: Sequence[int], **marks: str) -> list[str]:
    """The options of each server's line; `marks` by the server's name, as ``s3="down"``."""
    return [f"weight={w} {marks.get(f's{n}', '')}" for n, w in enumerate(weights)]


def mapping(proxy: Proxy, clients: Sequence[str]) -> list[int]:
    """The server of each client."""
    return [proxy.ask(client).slot for client in clients]


def expected(twin: Twin, clients: Sequence[str]) -> list[int]:
    """The same by the kernel."""
    return [twin.ask(number_of(client))[0] for client in clients]


@pytest.mark.parametrize("weights", WEIGHTS, ids=str)
def test_weighted_round_robin_takes_the_same_turns(tmp_path: Path, weights: list[int]) -> None:
    twin = Twin(kernel.WEIGHTED, weights)
    with (
        backends(len(weights)) as servers,
        nginx(tmp_path, servers, options=weighted(weights)) as proxy,
    ):
        took = [proxy.ask().slot for _ in range(200)]
    assert took == [twin.ask()[0] for _ in range(200)]
    if len(set(weights)) == 1:
        turns = Twin(kernel.ROUND_ROBIN, weights)
        assert took == [turns.ask()[0] for _ in range(200)]


@pytest.mark.parametrize("weights", [[1, 1, 1], [3, 1, 2]], ids=str)
def test_least_conn_takes_the_same_with_the_same_open(tmp_path: Path, weights: list[int]) -> None:
    steps = script(250, seed=len(set(weights)))
    twin = Twin(kernel.LEAST_CONN, weights)
    with (
        backends(len(weights)) as servers,
        nginx(tmp_path, servers, "least_conn;", weighted(weights)) as proxy,
    ):
        took = play(proxy, servers, steps)
    assert took == [twin.ask_held(number, held) for number, held in enumerate(steps)]


@pytest.mark.parametrize("weights", [[1] * 10, [5, 1, 1], [1, 2, 3, 4]], ids=str)
def test_ip_hash_sends_each_net_to_the_same_server(tmp_path: Path, weights: list[int]) -> None:
    clients = addresses(400)
    twin = Twin(kernel.IP_HASH_NGINX, weights)
    with (
        backends(len(weights)) as servers,
        nginx(tmp_path, servers, "ip_hash;", weighted(weights)) as proxy,
    ):
        took = mapping(proxy, clients)
        neighbours = mapping(proxy, [c.rpartition(".")[0] + ".77" for c in clients[:50]])
    assert took == expected(twin, clients)
    assert neighbours == took[:50], "one /24 is one client to it"


def test_ip_hash_with_one_down_moves_its_clients_and_no_others(tmp_path: Path) -> None:
    clients = addresses(400)
    weights = [1] * 10
    before, after = Twin(kernel.IP_HASH_NGINX, weights), Twin(kernel.IP_HASH_NGINX, weights)
    after.be(3, kernel.DOWN)
    with (
        backends(10) as servers,
        nginx(tmp_path, servers, "ip_hash;", weighted(weights, s3="down")) as proxy,
    ):
        took = mapping(proxy, clients)
    assert took == expected(after, clients)
    was = expected(before, clients)
    assert {n for n, (a, b) in enumerate(zip(was, took, strict=True)) if a != b} == {
        n for n, slot in enumerate(was) if slot == 3
    }


def test_ip_hash_moves_ten_of_eleven_when_an_eleventh_comes(tmp_path: Path) -> None:
    clients = addresses(600)
    with backends(11) as servers:
        with nginx(tmp_path, servers[:10], "ip_hash;") as proxy:
            before = mapping(proxy, clients)
        with nginx(tmp_path, servers, "ip_hash;") as proxy:
            after = mapping(proxy, clients)
    assert before == expected(Twin(kernel.IP_HASH_NGINX, [1] * 10), clients)
    assert after == expected(Twin(kernel.IP_HASH_NGINX, [1] * 11), clients)
    moved = sum(a != b for a, b in zip(before, after, strict=True))
    # 10 of 11 is 90.9 %; five sigma of 600 such draws is 5.9 %.
    assert 0.85 <= moved / len(clients) <= 0.97, moved


# -- failures: max_fails, fail_timeout, and the next upstream -------------------------------


def asked(answer: Answer, servers: Sequence[Backend]) -> tuple[int, list[int]]:
    """Who answered, and everyone that was asked, in the order of their numbers."""
    numbers = {server.port: server.number for server in servers}
    return answer.slot, sorted(numbers[port] for port in answer.tried)


FAILING = [
    ("", [1, 1, 1], 1), ("", [5, 1, 1], 1), ("", [5, 1, 1], 2), ("", [4, 3, 2, 1], 3),
    ("ip_hash;", [1, 1, 1, 1], 1), ("ip_hash;", [3, 1, 2], 2), ("least_conn;", [2, 1, 1], 1),
]  # fmt: skip
OF_RULE = {
    "": kernel.WEIGHTED, "ip_hash;": kernel.IP_HASH_NGINX, "least_conn;": kernel.LEAST_CONN,
}  # fmt: skip


class Case:
    """One nginx and its twin, of whose servers the first fails for a while."""

    def __init__(self, rule: str, weights: list[int], max_fails: int) -> None:
        self.weights = weights
        self.name = f"{rule} {weights} max_fails={max_fails}"
        self.rule = rule
        self.options = [f"weight={w} max_fails={max_fails} fail_timeout=2s" for w in weights]
        self.clients = addresses(40, seed=max_fails)
        self.twin = Twin(
            OF_RULE[rule], weights, tries=len(weights) - 1, max_fails=max_fails,
            fail_timeout_ns=2 * NS_PER_S,
        )  # fmt: skip

    def begin(self, folder: Path, stack: contextlib.ExitStack) -> None:
        """Start it all."""
        folder.mkdir()
        self.servers = stack.enter_context(backends(len(self.weights)))
        self.proxy = stack.enter_context(nginx(folder, self.servers, self.rule, self.options))

    def phase(self, app: int) -> list[tuple[int, list[int]]]:
        """All ask, at once for what nginx' clock can tell; the first server is as it is told."""
        (self.servers[0].open if app == kernel.SERVES else self.servers[0].close)()
        self.twin.be(0, app=app)
        told = [asked(self.proxy.ask(client), self.servers) for client in self.clients]
        assert told == [self.twin.ask(number_of(client)) for client in self.clients], self.name
        return told


def test_one_that_refuses_is_left_out_tried_again_and_taken_back(tmp_path: Path) -> None:
    cases = [Case(*each) for each in FAILING]
    with contextlib.ExitStack() as stack:
        for number, case in enumerate(cases):
            case.begin(tmp_path / str(number), stack)
        for app in (kernel.CLOSED, kernel.CLOSED, kernel.SERVES):
            for case in cases:
                told = case.phase(app)
                tried = [one for one in told if 0 in one[1]]
                assert tried, "each time the first is tried again"
                assert all((slot == 0) == (app == kernel.SERVES) for slot, _ in tried)
                case.twin.wait(3 * NS_PER_S)
            # Longer than the timeout, by a clock of whole seconds.
            time.sleep(3.1 if app == kernel.CLOSED else 0)


def test_with_most_of_them_refusing_the_hash_goes_on_and_then_in_turn(tmp_path: Path) -> None:
    clients = addresses(300)
    weights = [1] * 10
    twin = Twin(kernel.IP_HASH_NGINX, weights, tries=9)
    marks = {f"s{n}": "max_fails=0" for n in range(10)}
    with (
        backends(10) as servers,
        nginx(tmp_path, servers, "ip_hash;", weighted(weights, **marks)) as proxy,
    ):
        for number in (0, 1, 2, 3, 5, 6, 8, 9):
            servers[number].close()
            twin.be(number, app=kernel.CLOSED)
        told = [asked(proxy.ask(client), servers) for client in clients]
    assert told == [twin.ask(number_of(client)) for client in clients]


def test_with_none_that_serves_each_is_asked_and_then_all_are_at_fault(tmp_path: Path) -> None:
    twin = Twin(kernel.WEIGHTED, [1, 1, 1], tries=2, max_fails=1)
    with backends(3) as servers, nginx(tmp_path, servers) as proxy:
        for number, server in enumerate(servers):
            server.close()
            twin.be(number, app=kernel.CLOSED)
        answers = [proxy.ask() for _ in range(6)]
    meant = [twin.ask() for _ in range(6)]
    assert {answer.status for answer in answers} == {502}
    assert [asked(answer, servers) for answer in answers] == meant


def test_a_limit_lets_a_burst_through_and_no_more(tmp_path: Path) -> None:
    zone = "limit_req_zone $binary_remote_addr zone=z:1m rate=1r/m; limit_req_status 429;"
    with (
        backends(1) as servers,
        nginx(tmp_path, servers, http=zone, location="limit_req zone=z burst=5 nodelay;") as proxy,
    ):
        clients = ["10.0.0.1"] * 10 + ["10.0.0.2"] * 10
        statuses = [proxy.ask(client).status for client in clients]
    twin = Twin(kernel.WEIGHTED, [1], clients=2)
    twin.kernel.set_rate_limit(kernel.BY_ADDRESS, 1000 // 60, 5)
    meant = [429 if twin.ask(client)[0] < 0 else 200 for client in [0] * 10 + [1] * 10]
    assert statuses == meant == ([200] * 6 + [429] * 4) * 2
    assert GAP_NS * 20 < NS_PER_S
