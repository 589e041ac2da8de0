"""Strategies: small stacks, changes of them, and what goes wrong meanwhile."""

from collections.abc import Callable
from copy import deepcopy
from functools import cache
from typing import Any

from hypothesis import strategies as st

from reconciler.model.units import NS_PER_S
from reconciler.sim.faults import Fault
from tests.properties.cases import Case, Crash

Json = dict[str, Any]

NAMES = ("db", "api", "web", "web2")
CALM = ("", "", "slow", "tardy")
LIVELY = ("", "", "", "slow", "tardy", "stubborn", "flaky")
AMOUNTS = (0, 1, 2, "0%", "25%", "34%", "50%", "100%")
SUBNETS = {
    "default": ("10.0.0.0/24", "10.0.1.0/24"),
    "back": ("10.1.0.0/24", "10.1.1.0/24"),
}
READINESS = {"http": {"path": "/ready", "port": 80}, "period": "1s"}
# A slow image is up within 12 s of its start.
LIVENESS = {"http": {"path": "/live", "port": 80}, "delay": "15s", "period": "2s"}
SEEDS = st.integers(0, 10_000)

# Strategies are made once: to make one costs more than to draw from it.
BOOLEANS = st.booleans()
REPLICAS = st.integers(0, 4)
ONE_OF_FOUR = st.integers(0, 3)
ONE_OF_FIVE = st.integers(0, 4)
ONE_OF_SIX = st.integers(0, 5)
GRACES = st.sampled_from(("4s", "10s"))
CONDITIONS = st.sampled_from(("healthy", "started"))
EXTRAS = st.sets(st.sampled_from((
    "no readiness", "liveness", "ports", "volume", "config", "secret", "network", "limit",
    "pre stop", "on-failure", "command",
)), max_size=4)  # fmt: skip


def image(name: str, word: str, version: int) -> str:
    """``web-slow:2``."""
    return f"{name}-{word}:{version}" if word else f"{name}:{version}"


ROLLOUTS = st.fixed_dictionaries(  # how a service is exchanged
    {
        "strategy": st.sampled_from(("rolling", "rolling", "recreate", "start-first")),
        "max_surge": st.sampled_from(AMOUNTS),
        "max_unavailable": st.sampled_from(AMOUNTS),
        "min_ready": st.sampled_from(("0s", "0s", "3s")),
        "deadline": st.just("5m"),
    }
)

one_of = cache(st.sampled_from)  # of a tuple that is asked for again


between = cache(st.integers)


@cache
def some_of(names: tuple[str, ...]) -> st.SearchStrategy[set[str]]:
    """Up to two of these."""
    return st.sets(st.sampled_from(names), max_size=2)


@cache
@st.composite
def services(draw: st.DrawFn, index: int, words: tuple[str, ...]) -> Json:
    """One service, without what it depends on."""
    name = NAMES[index]
    made: Json = {
        "image": image(name, draw(one_of(words)), 1),
        "rollout": draw(ROLLOUTS),
        "termination": {"grace": draw(GRACES)},
        "readiness": READINESS,
    }
    if draw(ONE_OF_SIX) == 5:
        made["singleton"] = True
    else:
        made["replicas"] = draw(REPLICAS)
    extra = draw(EXTRAS)
    if "no readiness" in extra:
        del made["readiness"]
    if "liveness" in extra:
        made["liveness"] = LIVENESS
    if "ports" in extra:
        made["ports"] = [f"{8000 + 10 * index}-{8007 + 10 * index}:80"]
    if "volume" in extra:
        made["volumes"] = ["data:/data"]
    if "config" in extra:
        made["configs"] = ["motd:/etc/motd"]
    if "secret" in extra:
        made["secrets"] = ["key:/run/key"]
    if "network" in extra:
        made["networks"] = ["back"]
    if "limit" in extra:
        made["resources"] = {"limits": {"memory": "64Mi"}}
    if "pre stop" in extra:
        made["termination"]["pre_stop"] = "1s"
    if "on-failure" in extra:
        made["restart"] = {"policy": "on-failure"}
    if "command" in extra:
        made["command"] = ["serve"]
    return made


@cache
def counts(most: int) -> st.SearchStrategy[int]:
    """How many services."""
    return st.integers(1, most)


@cache
@st.composite
def stacks(draw: st.DrawFn, words: tuple[str, ...] = CALM, *, most: int = 4) -> Json:
    """A stack: 1 to `most` services, at most one job, and what they use."""
    count = draw(counts(most))
    has_job = draw(ONE_OF_FOUR) == 3
    made: Json = {
        "services": {NAMES[i]: draw(services(i, words)) for i in range(count)},
        "networks": {
            name: {"subnet": subnets[0]}
            for name, subnets in SUBNETS.items()
            if name == "back" or draw(BOOLEANS)
        },
        "volumes": {"data": {"keep": draw(BOOLEANS)}},
        "configs": {"motd": {"content": "1", "digest": "c" * 15 + "1"}},
        "secrets": {"key": {"env": "KEY", "digest": "5" * 15 + "1"}},
    }
    if has_job:
        made["jobs"] = {"migrate": {"image": "migrate:1", "retries": 3}}
    for index in range(count):
        needs = draw(some_of(NAMES[:index])) if index else set()
        depends = {f"service/{need}": draw(CONDITIONS) for need in sorted(needs)}
        if has_job and draw(BOOLEANS):
            depends["job/migrate"] = "completed"
        if depends:
            made["services"][NAMES[index]]["depends_on"] = depends
    return made


