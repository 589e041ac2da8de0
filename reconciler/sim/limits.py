"""Limits on how often something may be asked: of a registry's pulls, of an API's calls."""

from dataclasses import dataclass

from reconciler.model.units import NS_PER_S


@dataclass(slots=True)
class Limit:
    """Until `until_ns`, `most` are let through: in all, or in each `per_ns`."""

    until_ns: int = 0
    most: int = 0
    per_ns: int = 0
    since_ns: int = 0
    used: int = 0

    def lets(self, now_ns: int) -> bool:
        """Whether one more is let through now; it counts."""
        if now_ns >= self.until_ns:
            return True
        if self.per_ns and now_ns >= self.since_ns + self.per_ns:
            self.since_ns, self.used = now_ns, 0
        self.used += 1
        return self.used <= self.most

    def clone(self) -> "Limit":
        """A copy of its own."""
        return Limit(self.until_ns, self.most, self.per_ns, self.since_ns, self.used)


def a_second(now_ns: int, for_ns: int, most: int) -> Limit:
    """So many a second, for a time from now on."""
    return Limit(now_ns + for_ns, most, NS_PER_S, now_ns)


def in_all(now_ns: int, for_ns: int, most: int) -> Limit:
    """So many in all, for a time from now on."""
    return Limit(now_ns + for_ns, most, 0, now_ns)
