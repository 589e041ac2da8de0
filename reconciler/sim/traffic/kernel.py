"""The traffic kernel: compiled where the build could, else plain Python; both give the same.

One `Kernel` serves one routed service, or one queue of work. Times are integer ns since it was
made. Everything is integers in flat arrays; nothing is rounded but when a table or a rate is
made. Random numbers are SplitMix64's, by number, with a stream each for gaps, work, clients,
choices, sessions, their lengths and the closed loop: the n-th arrival has its gap, its client
and its work whatever happens to others (common random numbers).

An event is an arrival, a departure or a timer that came to something (a retry, a timeout, a
session's beginning, end or cut, a drop). `events` counts them, `digest` is a hash of all in
their order, `watch()` returns a list to which each is added.

What the edge does (`set_edge`): a refused request goes on to up to `tries` other slots;
`max_fails` failures (refusals, timeouts) put a slot out for `fail_timeout_ns`, as nginx does it,
never the only one; `queue` requests wait at the edge where all slots are full, with `holds`
also where there is none (a queue of work); after `connect_timeout_ns` an address that is silent
is given up and another tried; after `request_timeout_ns` since the edge has it, waiting
included, a request is answered 504 (0: never), while the app still works on it. An app's 503 is
passed on. A client that gets an error tries again `most` times (`set_retries`); only then the
request counts as dropped, at the slot of its last try.

The edge's rule, ties, patience and limit can change in the middle (`set_rule`, `set_affinity`,
`set_tie`, `set_patience`, `set_rate_limit`; which of them when has `reconciler.sim.traffic.route`):
what is under way goes on as it began, at an older process of the edge where a newer one has
followed (`s_old`). Affine sessions that move since what tied them is void are counted in
`sessions_remapped`, too.

An affine session (`set_sessions` with `every_ns`) is no connection but a client that asks again
and again; its state is in the slot that served it last. It begins with the first request that is
served, moves when another slot serves it while that one lives, and is cut where its slot ends.
An app may have a rate limit of its own (`set_app_limit`), and answers 429 to what exceeds it.

At any instant arrivals = served + dropped + in_flight_total, and for each slot
s_given = s_served + s_failed + in_flight, where what is given are tries, not requests. Sessions
that come again after a cut begin anew: begun = ended + cut + open; `sessions_moved` counts those
that came to another slot, of affine ones only such as were not cut (for each slot
s_begun + s_moved = s_ended + s_cut + sessions_open).

``RECONCILER_PURE=1`` in the environment forces plain Python. `COMPILED` tells which one runs,
and `WHY` why; ``python -m reconciler.sim.traffic`` prints it.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.sim.traffic.core.words import (
    ABSENT,
    ANSWERS_503,
    BY_ADDRESS,
    CLIENT_IP,
    CLOSED,
    CONSTANT,
    COOKIE,
    DOWN,
    DRAIN,
    EVENTS,
    EVERYONE,
    HANGS,
    HASH_KEY,
    IP_HASH_NGINX,
    KUBE_RANDOM,
    LEAST_CONN,
    LEAST_CONN_HAPROXY,
    NONE,
    POISSON,
    RANDOM,
    RANDOM_HAPROXY,
    REASONS,
    ROUND_ROBIN,
    ROUND_ROBIN_HAPROXY,
    RULES,
    SERVES,
    SILENT,
    SOURCE_HAPROXY,
    SOURCE_HAPROXY_RING,
    UP,
    WEIGHTED,
)
from reconciler.sim.traffic.sources import sources_digest

__all__ = [
    "ABSENT", "ANSWERS_503", "BY_ADDRESS", "CLIENT_IP", "CLOSED", "COMPILED", "CONSTANT",
    "COOKIE", "DOWN", "DRAIN", "EVENTS", "EVERYONE", "HANGS", "HASH_KEY", "IP_HASH_NGINX",
    "KUBE_RANDOM", "LEAST_CONN", "LEAST_CONN_HAPROXY", "NONE", "POISSON", "RANDOM",
    "RANDOM_HAPROXY", "REASONS", "ROUND_ROBIN", "ROUND_ROBIN_HAPROXY", "RULES", "SERVES",
    "SILENT", "SOURCE_HAPROXY", "SOURCE_HAPROXY_RING", "UP", "WEIGHTED", "WHY", "Kernel",
    "from_snapshot",
]  # fmt: skip

HERE = Path(__file__).parent


def _why_plain() -> str:
    """Why the compiled modules are not to be used; empty when they are."""
    if os.environ.get("RECONCILER_PURE", "") not in ("", "0"):
        return "RECONCILER_PURE is set"
    made_from = HERE / "compiled" / "SOURCES"
    if not made_from.is_file():
        return "it was not compiled: no C compiler or no Cython when it was installed"
    if made_from.read_text().strip() != sources_digest(HERE / "core"):
        return "it was compiled from other sources: install again"
    return ""


WHY = _why_plain()
if TYPE_CHECKING or WHY:
    from reconciler.sim.traffic.core.kernel import Kernel, from_snapshot
else:
    try:
        from reconciler.sim.traffic.compiled.kernel import Kernel, from_snapshot
    except ImportError as error:  # made for another Python
        from reconciler.sim.traffic.core.kernel import Kernel, from_snapshot

        WHY = f"what was compiled cannot be loaded: {error}"
COMPILED = not WHY
