"""nginx' smooth weighted round robin, exactly, and without looking at every peer each time.

Each turn every peer gains its weight, the one with most is picked and loses the sum; of equal
ones the first (ngx_http_upstream_round_robin.c). Peers of one weight keep their order but for
the one that was picked, so one heap for each weight, and what that weight has gained so far,
do for all of them. With failures or peers to be left out it goes through them one by one, as
nginx does, effective weights and all.
"""

from .draws import Draws
from .heap import Heap


class Smooth(Draws):
    """Picks by smooth weighted round robin."""

    def may(self, slot: int, now_ns: int) -> int:
        """Whether a slot that is up may be given a request: not tried by it, not failed."""
        if self.s_stamp[slot] == self.stamp:
            return 0
        if self.troubled == 0 or self.max_fails == 0 or self.listed_count <= 1:
            return 1
        if self.s_fails[slot] < self.max_fails:
            return 1
        return 1 if now_ns - self.s_checked[slot] > self.fail_timeout else 0

    def smooth_pick(self, now_ns: int) -> int:
        """The next slot; -1 for none."""
        if self.troubled or self.choices or self.classes < 0:
            return self.slow_smooth(now_ns)
        if not self.smooth:
            self.begin_smooth()
            if self.classes < 0:
                return self.slow_smooth(now_ns)
        best = -1
        best_value = 0
        best_class = 0
        for each in range(self.classes):
            self.class_add[each] += self.class_weight[each]
            order: Heap = self.orders[each]
            value = self.class_add[each] - order.top
            slot = order.first()
            if best < 0 or value > best_value or (value == best_value and slot < best):
                best, best_value, best_class = slot, value, each
        chosen: Heap = self.orders[best_class]
        chosen.replace(chosen.top + self.up_weight, best)
        return best

    def slow_smooth(self, now_ns: int) -> int:
        """The same by nginx' own way, peer by peer."""
        self.end_smooth()
        best = -1
        total = 0
        for at in range(self.up_count):
            slot = self.ups[at]
            if not self.may(slot, now_ns):
                continue
            self.s_current[slot] += self.s_effective[slot]
            total += self.s_effective[slot]
            if self.s_effective[slot] < self.s_weight[slot]:
                self.s_effective[slot] += 1
            if best < 0 or self.s_current[slot] > self.s_current[best]:
                best = slot
        if best >= 0:
            self.s_current[best] -= total
        return best

    def begin_smooth(self) -> None:
        """Put the peers in heaps, one for each weight; with many weights it is not worth it."""
        self.smooth = 1
        self.classes = 0
        self.orders = []
        for at in range(self.up_count):
            slot = self.ups[at]
            found = -1
            for each in range(self.classes):
                if self.class_weight[each] == self.s_weight[slot]:
                    found = each
            if found < 0:
                if self.classes == len(self.class_weight):
                    self.classes = -1
                    self.smooth = 0
                    return
                found = self.classes
                self.classes = found + 1
                self.class_weight[found] = self.s_weight[slot]
                self.class_add[found] = 0
                self.orders.append(Heap())
            self.s_class[slot] = found
            order: Heap = self.orders[found]
            order.push(-self.s_current[slot], slot)

    def end_smooth(self) -> None:
        """Give the peers what they have gained, and forget the heaps."""
        if not self.smooth:
            return
        self.smooth = 0
        for each in range(self.classes):
            order: Heap = self.orders[each]
            while order.size > 0:
                value = self.class_add[each] - order.top
                self.s_current[order.pop()] = value
        self.orders = []

    def blame(self, slot: int, now_ns: int) -> None:
        """nginx' passive marking: one more failure of this peer."""
        if self.max_fails == 0:
            return
        self.end_smooth()
        self.troubled = 1
        self.s_fails[slot] += 1
        self.s_accessed[slot] = self.s_checked[slot] = now_ns
        self.s_effective[slot] -= self.s_weight[slot] // self.max_fails
        if self.s_effective[slot] < 0:
            self.s_effective[slot] = 0

    def clear_blame(self, slot: int) -> None:
        """One that was tried again after its time has answered; without failures left, peace."""
        if self.s_accessed[slot] >= self.s_checked[slot]:
            return
        self.s_fails[slot] = 0
        for each in range(self.slots):
            if self.s_fails[each] > 0 or self.s_effective[each] != self.s_weight[each]:
                return
        self.troubled = 0