# -- changes --------------------------------------------------------------------------------

Change = Callable[[st.DrawFn, Json, str], None]

LEVELS = st.sampled_from(("info", "debug"))
MEMORIES = st.sampled_from(("32Mi", "128Mi", None))


def _image(draw: st.DrawFn, spec: Json, name: str) -> None:
    service = spec["services"][name]
    base, _, version = service["image"].rpartition(":")
    service["image"] = f"{base}:{int(version) + 1}"


def _environment(draw: st.DrawFn, spec: Json, name: str) -> None:
    spec["services"][name]["environment"] = {"LEVEL": draw(LEVELS)}


def _replicas(draw: st.DrawFn, spec: Json, name: str) -> None:
    if not spec["services"][name].get("singleton"):
        spec["services"][name]["replicas"] = draw(REPLICAS)


def _limit(draw: st.DrawFn, spec: Json, name: str) -> None:
    """In place: more, less, or none any more."""
    memory = draw(MEMORIES)
    spec["services"][name]["resources"] = {"limits": {"memory": memory} if memory else {}}


def _strategy(draw: st.DrawFn, spec: Json, name: str) -> None:
    spec["services"][name]["rollout"] = draw(ROLLOUTS)


def _remove(draw: st.DrawFn, spec: Json, name: str) -> None:
    if len(spec["services"]) == 1:
        return
    del spec["services"][name]
    for service in spec["services"].values():
        service.get("depends_on", {}).pop(f"service/{name}", None)


def _rename(draw: st.DrawFn, spec: Json, name: str) -> None:
    """Another name for the same, for whoever depends on it too."""
    free = [each for each in NAMES if each not in spec["services"]]
    if not free:
        return
    made = spec["services"].pop(name)
    made.pop("ports", None)
    spec["services"][free[0]] = made
    for service in spec["services"].values():
        needs = service.get("depends_on", {})
        if f"service/{name}" in needs:
            needs[f"service/{free[0]}"] = needs.pop(f"service/{name}")


def _move(draw: st.DrawFn, spec: Json, name: str) -> None:
    """On to the other network, or back."""
    service = spec["services"][name]
    if service.pop("networks", None) is None:
        service["networks"] = ["back"]


def _add(draw: st.DrawFn, spec: Json, name: str) -> None:
    free = [index for index, each in enumerate(NAMES) if each not in spec["services"]]
    if free:
        made = {**draw(services(free[0], CALM)), "liveness": LIVENESS}
        if draw(BOOLEANS):
            made["depends_on"] = {f"service/{name}": "healthy"}
        spec["services"][NAMES[free[0]]] = made


def _config(draw: st.DrawFn, spec: Json, name: str) -> None:
    spec["configs"]["motd"] = {"content": "2", "digest": "c" * 15 + "2"}


def _secret(draw: st.DrawFn, spec: Json, name: str) -> None:
    spec["secrets"]["key"] = {"env": "KEY", "digest": "5" * 15 + "2"}


def _subnet(draw: st.DrawFn, spec: Json, name: str) -> None:
    for network in spec["networks"]:
        spec["networks"][network] = {"subnet": SUBNETS[network][1]}


def _ports(draw: st.DrawFn, spec: Json, name: str) -> None:
    service, base = spec["services"][name], 8000 + 10 * NAMES.index(name)
    if service.pop("ports", None) is None:
        service["ports"] = [f"{base}-{base + 7}:80"]


def _volume(draw: st.DrawFn, spec: Json, name: str) -> None:
    for service in spec["services"].values():
        service.pop("volumes", None)
    spec["volumes"].pop("data", None)


def _job(draw: st.DrawFn, spec: Json, name: str) -> None:
    if "jobs" in spec:
        spec["jobs"]["migrate"]["image"] = "migrate:2"
    else:
        spec["jobs"] = {"migrate": {"image": "migrate:1", "retries": 3}}
        spec["services"][name].setdefault("depends_on", {})["job/migrate"] = "completed"


def _protect(draw: st.DrawFn, spec: Json, name: str) -> None:
    spec["volumes"]["ledger"] = {"protect": True}


CHANGES: tuple[Change, ...] = (
    _image, _image, _environment, _replicas, _limit, _strategy, _remove, _add, _rename,
    _move, _config, _secret, _subnet, _ports, _volume, _job, _protect,
)  # fmt: skip


CHOICES = st.lists(st.sampled_from(CHANGES), min_size=1, max_size=3)


