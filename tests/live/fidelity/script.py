"""The script that both arms play, scene by scene, and what the simulator is given for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model.status import Verdict
from reconciler.model.units import NS_PER_MS, NS_PER_S
from reconciler.sim.behaviour import Behaviour
from tests.live.fidelity.arms import Happening, Real, Simulated
from tests.properties.cases import stack_of
from tests.targets.docker.live import BUSYBOX

Json = dict[str, Any]
GRACE_S = 2  # of those that are killed at its end
SLOW_S = 1.5  # that a slow one takes to stop
CRASHES = 5  # ends of the one that crashes, that are waited for

PROBE = {
    "exec": ["/bin/busybox", "sh", "-c", "test ! -e /hang || exec /bin/busybox sleep 30"],
    "period": "1s", "timeout": "1s", "failures": 2,
}  # fmt: skip
ENDS = "trap 'exit 0' TERM; /bin/busybox sleep 600 & wait"
SLOW = f"trap '/bin/busybox sleep {SLOW_S}; exit 0' TERM; /bin/busybox sleep 600 & wait"
STAYS = "trap '' TERM; while :; do /bin/busybox sleep 600; done"
CRASHING = "/bin/busybox sleep 0.2; exit 1"

# Measured: an idle shell is up and gone within some 50 ms. Given: what the script says.
BRISK = Behaviour(
    start_ns=0, ready_ns=50 * NS_PER_MS, stop_ns=20 * NS_PER_MS, jitter_percent=0
)  # fmt: skip
BEHAVIOURS = {
    "db": Behaviour(
        start_ns=0, ready_ns=50 * NS_PER_MS, stop_ns=round(SLOW_S * NS_PER_S), jitter_percent=0
    ),
    "web": BRISK,
    "mule": Behaviour(start_ns=0, ready_ns=50 * NS_PER_MS, ignores_stop=True, jitter_percent=0),
    "flaky": Behaviour(
        start_ns=0, ready_ns=0, crash_after_ns=250 * NS_PER_MS, crash_code=1, jitter_percent=0
    ),
}


def service(command: str, version: int = 1, **more: Any) -> Json:
    """One service of a shell."""
    return {
        "image": BUSYBOX, "pull": "never", "entrypoint": ["/bin/busybox"],
        "command": ["sh", "-c", command], "environment": {"VERSION": str(version)},
        "termination": {"grace": "10s"}, **more,
    }  # fmt: skip


def state(web: int = 1, others: int = 1, flaky: bool = False) -> Json:
    """A database, two web servers that need it, and one that ignores its stop signal."""
    probed = {"readiness": PROBE, "liveness": PROBE}
    services = {
        "db": service(SLOW, others, **probed),
        "web": service(
            ENDS, web, replicas=2, depends_on={"service/db": "healthy"},
            rollout={"max_surge": 1, "max_unavailable": 0}, termination={"grace": f"{GRACE_S}s"},
            **probed,
        ),
        "mule": service(STAYS, others, termination={"grace": f"{GRACE_S}s"}),
    }  # fmt: skip
    if flaky:
        services["flaky"] = service(CRASHING)
    return {"services": services}


@dataclass(frozen=True)
class Scene:
    """What happened on one arm, and what the controller said at the end of it."""

    happened: tuple[Happening, ...]
    verdict: str


def play(arm: Real | Simulated) -> Mapping[str, Scene]:
    """The script, on an arm."""
    scenes: dict[str, Scene] = {}

    def scene(name: str, act: Callable[[], Verdict | None]) -> None:
        arm.begin()
        verdict = act()
        scenes[name] = Scene(tuple(arm.happenings()), verdict.kind if verdict else "")

    def said(what: str, service: str = "", times: int = 1) -> Callable[[], bool]:
        return lambda: (
            times <= sum(h.what == what and service in ("", h.service) for h in arm.happenings())
        )

    def killed() -> None:
        arm.kill("web")
        arm.until(said("ready", "web"))

    def hung() -> Verdict:
        arm.hang("web")
        arm.watch(stack_of(state(2, 2), arm.stack), said("removed", "web"))
        # To be stopped is how a watch ends.
        return Verdict("converged")

    def crashing() -> Verdict:
        verdict = arm.apply(stack_of(state(2, 2, flaky=True), arm.stack))
        arm.until(said("ended 1", "flaky", CRASHES))
        return verdict

    scene("first", lambda: arm.apply(stack_of(state(), arm.stack)))
    scene("rolling", lambda: arm.apply(stack_of(state(2), arm.stack)))
    scene("slow stops", lambda: arm.apply(stack_of(state(2, 2), arm.stack)))
    scene("killed", killed)
    scene("unhealthy", hung)
    scene("crashing", crashing)
    scene("removal", lambda: arm.apply(stack_of({"services": {}}, arm.stack)))
    return scenes
