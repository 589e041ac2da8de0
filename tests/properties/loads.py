"""Strategies: a routed service behind an edge of some kind, a change of it, and its traffic."""

from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from tests.properties.loaded import Loaded
from tests.properties.strategies import SEEDS

Json = dict[str, Any]

KINDS = ("own", "static", "discovered", "kube-proxy", "alb")
READINESS = {"http": {"path": "/ready", "port": 8080}, "period": "1s", "failures": 1}
CHANGES = ("image", "environment", "more", "fewer", "nothing")
# What each kind is called in a scenario, and how fast it asks.
EDGES: dict[str, Json] = {
    "own": {"kind": "haproxy", "interval": "500ms", "rise": 1, "fall": 2},
    "static": {"kind": "nginx"},
    "discovered": {"kind": "nginx"},
    "kube-proxy": {"kind": "kube-proxy"},
    "alb": {"kind": "alb", "interval": "1s", "rise": 2, "fall": 2, "lag": "1s"},
}
CLUSTER = ("kube-proxy", "alb")
STRATEGIES = ("round_robin", "least_connections", "random", "ip_hash", "weighted")


def service(kind: str, replicas: int, **more: Any) -> Json:
    """A service that can be changed without anybody noticing."""
    made: Json = {
        "image": "web:1", "replicas": replicas, "readiness": READINESS,
        "rollout": {"max_surge": 1, "max_unavailable": 0},
        "termination": {"pre_stop": "0s", "drain": "2s", "grace": "6s"},
        "routing": {"port": 8080, "drain": "0s"}, **more,
    }  # fmt: skip
    if kind == "static":
        made["ports"] = ["8000-8007:8080"]
    return made


def scenario(kind: str, **more: Any) -> Json:
    """A minute of a few requests a second."""
    return {
        "target": "kubernetes" if kind in CLUSTER else "docker", "edge": EDGES[kind],
        "traffic": [{"service": "web", "rate": {"poisson": 8}, "service_time": "50ms",
                     "clients": {"count": 12, "network": "10.1.2.0/22"}}],
        "behaviour": {"web": {"start": "200ms", "ready": "1s", "stop": "200ms"}},
        "lasts": "40s", **more,
    }  # fmt: skip


def changed(web: Json, change: str) -> Json:
    """The same service after one change."""
    made = deepcopy(web)
    if change == "image":
        made["image"] = "web:2"
    elif change == "environment":
        made["environment"] = {"LEVEL": "debug"}
    elif change == "more":
        made["replicas"] += 1
    elif change == "fewer":
        made["replicas"] = max(1, made["replicas"] - 1)
    return made


def stack(web: Json) -> Json:
    """A stack of this service alone."""
    return {"services": {"web": web}}


@st.composite
def terminations(draw: st.DrawFn) -> Json:
    """How a service ends, by whole seconds; anything goes."""
    return {
        "pre_stop": f"{draw(st.integers(0, 3))}s", "drain": f"{draw(st.integers(0, 5))}s",
        "grace": f"{draw(st.integers(2, 8))}s",
    }  # fmt: skip


@st.composite
def traffic(draw: st.DrawFn) -> Json:
    """Requests, short or long, and now and then connections that last and clients that retry."""
    count = draw(st.integers(1, 20))
    made: Json = {
        "service": "web", "service_time": draw(st.sampled_from(("20ms", "400ms", "3s"))),
        "rate": {draw(st.sampled_from(("poisson", "constant"))): draw(st.integers(1, 12))},
        "clients": {"count": count, "network": "10.1.2.0/22"},
    }  # fmt: skip
    extra = draw(st.sets(st.sampled_from(("retries", "sessions", "spread")), max_size=2))
    if "retries" in extra:
        made["retries"] = {"most": 2, "backoff": "200ms"}
    if "sessions" in extra:
        made["sessions"] = {
            "rate": {"poisson": 1}, "length": {"exponential": "8s"},
            "kind": draw(st.sampled_from(("websocket", "affine", "sse"))),
            "every": draw(st.sampled_from(("100ms", "1500ms"))),
        }  # fmt: skip
    if "spread" in extra:
        made["service_time"] = {"exponential": "300ms"}
    return made


@st.composite
def wild(draw: st.DrawFn) -> Loaded:
    """Any edge, any way to end, any traffic."""
    kind = draw(st.sampled_from(KINDS))
    web = service(kind, draw(st.integers(1, 3)), termination=draw(terminations()))
    web["routing"] = {
        "port": 8080, "drain": draw(st.sampled_from(("0s", "2s", "6s"))),
        "strategy": draw(st.sampled_from(STRATEGIES)), "affinity": draw(affinities()),
    }  # fmt: skip
    if draw(st.integers(0, 4)) == 4:
        web["rollout"] = {"strategy": "recreate"}
    app: Json = {
        "start": "200ms", "ready": draw(st.sampled_from(("500ms", "2s"))), "stop": "200ms",
        "on_stop": draw(st.sampled_from(("finish", "refuse", "exit"))),
        "before_ready": draw(st.sampled_from(("refuse", "503"))),
    }  # fmt: skip
    kinds = ("full", "closes", "crash", "hang", "queue", "limited", "unlike")
    extra = draw(st.sets(st.sampled_from(kinds), max_size=2))
    if "full" in extra:
        app |= {"concurrency": 1, "backlog": draw(st.integers(0, 2))}
    if "closes" in extra:
        app["closes_sessions"] = True
    if "crash" in extra:
        app["crash_after"] = "70s"  # settled, and a moment after the change
    if "limited" in extra:
        app["limit"] = {"requests": draw(st.integers(1, 4)), "per": "1s", "burst": 3}
    if "unlike" in extra:
        app["speeds"] = draw(st.lists(st.sampled_from((0.5, 1, 3)), min_size=1, max_size=3))
    if "hang" in extra:
        app["hang_after"] = "50s"
    under = scenario(kind, behaviour={"web": app}, traffic=[draw(traffic())])
    if "queue" in extra:
        under["edge"] = {**under["edge"], "queue": 3}
    after = changed(web, draw(st.sampled_from(CHANGES)))
    return Loaded(stack(web), stack(after), under, draw(SEEDS))


