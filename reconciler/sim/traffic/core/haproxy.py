"""HAProxy's own ways of choosing: roundrobin and leastconn.

roundrobin (lb_fwrr.c): servers stand in a window of positions, each at every (sum of weights /
its weight)-th; one that has no place left in the window waits for the next, where heavier ones
come first. leastconn (lb_fwlc.c): by connections / weight; of equal ones the one that has been
so the longest. Keys of a heap are what HAProxy's trees are sorted by, and the order of coming.
An entry whose key is no more its server's (`s_key`), or that is of a server that stands elsewhere
now, is void. A weight counts 16-fold there (SRV_EWGHT_MAX is 4096), which is where the numbers
are from.
"""

from .arrays import Ints, doubled, zeros
from .fewest import Fewest
from .heap import Heap

CURRENT, FIRST = 0, 1  # heaps of roundrobin; the third waits while the second begins
FEW = 32
OUT, HEAPED = -1, -2  # where leastconn has a server that stands in no queue


class Haproxy(Fewest):
    """Picks as HAProxy does."""

    def ordered(self, key: int) -> int:
        """A heap's key: this one, and after those that came with the same before."""
        self.order_seq += 1
        return (key << 29) | (self.order_seq & 0x1FFFFFFF)

    # -- roundrobin ------------------------------------------------------------------------

    def group_begin(self) -> None:
        """Nobody has a place yet: all wait, heavy ones first."""
        self.refresh()
        self.orders = [Heap(), Heap(), Heap()]
        self.group_first = FIRST
        self.group_next = 0
        self.voided = 0
        for at in range(self.up_count):
            slot = self.ups[at]
            self.wait(slot, self.group_first)
            self.group_next += 16 * self.s_weight[slot]
            self.changes(slot)  # until it has had a turn, it counts as just come when others do
        self.stale = 0
        self.group_weight = self.group_pos = self.group_next

    def wait(self, slot: int, which: int) -> None:
        """Until a window begins; `which` of the two queues."""
        self.put(slot, which, self.ordered(4096 - 16 * self.s_weight[slot]))

    def put(self, slot: int, which: int, key: int) -> None:
        """Into a heap, and nowhere else."""
        order: Heap = self.orders[which]
        self.s_tree[slot] = which + 1
        self.s_key[slot] = key
        order.push(key, slot)

    def group_renew(self, batch: list[int]) -> None:
        """Those that went are out; those that came get a place as far off as their weight has."""
        if len(self.orders) != 3:
            self.group_begin()
            return
        for slot in batch:
            same = self.is_up(slot) and self.s_class[slot] == self.s_weight[slot]
            if self.s_tree[slot] and not same:
                self.s_tree[slot] = 0
                self.voided += 1
        total = self.group_next = 16 * self.up_weight
        for slot in batch:
            if self.is_up(slot) and not self.s_tree[slot]:
                self.s_rest[slot] = 0
                left = max(total + self.group_weight - self.group_pos, 0)
                self.s_npos[slot] = self.group_pos + left // (16 * self.s_weight[slot])
                self.place(slot)
        if self.voided > self.up_count + 64:
            self.group_sweep()
        for which in range(3):
            self.drop_gone(which)

    def group_sweep(self) -> None:
        """Throw away what is void."""
        for which in range(3):
            order: Heap = self.orders[which]
            order.fill([
                (key, slot) for key, slot in order.pairs()
                if self.s_tree[slot] == which + 1 and self.s_key[slot] == key
            ])  # fmt: skip
        self.voided = 0

    def drop_gone(self, which: int) -> None:
        """Have a heap begin with an entry that is not void."""
        order: Heap = self.orders[which]
        while self.voided > 0 and order.size > 0:
            slot = order.first()
            if self.s_tree[slot] == which + 1 and self.s_key[slot] == order.top:
                return
            order.pop()
            self.voided -= 1

    def take(self, which: int) -> int:
        """The first of a heap, out of it."""
        order: Heap = self.orders[which]
        slot = order.pop()
        if self.voided:
            self.drop_gone(which)
        return slot

    def place(self, slot: int) -> None:
        """Give a server its place in the window, or in the queue for the next."""
        at = self.s_npos[slot]
        weight = 16 * self.s_weight[slot]
        self.s_class[slot] = self.s_weight[slot]
        if at >= 2 * self.group_weight or at >= self.group_weight + self.group_next:
            self.s_npos[slot] = at - self.group_weight
            self.wait(slot, 3 - self.group_first)
            return
        key = self.ordered(256 * at + (4096 + self.s_rest[slot] - weight) // 16)
        self.put(slot, CURRENT, key)

    def group_first_of(self) -> int:
        """The server whose turn it is, taken out of where it stood; -1 for none."""
        order: Heap = self.orders[CURRENT]
        if order.size > 0 and self.s_npos[order.first()] <= self.group_pos:
            return self.take(CURRENT)
        first: Heap = self.orders[self.group_first]
        if first.size > 0:
            slot = self.take(self.group_first)
            self.s_npos[slot] = self.s_rest[slot] = 0
            return slot
        return self.take(CURRENT) if order.size > 0 else -1

    def group_turn(self, now_ns: int) -> int:
        """The next server; those that may not be given the request keep their turn for later."""
        passed = []
        chosen = -1
        for _ in range(2 * self.up_count + 2):
            slot = self.group_first_of()
            if slot < 0:
                self.group_first = 3 - self.group_first
                self.group_weight = self.group_pos = self.group_next
                slot = self.group_first_of()
                if slot < 0:
                    break
            weight = 16 * self.s_weight[slot]
            if self.s_npos[slot] == 0:
                self.s_npos[slot] = self.group_pos
            self.s_lpos[slot] = self.s_npos[slot]
            self.s_npos[slot] += self.group_next // weight
            self.s_rest[slot] += self.group_next % weight
            if self.s_rest[slot] >= weight:
                self.s_rest[slot] -= weight
                self.s_npos[slot] += 1
            self.group_pos += 1
            if self.may(slot, now_ns):
                chosen = slot
                self.place(slot)
                break
            passed.append(slot)
        for slot in passed:
            self.place(slot)
        return chosen

    # -- leastconn -------------------------------------------------------------------------

    def load_of(self, slot: int) -> int:
        """What leastconn sorts by."""
        conns = self.s_conns[slot]
        return (conns + 1) * 256 // self.s_weight[slot] if conns > 0 else 0

    def renew_loads(self, batch: list[int]) -> None:
        """These have changed, or what they have: those with another load come after all others."""
        keys = []
        for slot in batch:
            if self.is_up(slot):
                keys.append((self.s_key[slot], slot))
            elif self.heaped:
                self.leave_loads(slot)
        anew = 1 if self.heaped and self.up_count < FEW // 2 else 0
        if not self.heaped and self.up_count > FEW:
            anew = 1
        for key, slot in sorted(keys):
            moved = 0
            if key >> 29 != self.load_of(slot) or key == 0:
                self.s_key[slot] = self.ordered(self.load_of(slot))
                moved = 1
            if self.queued_up and self.s_weight[slot] != self.q_weight:
                anew = 1
            if anew == 0 and self.heaped and (moved or self.s_queue[slot] == OUT):
                self.join_loads(slot, moved)
        if anew:
            self.reload()

    def reload(self) -> None:
        """Put all where they stand, by their keys."""
        self.refresh()
        self.orders = [Heap()]
        order: Heap = self.orders[0]
        self.heaped = 1 if self.up_count > FEW else 0
        # Of equal weights, of which each connection counts, connections alone tell the order.
        self.q_weight = self.s_weight[self.ups[0]]
        self.queued_up = 1 if self.heaped and self.even and self.q_weight <= 256 else 0
        self.q_first = zeros(64)
        self.q_last = zeros(64)
        self.q_least = self.q_all = 0
        for slot in range(self.slots):
            self.s_queue[slot] = OUT
        if self.queued_up:
            keys = [(self.s_key[self.ups[at]], self.ups[at]) for at in range(self.up_count)]
            for _, slot in sorted(keys):
                self.queue_up(slot, self.s_conns[slot])
        elif self.heaped:
            for at in range(self.up_count):
                slot = self.ups[at]
                self.s_queue[slot] = HEAPED
                order.push(self.s_key[slot], slot)

    def join_loads(self, slot: int, last: int) -> None:
        """To the end of its queue where it is the `last`; else by its key, and that is a heap's."""
        if self.queued_up and last:
            self.queue_up(slot, self.s_conns[slot])
            return
        order: Heap = self.orders[0]
        self.s_queue[slot] = HEAPED
        order.push(self.s_key[slot], slot)

    def leave_loads(self, slot: int) -> None:
        """Out of its queue or, as its entry is void now, the heap."""
        if self.s_queue[slot] >= 0:
            self.unlink(slot)
            while self.q_least < len(self.q_first) and self.q_first[self.q_least] == 0:
                self.q_least += 1
        self.s_queue[slot] = OUT

    def unlink(self, slot: int) -> None:
        """Out of the queue where it stands."""
        at = self.s_queue[slot]
        before, after = self.s_before[slot], self.s_after[slot]
        if before:
            self.s_after[before - 1] = after
        else:
            self.q_first[at] = after
        if after:
            self.s_before[after - 1] = before
        else:
            self.q_last[at] = before
        self.q_all -= 1

    def queue_up(self, slot: int, conns: int) -> None:
        """Go from the queue where a server stands, or from none, to the end of another."""
        at = self.s_queue[slot]
        if at >= 0:
            self.unlink(slot)
        while conns >= len(self.q_first):
            self.q_first = doubled(self.q_first)
            self.q_last = doubled(self.q_last)
        last = self.q_last[conns]
        self.s_before[slot] = last
        self.s_after[slot] = 0
        if last:
            self.s_after[last - 1] = slot + 1
        else:
            self.q_first[conns] = slot + 1
        self.q_last[conns] = slot + 1
        self.s_queue[slot] = conns
        self.q_all += 1
        if conns < self.q_least or self.q_all == 1:
            self.q_least = conns
        elif at == self.q_least:
            while self.q_first[self.q_least] == 0:
                self.q_least += 1

    def moved_load(self, slot: int) -> None:
        """A server has a connection more or less."""
        if self.s_weight[slot] == 0 or self.s_edge[slot] != 1:
            return
        if self.stale:
            self.changes(slot)
            return
        conns = self.s_conns[slot]
        load = (conns + 1) * 256 // self.s_weight[slot] if conns > 0 else 0
        if load == self.s_key[slot] >> 29:
            return
        self.order_seq += 1
        key = (load << 29) | (self.order_seq & 0x1FFFFFFF)
        self.s_key[slot] = key
        if not self.heaped:
            return
        if self.queued_up:
            self.queue_up(slot, conns)
            return
        order: Heap = self.orders[0]
        order.push(key, slot)
        if order.size > 4 * self.up_count + 64:
            self.reload()

    def least_loaded(self, now_ns: int) -> int:
        """The first by load; a heap's entry that its server has moved away from is void."""
        if self.choices == 0 and self.troubled == 0:
            if not self.heaped:
                self.refresh()
                return self.least_of(self.ups, self.s_key, self.up_count)
            order: Heap = self.orders[0]
            while order.size > 0:
                slot = order.first()
                if self.s_key[slot] == order.top and self.s_queue[slot] == HEAPED:
                    break
                order.pop()
            if self.queued_up and self.q_all > 0:
                slot = self.q_first[self.q_least] - 1
                if self.s_key[slot] < order.top:
                    return slot
            return order.first()
        self.refresh()
        best = -1
        for at in range(self.up_count):
            slot = self.ups[at]
            if self.may(slot, now_ns) and (best < 0 or self.s_key[slot] < self.s_key[best]):
                best = slot
        return best

    def least_of(self, ups: Ints, keys: Ints, count: int) -> int:
        """The one with the least key: of a few it is quicker to look at all."""
        best = ups[0]
        least = keys[best]
        for at in range(1, count):
            key = keys[ups[at]]
            if key < least:
                least = key
                best = ups[at]
        return best
