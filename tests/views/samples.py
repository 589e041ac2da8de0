"""A plan, statuses and diagnostics in which everything occurs that a view can show."""

from reconciler.model.change import Action, Change, FieldChange
from reconciler.model.diagnostic import Diagnostic, Position
from reconciler.model.observed import Instance
from reconciler.model.resource import ResourceKey
from reconciler.model.status import ResourceStatus
from reconciler.plan.plan import Plan

S = 1_000_000_000
NOW_NS = 1_700_000_000 * S
MI = 2**20

WEB, DB, OLD = (ResourceKey("service", name) for name in ("web", "db", "old"))
NETWORK, DATA = ResourceKey("network", "default"), ResourceKey("volume", "data")
LONG = "a-long-word-in-a-command-line " * 3


def at(line: int, column: int = 3) -> Position:
    return Position("state/shop.yaml", line, column)


def plan() -> Plan:
    return Plan(
        stack="shop",
        target="docker",
        environment="stage",
        desired_digest="0123456789abcdef",
        changes=(
            Change(NETWORK, Action.CREATE, "not there yet", position=at(40), wave=1),
            Change(
                DB,
                Action.UPDATE,
                "resources.memory_limit differs from what runs",
                (FieldChange("resources.memory_limit", 512 * MI, 1024 * MI, position=at(9)),),
                at(7),
                from_revision="aaaaaaaaaa",
                to_revision="aaaaaaaaaa",
                from_replicas=1,
                to_replicas=1,
                wave=2,
                calls={"update": 1},
            ),
            Change(
                WEB,
                Action.REPLACE,
                "image, stop.grace and 3 more fields differ from what runs",
                (
                    FieldChange("image", "docker.io/web:1", "docker.io/web:2", True, at(13)),
                    FieldChange("stop.grace", 30 * S, 90 * S, True, at(14)),
                    FieldChange("command", (LONG,), (LONG, "more"), True, at(15)),
                    FieldChange("environment.MODE", None, "", True, at(16)),
                    FieldChange("environment.OLD", "1", None, True),
                    FieldChange("secrets./run/key", "key@1111:0444", "key@2222:0444", True),
                    FieldChange("replicas", 3, 2, position=at(17)),
                ),
                at(12),
                from_revision="bbbbbbbbbb",
                to_revision="cccccccccc",
                from_replicas=3,
                to_replicas=2,
                deletes=("f" * 64,),
                wave=3,
                calls={"create": 2, "pull": 1, "remove": 3, "signal": 3, "start": 2},
                notes=("port 8080 must be freed first: there is a gap",),
            ),
            Change(
                OLD, Action.DELETE, "no longer declared", from_replicas=1, deletes=("e" * 64,),
                wave=5, calls={"remove": 1, "signal": 1},
            ),
        ),
        held={ResourceKey("service", "api"): "not ready within 60s; the last good one is kept"},
        kept=(DATA,),
        state=("state/shop.yaml",),
    )  # fmt: skip


def instance(name: str, key: ResourceKey = WEB, **given: object) -> Instance:
    values: dict[str, object] = {
        "id": f"{name}-id", "name": name, "key": key, "ordinal": 0, "revision": "cccccccccc",
        "attempt": 1, "phase": "running", "ready": True, "started_at_ns": NOW_NS - 200 * S,
    }  # fmt: skip
    return Instance(**{**values, **given})  # type: ignore[arg-type]


def statuses() -> tuple[ResourceStatus, ...]:
    crashed = instance(
        "shop-web-1-cccccccccc-4", phase="exited", ready=False, exit_code=137, oom_killed=True,
        finished_at_ns=NOW_NS - 3 * S, engine_restarts=4,
        log_tail=("starting", "heap: \x1b[31mout of memory\x1b[0m"),
    )  # fmt: skip
    return (
        ResourceStatus(NETWORK, "ready"),
        ResourceStatus(
            DB, "ready", wanted=1, ready=1, current=1, revision="aaaaaaaaaa",
            instances=(instance("shop-db-0-aaaaaaaaaa-1", DB, started_at_ns=NOW_NS - 90000 * S),),
        ),
        ResourceStatus(
            WEB, "degraded", "1 of 2 instances is not ready", wanted=2, ready=1, current=2,
            revision="cccccccccc", instances=(instance("shop-web-0-cccccccccc-1"), crashed),
        ),
        ResourceStatus(ResourceKey("service", "api"), "absent", "not there", wanted=1),
    )  # fmt: skip


def diagnostics() -> list[Diagnostic]:
    return [
        Diagnostic("R111", "services.web: unknown key 'imge'", hint="did you mean 'image'?",
                   position=at(2, 5)),
        Diagnostic("R220", "a secret is written in clear", "Everybody who reads the file knows it.",
                   "refer to it", at(3, 7)),
        Diagnostic("R210", "web:latest may be another image tomorrow",
                   position=at(4, 1), severity="warning"),
        Diagnostic("R250", "two at once on one volume", position=at(1), severity="warning",
                   waived="the vendor ships it so"),
        Diagnostic("R400", "the engine does not answer", hint="start it"),
    ]  # fmt: skip


SOURCE = ("services: {}", "    imge: web:1", "\t  DB_PASSWORD: hunter2", "x: 1")
