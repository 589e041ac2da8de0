"""HAProxy's hashing: the map, and the ring of `hash-type consistent` and of its random.

The ring (lb_chash.c) has 16 points for each unit of a server's weight, in the order of their
places. Points are spread evenly, so they stand in buckets by their first bits, about one in
each, sorted: whoever comes or goes moves its own points, and the nearest to a place is found at
once.
"""

from .arrays import doubled, zeros
from .haproxy import Haproxy
from .means import spread

WORD = 0xFFFFFFFF
LEAST_BITS = 8  # of a bucket's number


class Ring(Haproxy):
    """Picks by the hash of an address."""

    # -- the map ---------------------------------------------------------------------------

    def draw_map(self) -> None:
        """The map (lb_map.c): places for servers by weight over their common divisor, spread."""
        self.map_stale = 0
        self.refresh()
        self.map_slots, self.map_weight = spread(
            [(self.ups[at], self.s_weight[self.ups[at]]) for at in range(self.up_count)],
            [self.s_weight[slot] for slot in range(self.slots)],
        )

    def source(self, address: int) -> int:
        """The address modulo the weights, in the map; a further try comes to the same."""
        if self.is_even():
            slot = self.up_at(address % self.up_count)  # each has one place, in order
        else:
            if self.map_stale:
                self.draw_map()
            slot = self.map_slots[address % self.map_weight]
        return -1 if self.s_stamp[slot] == self.stamp and self.choices > 16 else slot

    # -- the ring --------------------------------------------------------------------------

    def avalanche(self, bits: int) -> int:
        """Bob Jenkins' full avalanche, and a product, in 32 bits (full_hash in tools.h)."""
        bits = (bits + 0x7ED55D16 + (bits << 12)) & WORD
        bits = bits ^ 0xC761C23C ^ (bits >> 19)
        bits = (bits + 0x165667B1 + (bits << 5)) & WORD
        bits = ((bits + 0xD3A2646C) ^ (bits << 9)) & WORD
        bits = (bits + 0xFD7046C5 + (bits << 3)) & WORD
        bits = bits ^ 0xB55A4F09 ^ (bits >> 16)
        return (bits + (((3 * bits) & 3) << 30)) & WORD  # times 3 · 2^30 + 1

    def renew_ring(self, batch: list[int]) -> None:
        """Those that went take their points along, those that came bring theirs."""
        if self.ring_bits == 0:
            self.ring_bits = LEAST_BITS
            self.ring_first = zeros(1 << LEAST_BITS)
        for slot in batch:
            weight = self.s_weight[slot] if self.is_up(slot) else 0
            before = self.s_points[slot]
            for point in range(16 * weight, 16 * before):
                self.take_point(self.avalanche((slot + 1) * 4096 + point), slot)
            for point in range(16 * before, 16 * weight):
                self.put_point(self.avalanche((slot + 1) * 4096 + point), slot)
            self.s_points[slot] = weight
        bits = self.ring_bits
        while bits > LEAST_BITS and self.ring_count < 1 << (bits - 3):
            bits -= 1
        if bits != self.ring_bits:
            self.ring_bits = bits
            self.spread_points()

    def put_point(self, key: int, slot: int) -> None:
        """One point more."""
        node = self.ring_free - 1
        if node >= 0:
            self.ring_free = self.ring_next[node]
        else:
            node = self.ring_made
            self.ring_made = node + 1
            if node == len(self.ring_keys):
                self.ring_keys = doubled(self.ring_keys)
                self.ring_slots = doubled(self.ring_slots)
                self.ring_next = doubled(self.ring_next)
        self.ring_keys[node] = key
        self.ring_slots[node] = slot
        self.ring_count += 1
        self.link_point(node)
        if self.ring_count > 1 << self.ring_bits:
            self.ring_bits += 1
            self.spread_points()

    def link_point(self, node: int) -> None:
        """Into its bucket, where it belongs: by place, of one place by the server's number."""
        key, slot = self.ring_keys[node], self.ring_slots[node]
        bucket = key >> (32 - self.ring_bits)
        before = -1
        after = self.ring_first[bucket]
        while after > 0 and (
            self.ring_keys[after - 1] < key
            or (self.ring_keys[after - 1] == key and self.ring_slots[after - 1] < slot)
        ):
            before = after - 1
            after = self.ring_next[before]
        self.ring_next[node] = after
        if before < 0:
            self.ring_first[bucket] = node + 1
        else:
            self.ring_next[before] = node + 1

    def take_point(self, key: int, slot: int) -> None:
        """One point less."""
        bucket = key >> (32 - self.ring_bits)
        before = -1
        node = self.ring_first[bucket] - 1
        while self.ring_slots[node] != slot or self.ring_keys[node] != key:
            before = node
            node = self.ring_next[before] - 1
        if before < 0:
            self.ring_first[bucket] = self.ring_next[node]
        else:
            self.ring_next[before] = self.ring_next[node]
        self.ring_next[node] = self.ring_free
        self.ring_free = node + 1
        self.ring_count -= 1

    def spread_points(self) -> None:
        """All into other buckets, as many as `ring_bits` says."""
        nodes = []
        for bucket in range(len(self.ring_first)):
            node = self.ring_first[bucket] - 1
            while node >= 0:
                nodes.append(node)
                node = self.ring_next[node] - 1
        self.ring_first = zeros(1 << self.ring_bits)
        for node in nodes:
            self.link_point(node)

    def first_from(self, bucket: int) -> int:
        """The first point in this bucket or after it, round the ring."""
        most = (1 << self.ring_bits) - 1
        while self.ring_first[bucket & most] == 0:
            bucket += 1
        return self.ring_first[bucket & most] - 1

    def last_before(self, bucket: int) -> int:
        """The last point in the buckets before this one, round the ring."""
        most = (1 << self.ring_bits) - 1
        bucket += most  # one less
        while self.ring_first[bucket & most] == 0:
            bucket += most
        node = self.ring_first[bucket & most] - 1
        while self.ring_next[node] > 0:
            node = self.ring_next[node] - 1
        return node

    def on_ring(self, hashed: int, now_ns: int) -> int:
        """The server nearest to a place on the ring, or the next that may be given the request."""
        bucket = hashed >> (32 - self.ring_bits)
        before = -1
        at = self.ring_first[bucket] - 1
        while at >= 0 and self.ring_keys[at] < hashed:
            before = at
            at = self.ring_next[at] - 1
        if at < 0:
            at = self.first_from(bucket + 1)
        if before < 0:
            before = self.last_before(bucket)
        back = (hashed - self.ring_keys[before]) & WORD
        if back <= ((self.ring_keys[at] - hashed) & WORD):
            at = before
        for _ in range(self.ring_count):
            slot = self.ring_slots[at]
            if self.may(slot, now_ns):
                return slot
            bucket = self.ring_keys[at] >> (32 - self.ring_bits)
            at = self.ring_next[at] - 1
            if at < 0:
                at = self.first_from(bucket + 1)
        return -1
