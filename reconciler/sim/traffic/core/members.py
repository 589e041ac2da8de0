"""Who is up, and who is the n-th of them, without a look at every slot when one has changed.

What has changed is noted, and looked at when somebody must be chosen (`Balance.renew`). A slot
counts in a tree of sums (Fenwick, 1994) by what its rule counts by: peers by weight for nginx'
ip_hash, of those that are up weights for random and heads for the others. So a change costs the
tree's depth, and so does the n-th. The lists in order (`ups`, `listed`) are made anew only when
they were wanted often enough since then to be worth it, or must be gone through anyway.
"""

from .arrays import doubled
from .draws import Draws
from .words import ABSENT, IP_HASH_NGINX, RANDOM, UP

WORTH = 16  # of so many slots that lists would take in, one look by the tree pays


class Members(Draws):
    """The slots that may be chosen."""

    def changes(self, slot: int) -> None:
        """Whether this slot may be chosen, or how, is to be looked at anew."""
        self.stale = 1
        if self.s_changed[slot]:
            return
        self.s_changed[slot] = 1
        if self.changed_count == len(self.changed):
            self.changed = doubled(self.changed)
        self.changed[self.changed_count] = slot
        self.changed_count += 1

    def is_up(self, slot: int) -> int:
        """Whether the edge gives this one new requests."""
        return 1 if self.s_edge[slot] == UP and self.s_weight[slot] > 0 else 0

    def recount(self, slot: int) -> None:
        """Let one count as it is now."""
        weight = self.s_weight[slot]
        up = weight if self.is_up(slot) else 0
        before = self.s_up[slot]
        if up != before:
            self.s_up[slot] = up
            self.up_weight += up - before
            if before:
                self.up_count -= 1
                self.alike -= 1 if before == self.up_each else 0
            if up:
                if self.up_count == 0:
                    self.up_each = up
                self.up_count += 1
                self.alike += 1 if up == self.up_each else 0
        listed = weight + 1 if self.s_edge[slot] != ABSENT else 0
        before = self.s_listed[slot]
        if listed != before:
            self.s_listed[slot] = listed
            self.listed_weight += (listed - 1 if listed else 0) - (before - 1 if before else 0)
            self.listed_count += (1 if listed else 0) - (1 if before else 0)
        counts = 1 if up else 0
        if self.rule == RANDOM:
            counts = up
        elif self.rule == IP_HASH_NGINX:
            counts = listed - 1 if listed else 0
        if counts != self.s_counts[slot]:
            self.add_sum(slot, counts - self.s_counts[slot])
            self.s_counts[slot] = counts

    def add_sum(self, slot: int, by: int) -> None:
        """Let a slot count for more, or less."""
        at = slot + 1
        while at <= self.slot_room:
            self.sums[at] += by
            at += at & -at

    def count_to(self, slot: int) -> int:
        """What all slots up to and with this one count for."""
        at = slot + 1
        total = 0
        while at > 0:
            total += self.sums[at]
            at -= at & -at
        return total

    def slot_at(self, mark: int) -> int:
        """The first slot up to which they count for more than `mark`."""
        at = 0
        step = self.slot_room >> 1
        while step > 0:
            if self.sums[at + step] <= mark:
                at += step
                mark -= self.sums[at]
            step >>= 1
        return at

    def is_fresh(self) -> int:
        """Whether the lists are as they should be; one more look that they could have saved."""
        if self.fresh:
            return 1
        self.looks += 1
        if self.looks * WORTH < self.slots:
            return 0
        self.refresh()
        return 1

    def up_at(self, place: int) -> int:
        """The n-th of those that are up, for rules that count heads."""
        return self.ups[place] if self.is_fresh() else self.slot_at(place)

    def is_even(self) -> int:
        """Whether all that are up weigh the same."""
        if self.alike == 0 and self.up_count > 0:
            self.refresh()
        return 1 if self.alike == self.up_count else 0

    def refresh(self) -> None:
        """Go through all, and list them."""
        if self.fresh:
            return
        self.fresh = 1
        count = 0
        listed = 0
        up_weight = 0
        self.listed_even = 1
        self.alike = 0
        for slot in range(self.slots):
            if not self.s_listed[slot]:
                continue
            weight = self.s_listed[slot] - 1
            self.listed[listed] = slot
            listed += 1
            if listed == 1:
                self.listed_each = weight
            elif weight != self.listed_each:
                self.listed_even = 0
            if self.s_up[slot]:
                self.ups[count] = slot
                up_weight += weight
                self.upto[count] = up_weight
                count += 1
                if count == 1:
                    self.up_each = weight
                if weight == self.up_each:
                    self.alike += 1
        self.even = 1 if self.alike == count else 0

    # -- nginx' passive marking ------------------------------------------------------------

    def look_sick(self, slot: int) -> None:
        """Count those that have failures, or a weight that is not their own again.

        Who is absent has none: it would begin anew.
        """
        sick = 0
        if self.s_edge[slot] != ABSENT and (
            self.s_fails[slot] > 0 or self.s_effective[slot] != self.s_weight[slot]
        ):
            sick = 1
        self.troubled += sick - self.s_sick[slot]
        self.s_sick[slot] = sick
