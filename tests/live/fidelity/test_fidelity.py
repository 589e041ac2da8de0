"""What happens on a real engine happens in the simulator, in the same order, at about the time.

Compared are the same script's events on both: starts, stops, health changes, restarts, removals.

- An instance's own events are the same, one by one.
- Two events of one service that are further apart than `APART_S` in the simulator come in the
  same order on the engine.
- An event comes on the engine at most `EARLY_S` before and `LATE_S` after the simulated time,
  both counted from the scene's beginning. Early: a call may take a fifth less than simulated, and
  where the moment of a hang differs by as much, the check whose turn it was is another, one
  interval (1 s) before. Late: the engine's own work, and each step that waits for it; the most
  that was seen was 1.1 s with two processes waiting for each core, and 2.4 s with three.
- What a rule sets (a grace, a backoff, a period) is never shorter on either.
"""

import itertools
import re
from collections.abc import Iterator, Mapping

import pytest

from tests.live.fidelity.arms import Happening, Real, Simulated
from tests.live.fidelity.script import (
    BEHAVIOURS,
    CRASHES,
    GRACE_S,
    KILLS,
    SLOW_S,
    TRIES,
    Scene,
    play,
)

pytestmark = pytest.mark.live("docker")

APART_S = 0.9
EARLY_S = 1.2
LATE_S = 4.0
CLOCK_S = 0.02  # events are told a moment after what they tell of
SCENES = [
    "first", "rolling", "slow stops", "killed", "unhealthy", "crashing", "recovering", "starting",
    "backing off", "trying", "removal",
]  # fmt: skip

Scenes = Mapping[str, Scene]


@pytest.fixture(scope="module")
def simulated() -> Iterator[Scenes]:
    arm = Simulated(BEHAVIOURS)
    yield play(arm)
    arm.close()


@pytest.fixture(scope="module")
def real() -> Iterator[Scenes]:
    arm = Real()
    try:
        yield play(arm)
    finally:
        arm.close()


def by_instance(scene: Scene) -> dict[str, list[tuple[str, float]]]:
    """What happened to each instance, by its name without the stack's."""
    found: dict[str, list[tuple[str, float]]] = {}
    for each in scene.happened:
        name = re.sub(r"^[a-z0-9]+-", "", each.instance, count=1)
        found.setdefault(name, []).append((each.what, each.at_s))
    return found


def without(scene: Scene, names: str) -> dict[str, list[str]]:
    """The kinds alone, of all but the instances of one service."""
    return {
        name: [what for what, _ in events]
        for name, events in by_instance(scene).items()
        if not names or not name.startswith(names)
    }


def told(simulated: Scene, real: Scene) -> str:
    """Both, for a test that fails."""
    lines = [
        f"{arm} {h.at_s:7.3f} {h.instance} {h.what}"
        for arm, scene in (("simulated", simulated), ("real", real))
        for h in scene.happened
    ]
    return "\n".join(lines)


@pytest.mark.parametrize("name", SCENES)
def test_each_instance_goes_through_the_same(name: str, simulated: Scenes, real: Scenes) -> None:
    ours, theirs = simulated[name], real[name]
    # How often it has crashed when a scene ends is a matter of the moment.
    assert without(ours, "flaky") == without(theirs, "flaky"), told(ours, theirs)
    assert ours.verdict == theirs.verdict
    if name == "crashing":
        whole = ["created", *["started", "ended 1"] * CRASHES]
        for scene in (ours, theirs):
            (events,) = (e for n, e in by_instance(scene).items() if n.startswith("flaky"))
            assert [what for what, _ in events][: len(whole)] == whole


@pytest.mark.parametrize("name", SCENES)
def test_each_service_does_so_in_the_same_order(name: str, simulated: Scenes, real: Scenes) -> None:
    ours, theirs = simulated[name], real[name]
    at = {key: when for key, when in _numbered(theirs)}
    for (first, early), (second, late) in itertools.permutations(_numbered(ours), 2):
        same = first[0].partition("-")[0] == second[0].partition("-")[0]
        if same and late - early > APART_S and first in at and second in at:
            assert at[first] <= at[second], (first, second, told(ours, theirs))


@pytest.mark.parametrize("name", SCENES)
def test_it_takes_about_as_long(name: str, simulated: Scenes, real: Scenes) -> None:
    ours, theirs = simulated[name], real[name]
    at = {key: when for key, when in _numbered(theirs)}
    off = {key: at[key] - when for key, when in _numbered(ours) if key in at}
    assert off
    wrong = {key: by for key, by in off.items() if not -EARLY_S <= by <= LATE_S}
    assert not wrong, (wrong, told(ours, theirs))


