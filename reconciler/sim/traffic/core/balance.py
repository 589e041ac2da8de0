"""Which slot the edge gives a request to, rule by rule, as the edge whose rule it is does it.

Slots stand in the order of their numbers, as servers do in a configuration.
"""

from .arrays import Ints
from .haproxy import Haproxy
from .words import (
    ABSENT,
    IP_HASH_NGINX,
    KUBE_RANDOM,
    LEAST_CONN,
    LEAST_CONN_HAPROXY,
    RANDOM,
    ROUND_ROBIN,
    ROUND_ROBIN_HAPROXY,
    SOURCE_HAPROXY,
    SOURCE_HAPROXY_RING,
    UP,
    WEIGHTED,
)

WHOLE = 1 << 32


class Balance(Haproxy):
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
        """Look again at who is up."""
        self.end_smooth()
        self.stale = 0
        self.map_stale = 1
        self.classes = 0
        count = 0
        listed = 0
        self.even = self.listed_even = 1
        self.up_weight = self.listed_weight = 0
        for slot in range(self.slots):
            if self.s_edge[slot] == ABSENT:
                continue
            weight = self.s_weight[slot]
            self.listed[listed] = slot
            self.listed_weight += weight
            listed += 1
            if listed == 1:
                self.listed_each = weight
            elif weight != self.listed_each:
                self.listed_even = 0
            if self.s_edge[slot] == UP and weight > 0:
                self.ups[count] = slot
                self.up_weight += weight
                self.upto[count] = self.up_weight
                count += 1
                if weight != self.s_weight[self.ups[0]]:
                    self.even = 0
        self.up_count = count
        self.listed_count = listed
        # The turn goes on after the slot that had it last.
        at = 0
        while at < count and self.ups[at] <= self.turn:
            at += 1
        self.turn_at = at if at < count else 0
        if self.rule == ROUND_ROBIN_HAPROXY and count > 0:
            self.group_renew()
        elif self.rule == LEAST_CONN_HAPROXY and count > 0:
            self.reload()

    def in_turn(self, now_ns: int) -> int:
        """The next one that may be given a request."""
        for _ in range(self.up_count):
            at = self.turn_at
            slot = self.ups[at]
            self.turn_at = at + 1 if at + 1 < self.up_count else 0
            self.turn = slot
            if self.may(slot, now_ns):
                return slot
        return -1

    def least_connected(self, now_ns: int) -> int:
        """nginx' least_conn: fewest connections by weight; of equal ones by smooth turns."""
        if self.even and self.troubled == 0 and self.choices == 0:
            return self.least_even(self.ups, self.s_conns, self.s_current, self.up_count)
        best = -1
        many = 0
        for at in range(self.up_count):
            slot = self.ups[at]
            if (self.troubled or self.choices) and not self.may(slot, now_ns):
                continue
            if best < 0:
                best = slot
                continue
            ours = self.s_conns[slot] * self.s_weight[best]
            theirs = self.s_conns[best] * self.s_weight[slot]
            if ours < theirs:
                best = slot
                many = 0
            elif ours == theirs:
                many = 1
        if not many:
            return best
        return self.smooth_among(best, now_ns)

    def least_even(self, ups: Ints, conns: Ints, current: Ints, count: int) -> int:
        """The same where all weigh the same and none is to be left out."""
        best = ups[0]
        least = conns[best]
        begin = 0
        many = 0
        for at in range(1, count):
            slot = ups[at]
            load = conns[slot]
            if load < least:
                least = load
                best = slot
                begin = at
                many = 0
            elif load == least:
                many = 1
        if not many:
            return best
        weight = self.s_weight[best]
        total = 0
        most = current[best] + weight
        for at in range(begin, count):
            slot = ups[at]
            if conns[slot] == least:
                value = current[slot] + weight
                current[slot] = value
                total += weight
                if value > most:
                    most = value
                    best = slot
        current[best] -= total
        return best

    def smooth_among(self, first: int, now_ns: int) -> int:
        """Smooth turns among those as loaded as `first`, which is the first of them."""
        best = first
        total = 0
        for at in range(self.up_count):
            slot = self.ups[at]
            if slot < first:
                continue
            if self.s_conns[slot] * self.s_weight[best] != self.s_conns[best] * self.s_weight[slot]:
                continue
            if (self.troubled or self.choices) and not self.may(slot, now_ns):
                continue
            self.s_current[slot] += self.s_effective[slot]
            total += self.s_effective[slot]
            if self.s_effective[slot] < self.s_weight[slot]:
                self.s_effective[slot] += 1
            if self.s_current[slot] > self.s_current[best]:
                best = slot
        self.s_current[best] -= total
        return best

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
        if self.even or self.rule == KUBE_RANDOM:
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
        if self.listed_even:
            return self.listed[mark // self.listed_each]
        at = 0
        while mark >= self.s_weight[self.listed[at]]:
            mark -= self.s_weight[self.listed[at]]
            at += 1
        return self.listed[at]
