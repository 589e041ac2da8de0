"""nginx' smooth weighted round robin, exactly, and without looking at every peer each time.

Each turn every peer gains its weight, the one with most is picked and loses the sum; of equal
ones the first (ngx_http_upstream_round_robin.c). Peers of one weight keep their order but for
the one that was picked, so one heap for each weight, and what that weight has gained so far,
do for all of them. An entry whose key is no more its peer's (`s_key`) is void. With failures or
peers to be left out it goes through them one by one, as nginx does, effective weights and all.
"""

from .heap import Heap
from .members import Members
from .words import FAR


class Smooth(Members):
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
            order: Heap = self.orders[each]
            if order.size == 0:
                continue
            self.class_add[each] += self.class_weight[each]
            value = self.class_add[each] - order.top
            slot = order.first()
            if best < 0 or value > best_value or (value == best_value and slot < best):
                best, best_value, best_class = slot, value, each
        chosen: Heap = self.orders[best_class]
        key = chosen.top + self.up_weight
        self.s_key[best] = key
        chosen.replace(key, best)
        self.drop_void(best_class)
        return best

    def slow_smooth(self, now_ns: int) -> int:
        """The same by nginx' own way, peer by peer."""
        self.end_smooth()
        self.refresh()
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
                self.look_sick(slot)
            if best < 0 or self.s_current[slot] > self.s_current[best]:
                best = slot
        if best >= 0:
            self.s_current[best] -= total
        return best

    def class_of(self, weight: int) -> int:
        """Which of the classes has this weight, a new one if none has; -1 where they are full."""
        for each in range(self.classes):
            if self.class_weight[each] == weight:
                return each
        each = self.classes
        if each == len(self.class_weight):
            return -1
        self.classes = each + 1
        self.class_weight[each] = weight
        self.class_add[each] = 0
        return each

    def begin_smooth(self) -> None:
        """Put the peers in heaps, one for each weight; with many weights it is not worth it."""
        self.refresh()
        self.smooth = 1
        self.classes = 0
        self.orders = []
        for at in range(self.up_count):
            if not self.join_smooth(self.ups[at]):
                self.end_smooth()
                self.classes = -1
                return

    def join_smooth(self, slot: int) -> int:
        """Put one in the heap of its weight; 0 where there can be none."""
        each = self.class_of(self.s_weight[slot])
        if each < 0:
            return 0
        if each == len(self.orders):
            self.orders.append(Heap())
        key = self.class_add[each] - self.s_current[slot]
        self.s_class[slot] = each
        self.s_key[slot] = key
        order: Heap = self.orders[each]
        order.push(key, slot)
        return 1

    def leave_smooth(self, slot: int) -> None:
        """Give one that is in a heap what it has gained, and void its entry."""
        each = self.s_class[slot]
        if not self.smooth or each < 0:
            return
        self.s_current[slot] = self.class_add[each] - self.s_key[slot]
        self.s_class[slot] = -1
        self.s_key[slot] = FAR
        self.drop_void(each)

    def drop_void(self, each: int) -> None:
        """Have a class begin with an entry that is not void."""
        order: Heap = self.orders[each]
        while order.size > 0:
            slot = order.first()
            if self.s_class[slot] == each and self.s_key[slot] == order.top:
                return
            order.pop()

    def renew_smooth(self, batch: list[int]) -> None:
        """These have changed: who came stands with the others again."""
        if not self.smooth:
            if self.classes < 0:
                self.classes = 0
            return
        entries = 0
        for slot in batch:
            if self.is_up(slot) and self.s_class[slot] < 0 and not self.join_smooth(slot):
                entries = -1
                break
        if entries == 0:
            for each in range(self.classes):
                order: Heap = self.orders[each]
                entries += order.size
        if entries < 0 or entries > 2 * self.up_count + 64:
            self.end_smooth()

    def end_smooth(self) -> None:
        """Give the peers what they have gained, and forget the heaps."""
        if not self.smooth:
            return
        self.smooth = 0
        for slot in range(self.slots):
            each = self.s_class[slot]
            if each >= 0:
                self.s_current[slot] = self.class_add[each] - self.s_key[slot]
                self.s_class[slot] = -1
        self.orders = []
        self.classes = 0

    def blame(self, slot: int, now_ns: int) -> None:
        """nginx' passive marking: one more failure of this peer."""
        if self.max_fails == 0:
            return
        self.s_fails[slot] += 1
        self.s_accessed[slot] = self.s_checked[slot] = now_ns
        self.s_effective[slot] -= self.s_weight[slot] // self.max_fails
        if self.s_effective[slot] < 0:
            self.s_effective[slot] = 0
        self.look_sick(slot)

    def clear_blame(self, slot: int) -> None:
        """One that was tried again after its time has answered; without failures left, peace."""
        if self.s_accessed[slot] >= self.s_checked[slot]:
            return
        self.s_fails[slot] = 0
        self.look_sick(slot)