@st.composite
def changed(draw: st.DrawFn, spec: Json) -> Json:
    """The stack after one to three changes."""
    made = deepcopy(spec)
    for change in draw(CHOICES):
        change(draw, made, draw(one_of(tuple(sorted(made["services"])))))
    if "data" not in made["volumes"]:
        _volume(draw, made, "")
    return made


# -- faults ---------------------------------------------------------------------------------

KINDS = ("", "create", "start", "update", "signal", "remove", "record", "apply", "delete", "pull")


@st.composite
def call_faults(draw: st.DrawFn) -> Fault:
    """A call fails before or after it took effect, loses its reply, or is late."""
    kind = draw(one_of(("fail_before", "fail_after", "lost_reply", "delay")))
    return Fault(
        kind, on=draw(one_of(KINDS)), nth=draw(between(1, 6)),
        count=draw(between(1, 3)), for_ns=draw(one_of((1, 20))) * NS_PER_S,
    )  # fmt: skip


@st.composite
def look_faults(draw: st.DrawFn) -> Fault:
    """An observation fails."""
    return Fault("look_fails", nth=draw(between(1, 12)), count=draw(between(1, 2)))


@st.composite
def event_faults(draw: st.DrawFn) -> Fault:
    """Events are lost, doubled or delayed: some of them, or every one (`nth` 0)."""
    kind = draw(one_of(("event_lost", "event_doubled", "event_delayed")))
    return Fault(
        kind, nth=draw(between(0, 6)), count=draw(between(1, 20)),
        for_ns=draw(one_of((1, 7))) * NS_PER_S,
    )  # fmt: skip


@st.composite
def world_faults(draw: st.DrawFn) -> Fault:
    """Something breaks by itself, at a time."""
    kind = draw(one_of(("crash", "oom", "hang", "unreachable", "engine_restart")))
    return Fault(
        kind, at_ns=draw(between(0, 20_000)) * 1_000_000, amount=draw(between(0, 5)),
        for_ns=draw(between(1, 30)) * NS_PER_S,
    )  # fmt: skip


def faults() -> st.SearchStrategy[tuple[Fault, ...]]:
    """A few faults of all kinds that end."""
    one = st.one_of(call_faults(), look_faults(), event_faults(), world_faults())
    return st.lists(one, max_size=3).map(tuple)


def our_faults() -> st.SearchStrategy[tuple[Fault, ...]]:
    """A few faults of calls, looks and events: nothing breaks by itself."""
    return st.lists(st.one_of(call_faults(), look_faults(), event_faults()), max_size=3).map(tuple)


def stale_faults() -> st.SearchStrategy[tuple[Fault, ...]]:
    """Observations that are of up to eight versions ago and do not say so."""
    one = st.builds(
        Fault, st.just("stale_view"), nth=st.integers(1, 20), count=st.integers(1, 8),
        amount=st.integers(1, 8),
    )  # fmt: skip
    return st.lists(one, min_size=1, max_size=3).map(tuple)


# -- cases ----------------------------------------------------------------------------------


@st.composite
def cases(
    draw: st.DrawFn,
    words: tuple[str, ...] = CALM,
    with_faults: st.SearchStrategy[tuple[Fault, ...]] | None = None,
    *,
    most: int = 4,
    fresh: bool = True,
) -> Case:
    """A stack and a change of it; with `fresh` now and then the first apply of it."""
    before = draw(stacks(words, most=most))
    seed = draw(SEEDS)
    broken = draw(with_faults) if with_faults is not None else ()
    if any(fault.kind == "hang" for fault in broken):
        for service in before["services"].values():
            service["liveness"] = LIVENESS  # or nothing would ever notice
    if fresh and draw(ONE_OF_FIVE) == 4:
        return Case(None, before, seed, broken)
    return Case(before, draw(changed(before)), seed, broken)


WAYS = st.sampled_from(("before", "after", "lost"))
DEATHS = st.lists(st.tuples(st.integers(1, 60), WAYS), min_size=1, max_size=2)


@st.composite
def crashes(draw: st.DrawFn) -> Crash:
    """A small case, and one or two deaths in it."""
    case = draw(cases(most=2))
    calls = draw(DEATHS)
    return Crash(case, tuple(calls))


@st.composite
def failing(draw: st.DrawFn) -> Case:
    """A stack of which one service gets a revision that never becomes ready."""
    before = draw(stacks(CALM, most=2))
    name = draw(one_of(tuple(sorted(before["services"]))))
    word = draw(one_of(("bad", "crash")))
    service = before["services"][name]
    service["readiness"] = READINESS
    service["rollout"]["deadline"] = "40s"
    service["rollout"]["on_failure"] = draw(one_of(("rollback", "rollback", "pause")))
    if not service.get("singleton"):
        service["replicas"] = max(1, service["replicas"])
    after = deepcopy(before)
    after["services"][name]["image"] = image(name, word, 9)
    return Case(before, after, draw(SEEDS))
