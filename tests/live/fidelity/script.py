"""The script that both arms play, scene by scene, and what the simulator is given for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.model.observed import Fields, Value
from reconciler.model.status import Verdict
from reconciler.model.units import NS_PER_MS, NS_PER_S
from reconciler.sim.behaviour import Behaviour
from tests.live.fidelity.arms import Happening, Real, Simulated
from tests.properties.cases import stack_of
from tests.targets.docker.live import BUSYBOX

Json = dict[str, Any]
GRACE_S = 2  # of those that are killed at its end
SLOW_S = 1.5  # that a slow one takes to stop
RESET_S = 10.5  # of running, after which the engine's backoff begins anew
CRASHES = 5  # ends of the one that crashes, that are waited for

LATE_NS = 5 * NS_PER_S  # until those that are slow to start answer
KILLS = 6  # of the one whose backoff is watched, before it is left alone
TRIES = 2  # restarts on failure, of the one that has so many

PROBE = {
    "exec": ["/bin/busybox", "sh", "-c", "test ! -e /hang || exec /bin/busybox sleep 30"],
    "period": "1s", "timeout": "1s", "failures": 2,
}  # fmt: skip
ENDS = "trap 'exit 0' TERM; /bin/busybox sleep 600 & wait"
SLOW = f"trap '/bin/busybox sleep {SLOW_S}; exit 0' TERM; /bin/busybox sleep 600 & wait"
STAYS = "trap '' TERM; while :; do /bin/busybox sleep 600; done"
CRASHING = "/bin/busybox sleep 0.2; exit 1"
SLOWLY = f"(/bin/busybox sleep {LATE_NS / NS_PER_S}; : > /up) & {ENDS}"
PROBED: Json = {
    f"{name}.{field}": value
    for name in ("readiness", "liveness")
    for field, value in {
        "kind": "exec", "command": tuple(PROBE["exec"]), "period": NS_PER_S, "timeout": NS_PER_S,
        "failures": 2, "successes": 1, "delay": 0,
    }.items()
}  # fmt: skip


def fields(command: str, start_period_ns: int = 0, **more: Any) -> Fields:
    """One container of a shell, by its fields; it is checked when it says how."""
    found: dict[str, Value] = {
        "image": BUSYBOX, "entrypoint": ("/bin/busybox",), "command": ("sh", "-c", command),
        "restart.policy": "never", "stop.grace": GRACE_S * NS_PER_S, **more,
    }  # fmt: skip
    if start_period_ns:
        found |= {f"{name}.delay": start_period_ns for name in ("readiness", "liveness")}
    return found


def checked(test: str) -> Json:
    """Both probes, as one check of the engine."""
    command = ("/bin/busybox", "sh", "-c", test)
    return {**PROBED, "readiness.command": command, "liveness.command": command}


# Measured: an idle shell is up and gone within some 50 ms. Given: what the script says.
BRISK = Behaviour(ready_ns=50 * NS_PER_MS, stop_ns=20 * NS_PER_MS, jitter_percent=0)
CRASHES_SOON = replace(BRISK, ready_ns=0, crash_after_ns=235 * NS_PER_MS)
BEHAVIOURS = {
    "db": replace(BRISK, stop_ns=round(SLOW_S * NS_PER_S)),
    "web": BRISK,
    "mule": replace(BRISK, ignores_stop=True),
    "flaky": CRASHES_SOON,
    "sick": BRISK,
    "late": replace(BRISK, ready_ns=LATE_NS),
    "tardy": replace(BRISK, ready_ns=LATE_NS),
    "never": replace(BRISK, never_ready=True),
    "killed": BRISK,
    "tries": CRASHES_SOON,
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

    def recovering() -> None:
        arm.run("sick", fields(ENDS, **PROBED))
        arm.until(said("ready", "sick"))
        arm.hang("sick")
        arm.until(said("unhealthy", "sick"))
        arm.recover("sick")
        arm.until(said("ready", "sick", 2))
        arm.end("sick")

    def starting() -> None:
        """Within a start period, without one, and beyond its end."""
        arm.run("late", fields(SLOWLY, 2 * LATE_NS, **checked("test -e /up")))
        arm.run("tardy", fields(SLOWLY, **checked("test -e /up")))
        arm.run("never", fields(ENDS, 3 * NS_PER_S, **checked("false")))
        arm.until(said("unhealthy", "never"))
        arm.until(said("ready", "late"))
        arm.until(said("ready", "tardy"))
        for name in ("late", "tardy", "never"):
            arm.end(name)

    def backing_off() -> None:
        arm.run("killed", fields(ENDS, **{"restart.policy": "always"}))
        for number in range(KILLS):
            arm.kill("killed")
            arm.until(said("started", "killed", number + 2))
        arm.rest(RESET_S)
        arm.kill("killed")
        arm.until(said("started", "killed", KILLS + 2))
        arm.end("killed")

    def trying() -> None:
        arm.run("tries", fields(CRASHING, **{"restart.policy": "on-failure"}), most=TRIES)
        arm.until(said("ended 1", "tries", TRIES + 1))
        arm.rest(2)
        arm.end("tries")

    scene("first", lambda: arm.apply(stack_of(state(), arm.stack)))
    scene("rolling", lambda: arm.apply(stack_of(state(2), arm.stack)))
    scene("slow stops", lambda: arm.apply(stack_of(state(2, 2), arm.stack)))
    scene("killed", killed)
    scene("unhealthy", hung)
    scene("crashing", crashing)
    scene("recovering", recovering)
    scene("starting", starting)
    scene("backing off", backing_off)
    scene("trying", trying)
    scene("removal", lambda: arm.apply(stack_of({"services": {}}, arm.stack)))
    return scenes
