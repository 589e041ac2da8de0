"""Small stacks and changes by name, for what is tried exhaustively."""

from typing import Any

from reconciler.model.units import NS_PER_S
from reconciler.sim.faults import Fault
from tests.properties.cases import Case
from tests.properties.strategies import READINESS

Json = dict[str, Any]
NOTHING: Json = {}


def web(image: str = "web:1", **more: Any) -> Json:
    """A stack of one service that asks whether it is ready."""
    return {"services": {"web": {"image": image, "readiness": READINESS, **more}}}


def pair(db: str = "db:1", image: str = "web:1", **more: Any) -> Json:
    """A database with a volume, and three that depend on it."""
    services = {
        "db": {"image": db, "volumes": ["data:/data"], "readiness": READINESS},
        "web": {
            "image": image, "replicas": 3, "readiness": READINESS,
            "depends_on": {"service/db": "healthy"},
            "rollout": {"max_surge": 1, "max_unavailable": 0}, **more,
        },
    }  # fmt: skip
    return {"services": services, "volumes": {"data": {}}}


def config(digest: str) -> Json:
    """Two instances that read a config and a secret."""
    files = {"configs": ["motd:/etc/motd"], "secrets": ["key:/run/key"]}
    return {
        **web(replicas=2, **files),
        "configs": {"motd": {"content": digest, "digest": digest * 16}},
        "secrets": {"key": {"env": "KEY", "digest": digest * 16}},
    }


def subnet(text: str) -> Json:
    """A network that has to be made anew when its subnet changes."""
    return {**web(replicas=2), "networks": {"default": {"subnet": text}}}


def job(version: int) -> Json:
    """A migration, and what waits for it."""
    spec = web(f"web:{version}", depends_on={"job/migrate": "completed"})
    return {**spec, "jobs": {"migrate": {"image": f"migrate:{version}"}}}


def successor(name: str, level: str) -> Json:
    """A database by some name on one host port, and what is told of its name."""
    db = {"image": "db:1", "ports": ["5432:5432"], "readiness": READINESS}
    web = {
        "image": "web:1", "readiness": READINESS, "environment": {"LEVEL": level},
        "depends_on": {f"service/{name}": "healthy"},
    }  # fmt: skip
    return {"services": {name: db, "web": web}}


def shared(text: str, image: str, *names: str) -> Json:
    """Some on one network, and one on another that depends on them all."""
    services: Json = {
        name: {"image": f"{name}:1", "networks": ["back"], "readiness": READINESS} for name in names
    }
    needs = {f"service/{name}": "healthy" for name in names}
    services["web"] = {"image": image, "depends_on": needs, "readiness": READINESS}
    return {"services": services, "networks": {"back": {"subnet": text}}}


RECREATE = {"strategy": "recreate"}
START_FIRST = {"strategy": "start-first"}
MORE_MEMORY = {"resources": {"limits": {"memory": "1Gi"}}}

SMALL: dict[str, tuple[Json | None, Json]] = {
    "create": (None, pair()),
    "update both": (pair(), pair("db:2", "web:2")),
    "scale up": (web(replicas=1), web(replicas=3)),
    "scale down": (web(replicas=3), web(replicas=1)),
    "scale to nothing": (web(replicas=2), web(replicas=0)),
    "singleton": (web(singleton=True), web(singleton=True, command=["x"])),
    "host ports": (
        web(replicas=2, ports=["80-81:80"]),
        web(replicas=2, ports=["80-81:80"], command=["x"]),
    ),
    "recreate": (
        web(replicas=2, rollout=RECREATE),
        web(replicas=2, rollout=RECREATE, command=["x"]),
    ),
    "start first": (web(rollout=START_FIRST), web("web:2", rollout=START_FIRST)),
    "min ready": (
        web(replicas=2, rollout={"min_ready": "5s"}),
        web("web:2", replicas=2, rollout={"min_ready": "5s"}),
    ),
    "in place": (web(replicas=2), web(replicas=2, **MORE_MEMORY)),
    "in place and scale": (web(replicas=2), web(replicas=3, **MORE_MEMORY)),
    "remove a service": (
        pair(),
        {"services": {"db": pair()["services"]["db"]}, "volumes": {"data": {}}},
    ),
    "remove everything": (pair(), NOTHING),
    "config and secret": (config("1"), config("2")),
    "network": (subnet("10.0.0.0/24"), subnet("10.0.1.0/24")),
    "job": (job(1), job(2)),
    "first job": (web(), job(1)),
    "pre stop": (
        web(termination={"pre_stop": "3s", "grace": "9s"}),
        web("web:2", termination={"pre_stop": "3s", "grace": "9s"}),
    ),
    "stubborn": (web("web-stubborn:1"), web("web-stubborn:2")),
    "flaky": (web(replicas=2), web("web-flaky:2", replicas=2)),
    "protect": (web(), web(protect=True)),
    "no longer protected": (web(protect=True), web()),
    "successor on the same host port": (successor("db", "info"), successor("db2", "debug")),
    "removal and a network of its users": (
        shared("10.0.0.0/24", "web:1", "api", "db"),
        shared("10.0.1.0/24", "web:2", "api"),
    ),
}

FAULTS = (
    Fault("lost_reply", on="create", nth=2),
    Fault("fail_after", on="start", nth=1),
    Fault("crash", at_ns=3 * NS_PER_S, amount=1),
    Fault("event_delayed", nth=2, count=5, for_ns=2 * NS_PER_S),
    Fault("look_fails", nth=3),
)
FAULTY = tuple(
    Case(before, after, seed, FAULTS)
    for seed, (name, (before, after)) in enumerate(SMALL.items())
    if "job" not in name
)

# (before, after) of a revision that never becomes ready, by what is to be done about it.
BAD: dict[str, tuple[Json, Json]] = {
    how: (
        web(replicas=2, rollout={"deadline": "40s", **rollout}),
        web(f"web-{word}:2", replicas=2, rollout={"deadline": "40s", **rollout}),
    )
    for how, word, rollout in (
        ("rollback", "bad", {}),
        ("rollback of a crash", "crash", {}),
        ("rollback of recreate", "bad", RECREATE),
        ("pause", "bad", {"on_failure": "pause"}),
    )
}
