"""Keys of the graph's nodes."""

from functools import lru_cache
from typing import Literal, NamedTuple

Kind = Literal[
    "stack", "network", "volume", "config", "secret", "external", "manifest", "job", "service",
    "route",
]  # fmt: skip

# The tie-break among resources that do not depend on one another.
KIND_ORDER: dict[str, int] = {
    kind: rank
    for rank, kind in enumerate(
        (
            "stack", "network", "volume", "config", "secret", "external",
            "manifest", "job", "service", "route",
        )
    )
}  # fmt: skip

_SECTION = {
    "network": "networks", "volume": "volumes", "config": "configs", "secret": "secrets",
    "external": "external", "job": "jobs", "service": "services", "route": "services",
    "manifest": "manifests", "stack": "name",
}  # fmt: skip


class ResourceKey(NamedTuple):
    """What a resource is called everywhere: ``service/web``.

    Configs and secrets carry the digest of their content, ``config/motd@1f3a…``: other
    content is another object, and the old one goes when nothing holds it any more.
    """

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"

    @property
    def order(self) -> tuple[int, str]:
        """By kind, then by name."""
        return (KIND_ORDER[self.kind], self.name)

    @property
    def path(self) -> tuple[str, str]:
        """Where the desired state declares it."""
        return (_SECTION[self.kind], self.base_name)

    @property
    def base_name(self) -> str:
        """The name without the digest of its content."""
        return self.name.partition("@")[0]

    @staticmethod
    @lru_cache(maxsize=65536)
    def parse(text: str) -> "ResourceKey":
        """``service/web`` → its key; ValueError where it is none."""
        kind, mark, name = text.partition("/")
        if not mark or not name or kind not in KIND_ORDER:
            raise ValueError(f"not a resource: {text!r}; write it like service/web")
        return ResourceKey(kind, name)  # type: ignore[arg-type]
