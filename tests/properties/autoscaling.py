"""Autoscaling: bounds, quiet under constant load, and the most of several metrics."""

from dataclasses import dataclass

from hypothesis import strategies as st

from reconciler.model.units import NS_PER_S
from reconciler.sim import scaling
from reconciler.sim.scaling import SYNC_NS, Pod, Scaler, by_average, by_resource
from reconciler.sim.things import Transition
from reconciler.sim.world import World
from tests.properties.loaded import Loaded, Play
from tests.properties.loads import Json, scenario, service, stack
from tests.properties.strategies import SEEDS

LONG_AGO_NS = -3600 * NS_PER_S


@dataclass(frozen=True)
class Demand:
    """A service's bounds and targets, and what all of its instances need, step by step.

    `needs` are millicores in each interval of 15 s; the last holds on. `down`: intervals for
    which a wish to shrink must last.
    """

    least: int
    most: int
    cpu: int
    needs: tuple[int, ...]
    queue: tuple[int, int] | None = None  # what lies in a queue, what one should have of it
    down: int = 0
    first: int = 1
    request_m: int = 100


def demands() -> st.SearchStrategy[Demand]:
    """Loads that go up and down and then stay."""
    bounds = st.tuples(st.integers(1, 6), st.integers(0, 14)).map(lambda p: (p[0], p[0] + p[1]))
    return st.builds(
        lambda bounds, **more: Demand(*bounds, **more), bounds, cpu=st.integers(20, 120),
        needs=st.lists(st.integers(0, 3000), min_size=1, max_size=8).map(tuple),
        queue=st.none() | st.tuples(st.integers(0, 500), st.integers(1, 60)),
        down=st.integers(0, 20), first=st.integers(1, 20),
    )  # fmt: skip


def check_scaler(demand: Demand) -> None:
    """Property 19, for the autoscaler alone: its loop closed over what instances use."""
    scaler = Scaler(demand.least, demand.most, demand.cpu, down_ns=demand.down * SYNC_NS)
    replicas, seen, wished = demand.first, list[int](), list[int]()
    lasting = len(demand.needs) + demand.down + 40
    for turn in range(lasting):
        need = demand.needs[min(turn, len(demand.needs) - 1)]
        wishes = _wishes(demand, need, replicas, turn * SYNC_NS)
        assert wishes[0] == _by_hand(need, replicas, demand), (need, replicas)
        wish = scaling.most_of(wishes, replicas)
        assert wish == max(each for each in wishes if each is not None)
        assert wish is not None
        wished.append(wish)
        before, replicas = replicas, scaler.decide(wish, replicas, turn * SYNC_NS)
        seen.append(replicas)
        if replicas < before <= demand.most:  # only to what was wished for all the time
            window = wished[max(0, turn + 1 - demand.down) :]
            assert replicas >= max(window, default=wish), (seen, wished)
        assert demand.least <= replicas <= demand.most, seen
    settled = seen[len(demand.needs) + demand.down + 20 :]
    assert len(set(settled)) == 1, seen
    need, last = demand.needs[-1], settled[0]
    for wish in _wishes(demand, need, last, lasting * SYNC_NS):
        assert wish is not None and min(max(wish, demand.least), demand.most) <= last, seen


def _wishes(demand: Demand, need_m: int, replicas: int, now_ns: int) -> list[int | None]:
    pods = [
        Pod(f"p{n}", started_ns=LONG_AGO_NS, changed_ns=LONG_AGO_NS, sample_ns=now_ns,
            usage=need_m // replicas, request=demand.request_m)
        for n in range(replicas)
    ]  # fmt: skip
    wishes = [by_resource(pods, demand.cpu, replicas, now_ns, cpu=True)]
    if demand.queue is not None:
        wishes.append(by_average(demand.queue[0] * 1000, demand.queue[1] * 1000, replicas))
    return wishes


def _by_hand(need_m: int, replicas: int, demand: Demand) -> int:
    """ceil(replicas x use / target), and the same as now within a tenth: as documented."""
    percent = need_m // replicas * replicas * 100 // (demand.request_m * replicas)
    if 9 * demand.cpu <= 10 * percent <= 11 * demand.cpu:
        return replicas
    return -(-replicas * percent // demand.cpu)


# -- the whole stack --------------------------------------------------------------------------


@st.composite
def growing(draw: st.DrawFn) -> Loaded:
    """A service on a cluster under a load that stays as it is, in turns, so that it is even."""
    least = draw(st.integers(1, 3))
    scale: Json = {
        "min": least, "max": least + draw(st.integers(0, 4)),
        "stabilisation": {"up": "0s", "down": draw(st.sampled_from(("0s", "30s", "60s")))},
    }  # fmt: skip
    if how := draw(st.sampled_from(("cpu", "memory", "both"))):
        scale |= {"cpu": draw(st.integers(40, 100))} if how != "memory" else {}
        scale |= {"memory": draw(st.integers(40, 150))} if how != "cpu" else {}
    web = service("alb", least, autoscale=scale)
    del web["replicas"]
    web["resources"] = {"requests": {"cpu": "100m", "memory": "100Mi"}}
    app = {"ready": "1s", "memory": "100Mi", "cpu_per_request": f"{draw(st.integers(2, 30))}ms"}
    under = scenario("alb", behaviour={"web": app}, lasts="8m")
    under["traffic"][0]["rate"] = {"constant": draw(st.integers(8, 16))}
    return Loaded(stack(web), stack(web), under, draw(SEEDS))


CALM_NS = 300 * NS_PER_S  # from then on nothing has changed for longer than any window


def check_autoscaled(case: Loaded) -> None:
    """Property 19: within bounds, quiet under constant load, the most of its metrics."""
    last = _scaled(case)
    scale = case.after["services"]["web"]["autoscale"]
    if "cpu" in scale and "memory" in scale:
        alone = [_scaled(_with_one(case, name)) for name in ("cpu", "memory")]
        assert last == max(alone), f"{last} by both, {alone} by one alone"


def _with_one(case: Loaded, name: str) -> Loaded:
    web = dict(case.after["services"]["web"])
    other = {"cpu": "memory", "memory": "cpu"}[name]
    web["autoscale"] = {key: v for key, v in web["autoscale"].items() if key != other}
    return Loaded(stack(web), stack(web), case.scenario, case.seed)


def _scaled(case: Loaded) -> int:
    """How many instances it came to; asserts bounds and quiet on the way."""
    play = Play(case)
    scale = play.after.declared.services["web"].autoscale
    assert scale is not None
    turns: list[tuple[int, str]] = []

    def hear(world: World, told: Transition) -> None:
        if told.what == "scaled":
            turns.append((world.now_ns - play.began_ns, told.detail))

    play.watch(hear)
    play.run()
    for _, detail in turns:
        before, _, after = detail.partition(" to ")
        assert scale.min <= int(after) <= scale.max and before != after, turns
    assert not [turn for turn in turns if turn[0] > CALM_NS], turns
    count = sum(c.running and not c.terminating for c in play.world.containers.values())
    assert scale.min <= count <= scale.max
    return count
