"""A day of Constellation's traffic through a rolling update of 100 instances, whole.

The reconciler rolls, the world starts and stops instances, the edge hears of them, and the
kernel serves 1,000 requests a second: what `simulate` does with one seed of such a scenario.
"""

from collections.abc import Mapping

from benchmarks.figure import Figure, Measured, Unavailable, rounds
from benchmarks.rehearsed import Rehearsed, constellation, rehearse
from reconciler.sim.traffic.kernel import COMPILED, WHY

INSTANCES = 100
PER_S = 1000
DAY_S = 86_400
# What the other rules are timed on: with clients tied to instances a roll takes more than an hour.
PART_S = DAY_S // 6
# By the environment of Constellation's state that asks for it, and the edge that has it.
OTHERS: Mapping[str, tuple[str, str, str]] = {
    "HAProxy leastconn": ("least-connections", "haproxy", "docker"),
    "HAProxy source": ("ip-hash", "haproxy", "docker"),
    "nginx round robin": ("balanced", "nginx", "docker"),
    "nginx least_conn": ("least-connections", "nginx", "docker"),
    "nginx ip_hash": ("ip-hash", "nginx", "docker"),
    "kube-proxy random": ("balanced", "kube-proxy", "kubernetes"),
}


def simulate(
    seconds: int, environment: str = "balanced", edge: str = "haproxy", target: str = "docker"
) -> Rehearsed:
    """One run; an edge that is not ours may drop what it sends to an instance that is gone."""
    asked = constellation(
        INSTANCES, PER_S, seconds, environment=environment, edge=edge, target=target
    )
    ran = rehearse(asked, may_drop=edge != "haproxy")
    assert abs(ran.requests - PER_S * seconds) < 10 * (PER_S * seconds) ** 0.5
    assert ran.run.services[0].most_instances > INSTANCES, "the update needs its surge"
    return ran


def measure() -> Measured:
    """Seconds of processor time by round robin; of the other rules four hours, times 6."""
    if not COMPILED:
        raise Unavailable(f"the kernel is plain Python: {WHY}")
    beside = {}
    for name, chosen in OTHERS.items():
        part = min((simulate(PART_S, *chosen) for _ in range(2)), key=lambda each: each.took_s)
        dropped = sum(part.run.services[0].dropped.values())
        lost = f", {dropped} dropped" if dropped else ""
        beside[name] = f"{6 * part.took_s:.1f} s (four hours of it, times 6){lost}"
    took_s = sorted(simulate(DAY_S).took_s for _ in range(rounds(3, 1)))
    return Measured(took_s[len(took_s) // 2], beside=beside)


FIGURE = Figure(
    name="day",
    about="a day of 1,000 requests/s through a rolling update of 100 instances, one core, whole",
    unit="s",
    bar=30,
    measure=measure,
)
