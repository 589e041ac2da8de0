"""HAProxy's own ways of choosing: roundrobin, leastconn, and the map and the ring for hashing.

roundrobin (lb_fwrr.c): servers stand in a window of positions, each at every (sum of weights /
its weight)-th; one that has no place left in the window waits for the next, where heavier ones
come first. leastconn (lb_fwlc.c): by connections / weight; of equal ones the one that has been
so the longest. Keys of a heap are what HAProxy's trees are sorted by, and the order of coming.
A weight counts 16-fold there (SRV_EWGHT_MAX is 4096), which is where the numbers are from.
"""

from .arrays import Ints, doubled, held, zeros
from .heap import Heap
from .means import spread
from .smooth import Smooth

CURRENT, FIRST, NEXT = 0, 1, 2
FEW = 32
WORD = 0xFFFFFFFF


class Haproxy(Smooth):
    """Picks as HAProxy does."""

    def ordered(self, key: int) -> int:
        """A heap's key: this one, and after those that came with the same before."""
        self.order_seq += 1
        return (key << 29) | (self.order_seq & 0x1FFFFFFF)

    # -- roundrobin ------------------------------------------------------------------------

    def group_begin(self) -> None:
        """Nobody has a place yet: all wait, heavy ones first."""
        self.orders = [Heap(), Heap(), Heap()]
        self.group_first = FIRST
        self.group_next = 0
        for at in range(self.up_count):
            slot = self.ups[at]
            self.wait(slot, self.group_first)
            self.group_next += 16 * self.s_weight[slot]
        self.group_weight = self.group_pos = self.group_next

    def wait(self, slot: int, which: int) -> None:
        """Until a window begins; `which` of the two queues."""
        order: Heap = self.orders[which]
        self.s_tree[slot] = which
        order.push(self.ordered(4096 - 16 * self.s_weight[slot]), slot)

    def group_renew(self) -> None:
        """Those that went are out; those that came get a place as far off as their weight has."""
        if len(self.orders) != 3:
            self.group_begin()
            return
        total = 0
        for at in range(self.up_count):
            total += 16 * self.s_weight[self.ups[at]]
            self.s_key[self.ups[at]] = -1
        for which in range(3):
            order: Heap = self.orders[which]
            kept = []
            for key, slot in order.pairs():
                if self.is_up(slot) and self.s_class[slot] == self.s_weight[slot]:
                    kept.append((key, slot))
                    self.s_key[slot] = 0
            order.fill(kept)
        self.group_next = total
        for at in range(self.up_count):
            slot = self.ups[at]
            if self.s_key[slot] < 0:
                self.s_rest[slot] = 0
                left = max(total + self.group_weight - self.group_pos, 0)
                self.s_npos[slot] = self.group_pos + left // (16 * self.s_weight[slot])
                self.place(slot)

    def is_up(self, slot: int) -> int:
        """Whether the edge gives this one new requests."""
        return 1 if self.s_edge[slot] == 1 and self.s_weight[slot] > 0 else 0

    def place(self, slot: int) -> None:
        """Give a server its place in the window, or in the queue for the next."""
        at = self.s_npos[slot]
        weight = 16 * self.s_weight[slot]
        self.s_class[slot] = self.s_weight[slot]
        if at >= 2 * self.group_weight or at >= self.group_weight + self.group_next:
            self.s_npos[slot] = at - self.group_weight
            self.wait(slot, 3 - self.group_first)
            return
        self.s_tree[slot] = CURRENT
        order: Heap = self.orders[CURRENT]
        order.push(self.ordered(256 * at + (4096 + self.s_rest[slot] - weight) // 16), slot)

    def group_first_of(self) -> int:
        """The server whose turn it is, taken out of where it stood; -1 for none."""
        order: Heap = self.orders[CURRENT]
        if order.size > 0 and self.s_npos[order.first()] <= self.group_pos:
            return order.pop()
        first: Heap = self.orders[self.group_first]
        if first.size > 0:
            slot = first.pop()
            self.s_npos[slot] = self.s_rest[slot] = 0
            return slot
        return order.pop() if order.size > 0 else -1

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

    def reload(self) -> None:
        """Sort all anew, in the order in which they stood."""
        self.orders = [Heap()]
        order: Heap = self.orders[0]
        keys = [(self.s_key[self.ups[at]], self.ups[at]) for at in range(self.up_count)]
        for key, slot in sorted(keys):
            if key >> 29 != self.load_of(slot) or key == 0:
                key = self.ordered(self.load_of(slot))
                self.s_key[slot] = key
            order.push(key, slot)
        self.heaped = 1 if self.up_count > FEW else 0
        # Of equal weights, of which each connection counts, connections alone tell the order.
        self.queued_up = 1 if self.heaped and self.even and self.s_weight[self.ups[0]] <= 256 else 0
        if self.queued_up:
            self.queue_all(order)

    def queue_all(self, order: Heap) -> None:
        """A queue for each number of connections, of the servers that have so many."""
        self.q_first = zeros(64)
        self.q_last = zeros(64)
        self.q_least = 0
        while order.size > 0:
            slot = order.pop()
            self.s_queue[slot] = -1
            self.queue_up(slot, self.s_conns[slot])
        while self.q_first[self.q_least] == 0:
            self.q_least += 1

    def queue_up(self, slot: int, conns: int) -> None:
        """Go from the queue where a server stands, or from none, to the end of another."""
        at = self.s_queue[slot]
        if at >= 0:
            before, after = self.s_before[slot], self.s_after[slot]
            if before:
                self.s_after[before - 1] = after
            else:
                self.q_first[at] = after
            if after:
                self.s_before[after - 1] = before
            else:
                self.q_last[at] = before
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
        if conns < self.q_least:
            self.q_least = conns
        elif at == self.q_least:
            while self.q_first[self.q_least] == 0:
                self.q_least += 1

    def moved_load(self, slot: int) -> None:
        """A server has a connection more or less."""
        if self.stale or self.s_weight[slot] == 0 or self.s_edge[slot] != 1:
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
            if self.queued_up:
                return self.q_first[self.q_least] - 1
            if not self.heaped:
                return self.least_of(self.ups, self.s_key, self.up_count)
            order: Heap = self.orders[0]
            while order.top != self.s_key[order.first()]:
                order.pop()
            return order.first()
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

    # -- hashing ---------------------------------------------------------------------------

    def draw_map(self) -> None:
        """The map (lb_map.c): places for servers by weight over their common divisor, spread."""
        self.map_stale = 0
        self.map_slots = self.ups
        self.map_weight = self.up_count
        if not self.even:
            self.map_slots, self.map_weight = spread(
                [(self.ups[at], self.s_weight[self.ups[at]]) for at in range(self.up_count)],
                [self.s_weight[slot] for slot in range(self.slots)],
            )

    def avalanche(self, bits: int) -> int:
        """Bob Jenkins' full avalanche, and a product, in 32 bits (full_hash in tools.h)."""
        bits = (bits + 0x7ED55D16 + (bits << 12)) & WORD
        bits = bits ^ 0xC761C23C ^ (bits >> 19)
        bits = (bits + 0x165667B1 + (bits << 5)) & WORD
        bits = ((bits + 0xD3A2646C) ^ (bits << 9)) & WORD
        bits = (bits + 0xFD7046C5 + (bits << 3)) & WORD
        bits = bits ^ 0xB55A4F09 ^ (bits >> 16)
        return (bits + (((3 * bits) & 3) << 30)) & WORD  # times 3 · 2^30 + 1

    def draw_ring(self) -> None:
        """The ring (lb_chash.c): 16 points for each unit of a server's weight, by its number."""
        self.map_stale = 0
        points = []
        for at in range(self.up_count):
            slot = self.ups[at]
            for point in range(16 * self.s_weight[slot]):
                points.append((self.avalanche((slot + 1) * 4096 + point) << 24) | slot)
        points.sort()
        self.ring_count = len(points)
        self.ring_keys = held([each >> 24 for each in points])
        self.ring_slots = held([each & 0xFFFFFF for each in points])

    def on_ring(self, hashed: int, now_ns: int) -> int:
        """The server nearest to a place on the ring, or the next that may be given the request."""
        if self.map_stale:
            self.draw_ring()
        low = 0
        high = self.ring_count
        while low < high:
            middle = (low + high) >> 1
            if self.ring_keys[middle] < hashed:
                low = middle + 1
            else:
                high = middle
        at = low if low < self.ring_count else 0
        before = at - 1 if at > 0 else self.ring_count - 1
        back = (hashed - self.ring_keys[before]) & WORD
        if back <= ((self.ring_keys[at] - hashed) & WORD):
            at = before
        for _ in range(self.ring_count):
            slot = self.ring_slots[at]
            if self.may(slot, now_ns):
                return slot
            at = at + 1 if at + 1 < self.ring_count else 0
        return -1

    def source(self, address: int) -> int:
        """The address modulo the weights, in the map; a further try comes to the same."""
        if self.map_stale:
            self.draw_map()
        slot = self.map_slots[address % self.map_weight]
        return -1 if self.s_stamp[slot] == self.stamp and self.choices > 16 else slot
