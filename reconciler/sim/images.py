"""The registry and the local store of images."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache

from reconciler.sim.limits import Limit


@lru_cache(maxsize=1024)
def _image_id(reference: str, moved: int) -> str:
    return "sha256:" + hashlib.sha256(f"{reference} {moved}".encode()).hexdigest()


@dataclass(slots=True)
class Images:
    """The registry and the local store. Every reference exists that is not said missing.

    `local` maps a reference to the id of the image that is there; `stored` are the ids of
    all that were pulled, also those whose tag has moved on; `moved` counts pushes of a tag,
    `remote` are ids that the registry is known to have.
    `size_bytes` is what a pull must fetch at `bytes_per_s`, where `sizes` says nothing of the
    reference; `slow` multiplies its time. The registry answers nothing until `out_until_ns`,
    takes no login until `locked_until_ns`, and no more pulls than `limit` lets through.
    """

    local: dict[str, str] = field(default_factory=dict)
    stored: dict[str, None] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    denied: frozenset[str] = frozenset()
    slow: Mapping[str, int] = field(default_factory=dict)  # reference → factor
    moved: dict[str, int] = field(default_factory=dict)
    remote: dict[str, str] = field(default_factory=dict)
    size_bytes: int = 50_000_000
    bytes_per_s: int = 100_000_000
    out_until_ns: int = 0
    locked_until_ns: int = 0
    gone: dict[str, int] = field(default_factory=dict)  # pattern → until when it is not there
    limit: Limit = field(default_factory=Limit)
    sizes: dict[str, int] = field(default_factory=dict)  # reference → bytes

    def clone(self) -> "Images":
        """A copy of its own."""
        return Images(
            dict(self.local), dict(self.stored), self.missing, self.denied, self.slow,
            dict(self.moved), dict(self.remote), self.size_bytes, self.bytes_per_s,
            self.out_until_ns, self.locked_until_ns, dict(self.gone), self.limit.clone(),
            dict(self.sizes),
        )  # fmt: skip

    def lacks(self, reference: str, now_ns: int) -> bool:
        """Whether the registry has nothing under this reference."""
        if not self.gone:
            return reference in self.missing
        return reference in self.missing or any(
            now_ns < until_ns and fnmatchcase(reference, pattern)
            for pattern, until_ns in self.gone.items()
        )

    def refuses(self, reference: str, now_ns: int) -> bool:
        """Whether the registry does not let us have it."""
        return reference in self.denied or now_ns < self.locked_until_ns

    def id_of(self, reference: str) -> str | None:
        """The id of the image that is here by this reference, or by this id itself."""
        return self.local.get(reference) or (reference if reference in self.stored else None)

    def remote_id(self, reference: str) -> str:
        """The id of what the registry has under this reference now."""
        known = self.remote.get(reference)
        if known is not None:
            return known
        return _image_id(reference, self.moved.get(reference, 0))

    def pull(self, reference: str) -> None:
        """What the registry has under this reference is here from now on."""
        self.local[reference] = image_id = self.remote_id(reference)
        self.stored[image_id] = None

    def pull_ns(self, reference: str) -> int:
        """How long the bytes take; nothing when they are here."""
        if self.local.get(reference) == self.remote_id(reference):
            return 0
        factor = self.slow.get(reference, 1)
        size_bytes = self.sizes.get(reference, self.size_bytes)
        return size_bytes * 1_000_000_000 // self.bytes_per_s * factor
