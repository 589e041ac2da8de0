"""A rollout on a real cluster of 1.20 and in the simulator at that version: the same, in counts.

Both begin with the same pods, and the simulated ones start as fast as those of the cluster say
that they did. Compared are the pods' creations, readiness, deletions, and their ends, as far as a
cluster tells of them: a pod that is being deleted is ready no more. (How long its object stays is
not compared: this node's kubelet leaves it for more than a minute.)

- the same events, pod by pod;
- of one pod, and of all that the controllers decide on (creations, readiness, deletions), two that
  are further apart than `APART_S` in the simulator come in the same order in the cluster;
- each comes at most `EARLY_S` before and `LATE_S` after its simulated time, for each new pod there
  is by then: the cluster tells the two times of a pod's start in whole seconds, a probe's turn may
  come a period later, a kubelet relists once a second, and machines have other things to do. As one
  pod waits for the one before it, this adds up;
- as few are ready, and as many there, as the strategy promises: the same numbers in both.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.spec.load import load
from tests.live.kubernetes.arms import Told, real, simulated
from tests.live.kubernetes.ground import Ground, deployment, ground, wanted

pytestmark = pytest.mark.live("kubernetes")

REPLICAS = 3
APART_S = 2.0
EARLY_S = 3.0
LATE_S = 6.0
LASTS_S = 120

# Strategy → of Kubernetes, of the state, fewest ready, most there (pods that end excepted).
STRATEGIES: dict[str, tuple[Any, Any, int, int]] = {
    "surge": ({"maxSurge": 1, "maxUnavailable": 0}, {"max_surge": 1, "max_unavailable": 0}, 3, 4),
    "unavailable": (
        {"maxSurge": 0, "maxUnavailable": 1}, {"max_surge": 0, "max_unavailable": 1}, 2, 3,
    ),
    "shares": (
        {"maxSurge": "50%", "maxUnavailable": "50%"},
        {"max_surge": "50%", "max_unavailable": "50%"}, 2, 5,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with ground("fidelity", tmp_path_factory.mktemp("fidelity")) as made:
        yield made


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_rollout_goes_as_it_does_in_a_cluster(name: str, place: Ground) -> None:
    theirs, ours, least, most = STRATEGIES[name]
    place.put(deployment(1, REPLICAS, strategy=theirs))
    place.settled()
    state = place.write(wanted(2, REPLICAS, rollout=ours))
    stack = load([str(state)], env={}).stack
    in_sim = simulated(place, stack, LASTS_S)
    live = real(place, lambda: place.put(deployment(2, REPLICAS, strategy=theirs)), _is_over)
    place.kubectl("delete", "deployment/web", "--timeout=60s")
    place.sweep()

    expected, seen, both = in_sim.events(), live.events(), _both(in_sim, live)
    assert set(expected) == set(seen), both
    assert len(expected) == 4 * REPLICAS  # created and ready, ending and ended: three each
    assert (in_sim.least_ready, in_sim.most_alive) == (least, most), both
    assert (live.least_ready, live.most_alive) == (least, most), both
    for (first, early), (second, late) in itertools.permutations(expected.items(), 2):
        decided = "ended" not in (first[1], second[1])
        if early + APART_S < late and (decided or first[0] == second[0]):
            assert seen[first] <= seen[second], (first, second, both)
    for event, at_s in expected.items():
        made = [then for (_, word), then in expected.items() if word == "created" and then <= at_s]
        pods = max(len(made), 1)
        assert at_s - pods * EARLY_S <= seen[event] <= at_s + pods * LATE_S, (event, both)


def _is_over(told: Told) -> bool:
    words = [word for _, _, word in list(told.happened)]
    return words.count("ended") == words.count("ready") == REPLICAS


def _both(ours: Told, theirs: Told) -> str:
    """Both, for a test that fails."""
    return "\n" + "\n".join(
        f"{arm} {at_s:7.2f} {pod} {word}"
        for arm, told in (("simulated", ours), ("real", theirs))
        for (pod, word), at_s in told.events().items()
    )
