"""One machine: its capacity, who holds how much of it, and what has befallen it."""

from dataclasses import dataclass, field, replace

Asked = tuple[int, int]  # what an instance is promised: millicores, bytes


@dataclass(slots=True)
class Machine:
    """One machine. `cpu_m` and `memory_bytes` are what instances may hold of it in all.

    That is (capacity - reserved) x max_utilisation; None is no bound. `whole` is the same
    without max_utilisation, to tell whether that is what binds. `slow`: a new instance waits
    10 to 30 s more. `cordoned`: it takes no new pod. `off`: it has no power; `cut`: it lives and
    nobody reaches it; `unknown`: the control plane has noticed. `epoch` voids older entries.
    """

    name: str
    cpu_m: int | None = None
    memory_bytes: int | None = None
    whole: tuple[int | None, int | None] = (None, None)
    slow: bool = False
    cordoned: bool = False
    off: bool = False
    cut: bool = False
    unknown: bool = False
    epoch: int = 0
    used_cpu_m: int = 0
    used_memory: int = 0
    held: dict[str, Asked] = field(default_factory=dict)  # id of an instance → what it holds

    def clone(self) -> "Machine":
        """A copy of its own."""
        return replace(self, held=dict(self.held))

    @property
    def reachable(self) -> bool:
        """Whether it hears what it is told."""
        return not (self.off or self.cut)

    @property
    def schedulable(self) -> bool:
        """Whether new pods may go there, as far as the control plane knows."""
        return not (self.cordoned or self.unknown)

    def has_room(self, asked: Asked) -> bool:
        """Whether so much more fits."""
        cpu_m, memory = asked
        most_m, most = self.cpu_m, self.memory_bytes
        if most_m is not None and cpu_m and self.used_cpu_m + cpu_m > most_m:
            return False
        return most is None or not memory or self.used_memory + memory <= most

    def lacking(self, asked: Asked) -> tuple[str, ...]:
        """Of what it has too little: ``cpu``, ``memory``."""
        cpu_m, memory = asked
        found = []
        if self.cpu_m is not None and cpu_m and self.used_cpu_m + cpu_m > self.cpu_m:
            found.append("cpu")
        if (
            self.memory_bytes is not None
            and memory
            and self.used_memory + memory > self.memory_bytes
        ):
            found.append("memory")
        return tuple(found)

    def hold(self, id: str, asked: Asked) -> None:
        """Let an instance hold so much from now on."""
        self.held[id] = asked
        self.used_cpu_m += asked[0]
        self.used_memory += asked[1]

    def let_go(self, id: str) -> None:
        """What an instance held is free again."""
        cpu_m, memory = self.held.pop(id)
        self.used_cpu_m -= cpu_m
        self.used_memory -= memory