@st.composite
def affinities(draw: st.DrawFn) -> Json | None:
    """By nothing, or by something, for ever or for as long as a client asks often."""
    by = draw(st.sampled_from((None, "cookie", "client_ip", "header")))
    if by is None:
        return None
    return {"by": by, "name": "A", "timeout": draw(st.sampled_from(("3h", "1s")))}


@st.composite
def tied(draw: st.DrawFn) -> Loaded:
    """Clients that belong to an instance, by a table or by a hash, through a change."""
    kind = draw(st.sampled_from(KINDS))
    web = service(kind, draw(st.integers(2, 4)))
    affinity = draw(affinities())
    strategy = draw(st.sampled_from(STRATEGIES)) if affinity else "ip_hash"
    web["routing"] = {
        "port": 8080, "drain": draw(st.sampled_from(("0s", "3s"))), "affinity": affinity,
        "strategy": strategy,
    }  # fmt: skip
    under = scenario(kind)
    under["traffic"][0]["rate"] = {"poisson": draw(st.integers(2, 12))}
    if draw(st.booleans()):
        kind_of = draw(st.sampled_from(("websocket", "affine"))) if affinity else "affine"
        under["traffic"][0]["sessions"] = {
            "kind": kind_of, "rate": {"poisson": 1}, "length": "4s", "every": "200ms",
        }  # fmt: skip
    after = changed(web, draw(st.sampled_from(CHANGES)))
    return Loaded(stack(web), stack(after), under, draw(SEEDS))


@st.composite
def turns(draw: st.DrawFn) -> Loaded:
    """Instances that take turns, equal or by weight, while nothing or something changes."""
    kind = draw(st.sampled_from(KINDS))
    web = service(kind, draw(st.integers(2, 4)))
    strategy = draw(st.sampled_from(("round_robin", "weighted")))
    if strategy == "weighted":
        web["weights"] = draw(st.lists(st.integers(1, 4), min_size=5, max_size=5))
    web["routing"] = {"port": 8080, "strategy": strategy}
    under = scenario(kind)
    under["traffic"][0]["rate"] = {"constant": draw(st.integers(3, 12))}
    after = changed(web, draw(st.sampled_from(CHANGES)))
    return Loaded(stack(web), stack(after), under, draw(SEEDS))


@st.composite
def polite(draw: st.DrawFn) -> Loaded:
    """Every premise of a change that drops nothing holds, and not by much.

    The longest request fits the drain, pre_stop and drain fit the grace, somebody is always
    available, and the edge hears in time: an edge of ours is told ahead, a cluster's within
    pre_stop, and one that is told nothing asks while the app still answers.
    """
    kind = draw(st.sampled_from(KINDS))
    drain = draw(st.integers(1, 4))
    longest_ms = draw(st.sampled_from((20, 500 * drain, 1000 * drain)))
    hears = {"own": 0, "static": 3, "discovered": 0, "kube-proxy": 1, "alb": 1}[kind]
    pre_stop = hears + draw(st.integers(0, 2)) if kind != "static" else 0
    spare = draw(st.integers(0, 3))
    grace = max(pre_stop + drain + spare, 2)
    app: Json = {
        "start": "200ms", "ready": draw(st.sampled_from(("500ms", "2s"))), "stop": "200ms",
        "on_stop": draw(st.sampled_from(("refuse", "finish"))),
    }  # fmt: skip
    web = service(kind, draw(st.integers(1, 3)))
    if kind == "discovered":
        # Discovery hears of the end by the readiness that fails, while the app still answers.
        app |= {"on_stop": "finish", "stop": f"{longest_ms / 1000 + 1}s"}
        grace += longest_ms // 1000 + 2
    if kind == "static":
        web["replicas"] = max(2, web["replicas"])
        app |= {"on_stop": "finish", "stop": f"{(hears + longest_ms / 1000) * 1.2}s"}
        grace += (hears + longest_ms // 1000 + 1) * 2
    web["termination"] = {
        "pre_stop": f"{pre_stop}s", "drain": f"{drain}s", "grace": f"{grace}s"
    }  # fmt: skip
    web["routing"] = {"port": 8080, "drain": draw(st.sampled_from(("0s", "1s", "5s")))}
    if kind == "alb":
        web["rollout"]["min_ready"] = "5s"  # as long as a target takes to become healthy
    if kind == "kube-proxy":
        web["rollout"]["min_ready"] = "1s"
    under = scenario(kind, behaviour={"web": app}, lasts="60s")
    if kind == "static":
        under["edge"] = {"kind": "nginx", "active": True, "interval": "1s", "rise": 1, "fall": 2}
    under["traffic"][0] |= {
        "service_time": draw(st.sampled_from((f"{longest_ms}ms", f"{longest_ms}ms", "20ms"))),
        "rate": {draw(st.sampled_from(("poisson", "constant"))): draw(st.integers(2, 10))},
    }  # fmt: skip
    after = changed(web, draw(st.sampled_from(CHANGES)))
    return Loaded(stack(web), stack(after), under, draw(SEEDS))
