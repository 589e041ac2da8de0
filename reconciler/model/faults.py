"""Kinds of faults that a scenario can name: what each strikes, when, and which keys it takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

# What a fault strikes: an instance, a node, an external, an image, everything there is; or a
# call, a look, an event; or the reconciler itself.
Struck = Literal[
    "instance", "node", "external", "image", "all", "call", "look", "resource", "event",
    "reconciler",
]  # fmt: skip

# What `lasting` is: not said, how long it lasts (which must be said, or is for good without),
# how long the call or event is held up, how long nobody takes the reconciler's place.
Lasting = Literal["", "must", "for good", "delay", "pause"]


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One kind. `takes`: keys of its own beside those of what it strikes."""

    strikes: Struck
    meaning: str
    lasting: Lasting = ""
    takes: tuple[str, ...] = ()

    @property
    def is_timed(self) -> bool:
        """Whether it happens in the world, at a time or at a call; else it befalls a call."""
        return self.strikes in ("instance", "node", "external", "image", "all")

    @property
    def needs_on(self) -> bool:
        """Whether it must say whom it strikes."""
        return self.strikes in ("instance", "node", "external", "image", "resource")

    @property
    def takes_on(self) -> bool:
        """Whether it can say whom it strikes."""
        return self.needs_on or self.strikes in ("call", "event")

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key that it takes, beside `kind`, in the order in which they are documented."""
        if self.strikes == "reconciler":
            own: tuple[str, ...] = ("at", "call", "nth", "lasting")
        elif self.is_timed:
            own = ("at", "call", "nth", "every", *(["lasting"] if self.lasting else []))
        else:
            calls = ("call",) if self.strikes == "call" else ()
            own = ("at", *calls, "nth", "count", "lasting")
        return (*(["on"] if self.takes_on else []), *own, *self.takes)


def _instance(meaning: str, lasting: Lasting = "", *takes: str) -> FaultKind:
    return FaultKind("instance", meaning, lasting, takes)


FAULT_KINDS: Mapping[str, FaultKind] = {
    "crash": _instance("its process ends with an error", "", "instance"),
    "oom": _instance("it is killed at its memory limit", "", "instance"),
    "hang": _instance("it answers nothing, and its process lives", "for good", "instance"),
    "removed": _instance("somebody removes it by hand", "", "instance"),
    "edit": _instance(
        "somebody sets `field` of all its instances, or of the object, to `value`", "", "field",
        "value",
    ),
    "node_loss": FaultKind("node", "it loses its power", "for good"),
    "node_partition": FaultKind(
        "node", "nobody reaches it, and its processes live on", "for good"
    ),
    "node_drain": FaultKind("node", "it is emptied, and takes nothing new", "for good"),
    "external_away": FaultKind("external", "it answers nothing", "must"),
    "image_missing": FaultKind("image", "the registry does not have it", "for good"),
    "registry_outage": FaultKind("all", "the registry answers nothing", "must"),
    "registry_denied": FaultKind("all", "the registry refuses every login", "for good"),
    "registry_limited": FaultKind(
        "all", "the registry takes `amount` more pulls, and refuses the others for their number",
        "must", ("amount",),
    ),
    "throttled": FaultKind(
        "all", "the API takes `amount` calls and looks a second, and refuses the others", "must",
        ("amount",),
    ),
    "unreachable": FaultKind("all", "the engine or the cluster answers nothing", "must"),
    "port_taken": FaultKind(
        "all", "somebody else takes the host port `amount`, if it is free", "for good",
        ("amount",),
    ),
    "engine_restart": FaultKind("all", "the engine restarts, and every process ends"),
    "fail_before": FaultKind("call", "it fails, and nothing has happened"),
    "fail_after": FaultKind("call", "it is done, and its answer is an error"),
    "lost_reply": FaultKind("call", "it is done, and its answer never comes"),
    "delay": FaultKind("call", "it takes so much longer", "delay"),
    "look_fails": FaultKind("look", "nothing can be read"),
    "stale_view": FaultKind(
        "look", "it sees what was `amount` changes ago, and does not say so", "", ("amount",)
    ),
    "unobservable": FaultKind("resource", "a look cannot read it, and says so"),
    "event_lost": FaultKind("event", "nobody hears of a change"),
    "event_doubled": FaultKind("event", "it is heard of twice"),
    "event_delayed": FaultKind("event", "it is heard of later, after others", "delay"),
    "kill_reconciler": FaultKind("reconciler", "it dies, and another takes its place", "pause"),
}  # fmt: skip
