"""Which slot the edge gives a request to, rule by rule, as the edge whose rule it is does it.

Slots stand in the order of their numbers, as servers do in a configuration.
"""

from .ring import Ring
from .words import (
    IP_HASH_NGINX,
    KUBE_RANDOM,
    LEAST_CONN,
    LEAST_CONN_HAPROXY,
    RANDOM,
    RANDOM_HAPROXY,
    ROUND_ROBIN,
    ROUND_ROBIN_HAPROXY,
    SOURCE_HAPROXY,
    SOURCE_HAPROXY_RING,
    UP,
    WEIGHTED,
)

WHOLE = 1 << 32


class Balance(Ring):
    """The rules."""

    def pick(self, client: int, now_ns: int) -> int:
        """A slot that is up, by the rule; -1 for none. `choices` slots have been tried."""
        if self.stale:
            self.renew()
        if self.up_count == 0:
            return -1
        rule = self.rule
        if rule == ROUND_ROBIN:
            slot = self.in_turn(now_ns)
        elif rule == WEIGHTED:
            slot = self.smooth_pick(now_ns)
        elif rule == LEAST_CONN:
            slot = self.least_connected(now_ns)
        elif rule in (RANDOM, KUBE_RANDOM):
            slot = self.at_random(now_ns)
        elif rule == IP_HASH_NGINX:
            slot = self.ip_hash(self.address_of(client), now_ns)
        elif rule == SOURCE_HAPROXY:
            slot = self.source(self.address_of(client))
        elif rule == ROUND_ROBIN_HAPROXY:
            slot = self.group_turn(now_ns)
        elif rule == LEAST_CONN_HAPROXY:
            slot = self.least_loaded(now_ns)
        elif rule == SOURCE_HAPROXY_RING:
            slot = self.on_ring(self.avalanche(self.address_of(client)), now_ns)
        else:
            slot = self.of_two(now_ns)
        if slot >= 0 and self.troubled and now_ns - self.s_checked[slot] > self.fail_timeout:
            self.s_checked[slot] = now_ns
        return slot

    def address_of(self, client: int) -> int:
        """A client's address."""
        if client >= self.everybody:
            client = self.p_client[client - self.everybody]
        return self.first_address + client % self.addresses

    def whose(self, client: int) -> int:
        """The client itself, where the number is an affine session of it."""
        return client if client < self.everybody else self.p_client[client - self.everybody]

    def renew(self) -> None:
        """Look at those that have changed."""
        self.stale = 0
        self.map_stale = 1
        if self.changed_count == 0:
            return
        batch = sorted([self.changed[at] for at in range(self.changed_count)])
        for slot in batch:
            self.recount(slot)
        self.fresh = self.looks = 0
        rule = self.rule
        if self.up_count == 0 and rule in (ROUND_ROBIN_HAPROXY, LEAST_CONN_HAPROXY):
            return  # HAProxy's order stays as it was until there is somebody again
        for slot in batch:
            self.s_changed[slot] = 0
        self.changed_count = 0
        if rule == ROUND_ROBIN:
            # The turn goes on after the slot that had it last.
            at = self.count_to(self.turn) if self.turn >= 0 else 0
            self.turn_at = at if at < self.up_count else 0
        elif rule in (WEIGHTED, IP_HASH_NGINX):
            self.renew_smooth(batch)
        elif rule == LEAST_CONN:
            self.renew_trees(batch)
        elif rule in (RANDOM_HAPROXY, SOURCE_HAPROXY_RING):
            self.renew_ring(batch)
        elif rule == ROUND_ROBIN_HAPROXY:
            self.group_renew(batch)
        elif rule == LEAST_CONN_HAPROXY:
            self.renew_loads(batch)

    def in_turn(self, now_ns: int) -> int:
        """The next one that may be given a request."""
        for _ in range(self.up_count):
            at = self.turn_at
            slot = self.up_at(at)
            self.turn_at = at + 1 if at + 1 < self.up_count else 0
            self.turn = slot
            if self.may(slot, now_ns):
                return slot
        return -1

    def draw(self) -> int:
        """32 random bits for a choice."""
        number = self.order_seq + 1
        self.order_seq = number
        if (number >> 8) != self.draw_chunk:
            self.draw_chunk = number >> 8
            self.fill_below(WHOLE, self.b_draw, self.seed_balance, self.draw_chunk << 8)
        return self.b_draw[number & 255]

    def at_random(self, now_ns: int) -> int:
        """One of those that may be given a request, by weight unless the rule has none."""
        if self.troubled or self.choices:
            return self.at_random_among(now_ns)
        if self.rule == KUBE_RANDOM:
            return self.up_at((self.draw() * self.up_count) >> 32)
        if not self.is_fresh():
            return self.slot_at((self.draw() * self.up_weight) >> 32)
        if self.even:
            return self.ups[(self.draw() * self.up_count) >> 32]
        return self.ups[self.place_of((self.draw() * self.up_weight) >> 32)]

    def place_of(self, mark: int) -> int:
        """The first place up to which the weights come to more than `mark`."""
        low = 0
        high = self.up_count - 1
        while low < high:
            middle = (low + high) >> 1
            if self.upto[middle] > mark:
                high = middle
            else:
                low = middle + 1
        return low

    def at_random_among(self, now_ns: int) -> int:
        """The same where some must be left out."""
        self.refresh()
        total = 0
        for at in range(self.up_count):
            slot = self.ups[at]
            if self.may(slot, now_ns):
                total += 1 if self.rule == KUBE_RANDOM else self.s_weight[slot]
        if total == 0:
            return -1
        mark = (self.draw() * total) >> 32
        for at in range(self.up_count):
            slot = self.ups[at]
            if self.may(slot, now_ns):
                mark -= 1 if self.rule == KUBE_RANDOM else self.s_weight[slot]
                if mark < 0:
                    return slot
        return -1

    def of_two(self, now_ns: int) -> int:
        """HAProxy's random: two drawn on the ring; the second, unless it is more loaded.

        So shares are those of the ring, and with small weights not quite those of the weights.
        """
        first = self.on_ring(self.draw(), now_ns)
        second = self.on_ring(self.draw(), now_ns)
        if first < 0:
            return -1
        ours = self.s_conns[second] * self.s_weight[first]
        theirs = self.s_conns[first] * self.s_weight[second]
        return first if ours > theirs else second

    def ip_hash(self, address: int, now_ns: int) -> int:
        """nginx' ip_hash: the first three octets; after 20 that are passed by, smooth turns.

        A request that goes on to another peer goes on in the same row of hashes, in which a peer
        that it was given to is not one passed by at that place.
        """
        if self.listed_count == 1:
            return self.smooth_pick(now_ns)
        if self.choices == 0:
            self.hash_picks = 0
        first = (address >> 24) & 255
        second = (address >> 16) & 255
        third = (address >> 8) & 255
        hashed = 89
        for _ in range(21 + self.hash_picks):
            hashed = (hashed * 113 + first) % 6271
            hashed = (hashed * 113 + second) % 6271
            hashed = (hashed * 113 + third) % 6271
            slot = self.listed_at(hashed % self.listed_weight)
            if self.s_edge[slot] == UP and self.may(slot, now_ns):
                self.hash_picks += 1
                return slot
        return self.smooth_pick(now_ns)

    def listed_at(self, mark: int) -> int:
        """The peer, up or down, in whose part of the weights `mark` falls."""
        if not self.is_fresh():
            return self.slot_at(mark)
        if self.listed_even:
            return self.listed[mark // self.listed_each]
        at = 0
        while mark >= self.s_weight[self.listed[at]]:
            mark -= self.s_weight[self.listed[at]]
            at += 1
        return self.listed[at]
