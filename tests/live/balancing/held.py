"""Requests that are held while others come, on a real edge."""

from collections.abc import Callable, Sequence
from typing import Any

from tests.live.balancing.backends import PATIENCE_S, Backend
from tests.live.balancing.proxies import Proxy
from tests.live.balancing.twin import Held


def play(
    proxy: Proxy,
    servers: Sequence[Backend],
    steps: Sequence[Held | None],
    settled: Callable[[int], None] = lambda held: None,
) -> list[int]:
    """The server of each request of a script (see `twin.script`).

    One that is held has reached its server before the next is sent, and has been answered
    before the one is sent until which it was held. `settled` waits until the edge has noted
    that so many are open.
    """
    ends: dict[int, list[tuple[int, int]]] = {}
    open_ones: dict[int, Any] = {}
    took: list[int] = []
    for number, held in enumerate(steps):
        for _, which in sorted(ends.pop(number, [])):
            path = f"/hold/{which}"
            servers[took[which]].event(servers[took[which]].held, path).set()
            assert proxy.read(open_ones.pop(which)).slot == took[which]
            settled(len(open_ones))
        if held is None:
            took.append(proxy.ask().slot)
        else:
            open_ones[number] = proxy.send(f"/hold/{number}")
            took.append(reached(servers, f"/hold/{number}"))
            ends.setdefault(held.until, []).append((held.place, number))
        settled(len(open_ones))
    for which, connection in open_ones.items():
        servers[took[which]].event(servers[took[which]].held, f"/hold/{which}").set()
        proxy.read(connection)
    return took


def reached(servers: Sequence[Backend], path: str) -> int:
    """The server that has got this request, once one has."""
    for _ in range(int(PATIENCE_S / 0.002 / len(servers))):
        for server in servers:
            if server.event(server.came, path).wait(0.002):
                return server.number
    raise AssertionError(f"{path} has reached no server")
