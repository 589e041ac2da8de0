"""One rollout on two arms: a real cluster, and a world that begins as that cluster is.

Both tell what happened to pods in the same words, with a time in seconds since the change:
``created``, ``ready``, ``ending``, ``ended``. New pods are numbered as they are created, old
ones as they end.
"""

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from reconciler.model.observed import Scope
from reconciler.model.resource import ResourceKey
from reconciler.model.scenario import Scenario
from reconciler.model.stack import Stack
from reconciler.model.units import NS_PER_S
from reconciler.rehearsal.cluster import ground_of
from reconciler.rehearsal.setting import furnish, scale
from reconciler.rehearsal.stage import Stage
from reconciler.sim.cluster import SimCluster
from reconciler.sim.landing import land
from reconciler.sim.things import Container, Transition
from reconciler.sim.world import World
from reconciler.targets.kubernetes.target import KubernetesTarget
from tests.live.kubernetes.ground import Ground, has_ended

WEB = ResourceKey("service", "web")


AT_ONCE_S = 0.2


@dataclass
class Told:
    """What happened, in order: seconds since the change, pod, word."""

    old: frozenset[str]
    happened: list[tuple[float, str, str]] = field(default_factory=list)

    def note(self, at_s: float, pod: str, word: str) -> None:
        """One thing that happened to a pod."""
        self.happened.append((at_s, pod, word))

    @property
    def least_ready(self) -> int:
        """The fewest that were ready; pods that end count no more."""
        return min(self._counts("ready"))

    @property
    def most_alive(self) -> int:
        """The most that were there; pods that end count no more."""
        return max(self._counts("ending"))

    def _counts(self, first: str) -> list[int]:
        """How many are ready, or there, after each thing; `first` of what comes at once.

        Each ReplicaSet has a worker of its own: what they write within a moment of one another
        is seen in either order.
        """
        there, counts = set(self.old), [len(self.old)]
        gains = "ready" if first == "ready" else "created"
        shifted = [(at - AT_ONCE_S * (word == first), pod, word) for at, pod, word in self.happened]
        for _, pod, word in sorted(shifted):
            if word == gains:
                there.add(pod)
            elif word not in ("created", "ready"):
                there.discard(pod)
            counts.append(len(there))
        return counts

    def events(self) -> dict[tuple[str, str], float]:
        """(``new 1``, ``ready``) → when."""
        names: dict[str, str] = {}
        for kind, word in (("new", "created"), ("old", "ending")):
            pods = [pod for _, pod, said in self.happened if said == word]
            mine = [pod for pod in pods if (pod in self.old) == (kind == "old")]
            names |= {pod: f"{kind} {number}" for number, pod in enumerate(mine, 1)}
        return {(names[pod], word): at_s for at_s, pod, word in self.happened}


def simulated(ground: Ground, wanted: Stack, lasts_s: int) -> Told:
    """The change to `wanted` in a world that begins as the cluster is now."""
    target = KubernetesTarget(ground.name)
    try:
        survey = target.survey(Scope(ground.name), ("web",))
    finally:
        target.close()
    on = ground_of(survey, wanted, Scenario(state=""))
    world = World.fresh(1)
    furnish(world, on.scenario, on.start)
    land(world, on.landed)
    stage = Stage(world, SimCluster(world, ground.name), on.start)
    scale(world, on.scenario, on.start)
    stage.rest(world.now_ns + 5 * NS_PER_S)
    began_ns = world.now_ns
    told = Told(frozenset(pod.name for pod in world.of(ground.name, WEB)))
    words = {"created": "created", "ready": "ready", "terminating": "ending",
             "exited": "ended"}  # fmt: skip

    def heard(world: World, each: Transition) -> None:
        if isinstance(each.thing, Container) and each.what in words:
            told.note((world.now_ns - began_ns) / NS_PER_S, each.thing.name, words[each.what])

    world.listeners.append(heard)
    scale(world, on.scenario, on.wanted)
    stage.follow(on.wanted, began_ns + lasts_s * NS_PER_S)
    return told


def real(ground: Ground, change: Callable[[], None], done: Callable[[Told], bool]) -> Told:
    """The change on the cluster, by hand; what its own watch tells."""
    pods = ground.get("pods")["items"]
    told = Told(frozenset(each["metadata"]["name"] for each in pods))
    words = ["kubectl", "-n", ground.name, "get", "pods", "-w", "--output-watch-events", "-o",
             "json"]  # fmt: skip
    watch = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    began: list[float] = []
    listener = threading.Thread(target=_listen, args=(watch.stdout, told, began), daemon=True)
    listener.start()
    time.sleep(1)  # the pods that are there are told first
    began.append(time.monotonic())
    try:
        change()
        end = time.monotonic() + 120
        while not done(told):
            assert time.monotonic() < end, told.happened
            time.sleep(0.2)
    finally:
        watch.terminate()
        watch.wait(10)
        listener.join(10)
        assert watch.stdout is not None
        watch.stdout.close()
    return told


def _listen(stream: Any, told: Told, began: list[float]) -> None:
    known: dict[str, set[str]] = {name: {"created", "ready"} for name in told.old}
    for event in _documents(stream):
        pod = event["object"]
        name = pod["metadata"]["name"]
        said = known.setdefault(name, set())
        for word in _words(event["type"], pod):
            if word not in said and began:
                said.add(word)
                told.note(time.monotonic() - began[0], name, word)


def _words(kind: str, pod: Any) -> Iterator[str]:
    yield "created"
    if "deletionTimestamp" in pod["metadata"]:
        yield "ending"
        if kind == "DELETED" or has_ended(pod):
            yield "ended"
        return
    for each in pod["status"].get("conditions") or ():
        if each["type"] == "Ready" and each["status"] == "True":
            yield "ready"


def _documents(stream: Any) -> Iterator[Any]:
    """JSON documents that follow one another in a stream, each as soon as it is whole."""
    decoder, text = json.JSONDecoder(), ""
    for line in stream:
        text += line
        if not line.rstrip().endswith("}"):
            continue
        try:
            found, _ = decoder.raw_decode(text)
        except ValueError:
            continue
        text = ""
        yield found