def _numbered(scene: Scene) -> list[tuple[tuple[str, str, int], float]]:
    """Each event of an instance with its kind, how many of that kind came before, and its time."""
    found = []
    for name, events in by_instance(scene).items():
        seen: dict[str, int] = {}
        for what, at_s in events:
            seen[what] = seen.get(what, 0) + 1
            found.append(((name, what, seen[what]), at_s))
    return found


@pytest.mark.parametrize("arm", ["simulated", "real"])
def test_what_a_rule_sets_is_never_shorter(arm: str, request: pytest.FixtureRequest) -> None:
    scenes: Scenes = request.getfixturevalue(arm)
    stops = _named(scenes["slow stops"])
    assert _between(stops["db"], "SIGTERM", "ended 0") >= SLOW_S - CLOCK_S
    assert _between(stops["mule"], "SIGTERM", "SIGKILL") >= GRACE_S - CLOCK_S
    hung = _named(scenes["unhealthy"])["web"]
    assert _between(hung, "SIGTERM", "SIGKILL") >= GRACE_S - CLOCK_S
    assert _between(hung, "started", "ready") >= 1 - CLOCK_S, "the first check is after a period"
    for number, pause in enumerate(pauses := _pauses(_named(scenes["crashing"])["flaky"])):
        assert pause >= 0.1 * 2**number - CLOCK_S, pauses
    assert len(pauses) >= CRASHES - 1


@pytest.mark.parametrize("arm", ["simulated", "real"])
def test_ten_seconds_of_running_end_the_backoff(arm: str, request: pytest.FixtureRequest) -> None:
    scenes: Scenes = request.getfixturevalue(arm)
    *pauses, last = _pauses(_named(scenes["backing off"])["killed"])
    for number, pause in enumerate(pauses):
        assert pause >= 0.1 * 2**number - CLOCK_S, pauses
    assert len(pauses) == KILLS
    assert 0.1 - CLOCK_S <= last < 0.1 * 2**KILLS, "the next of the row would be longer"


@pytest.mark.parametrize("arm", ["simulated", "real"])
def test_restarts_on_failure_have_a_most(arm: str, request: pytest.FixtureRequest) -> None:
    scenes: Scenes = request.getfixturevalue(arm)
    what = [h.what for h in _named(scenes["trying"])["tries"]]
    assert what == ["created", *["started", "ended 1"] * (TRIES + 1), "removed"]


@pytest.mark.parametrize("arm", ["simulated", "real"])
def test_the_engine_counts_a_check_from_the_end_of_the_one_before(
    arm: str, request: pytest.FixtureRequest
) -> None:
    sick = _named(request.getfixturevalue(arm)["recovering"])["sick"]
    times = [h.at_s for h in sick if h.what in ("ready", "unhealthy")]
    ready, unhealthy, again = times
    # Two intervals, and two checks that hang until their timeout.
    assert unhealthy - ready >= 4 - CLOCK_S
    assert again - unhealthy >= 1 - CLOCK_S


@pytest.mark.parametrize("arm", ["simulated", "real"])
def test_within_the_start_period_no_failure_counts(
    arm: str, request: pytest.FixtureRequest
) -> None:
    starting = _named(request.getfixturevalue(arm)["starting"])
    assert [h.what for h in starting["late"]][:3] == ["created", "started", "ready"]
    assert [h.what for h in starting["tardy"]][2:4] == ["unhealthy", "ready"]
    assert _between(starting["tardy"], "started", "unhealthy") >= 2 - CLOCK_S
    assert _between(starting["never"], "started", "unhealthy") >= 3 + 1 - CLOCK_S


@pytest.mark.parametrize("arm", ["simulated", "real"])
def test_what_waits_for_another_service_does(arm: str, request: pytest.FixtureRequest) -> None:
    scenes: Scenes = request.getfixturevalue(arm)
    first, removal = _named(scenes["first"]), _named(scenes["removal"])
    (ready,) = (h.at_s for h in first["db"] if h.what == "ready")
    assert ready <= min(h.at_s for h in first["web"] if h.what == "created")
    gone = max(h.at_s for h in removal["web"] if h.what == "ended 0")
    assert gone <= min(h.at_s for h in removal["db"] if h.what == "SIGTERM")


def _named(scene: Scene) -> dict[str, list[Happening]]:
    found: dict[str, list[Happening]] = {}
    for each in scene.happened:
        found.setdefault(each.service, []).append(each)
    return found


def _pauses(happened: list[Happening]) -> list[float]:
    """From each end to the next start."""
    ended = [h.at_s for h in happened if h.what.startswith("ended")]
    started = [h.at_s for h in happened if h.what == "started"][1:]
    return [after - before for before, after in zip(ended, started, strict=False)]


def _between(happened: list[Happening], first: str, second: str) -> float:
    """From an instance's one event to its other."""
    (name,) = {h.instance for h in happened if h.what == first} & {
        h.instance for h in happened if h.what == second
    }
    at = {h.what: h.at_s for h in happened if h.instance == name}
    return at[second] - at[first]
