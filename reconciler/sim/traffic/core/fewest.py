"""nginx' least_conn, exactly, and with many peers without looking at every one each time.

Fewest connections by weight are chosen; of equal ones those turn smoothly, and only those: each
gains its weight, the one with most is picked and loses the sum; of equal ones the first
(ngx_http_upstream_least_conn_module.c).

Peers of one weight are a class. In a tree of winners, as of a tournament, the one with fewest
connections goes up, of these the one that has gained most, of these the first. What all of a
class with so many connections have gained together is held once for them (`q_add`), so that it
changes none of the matches; `s_current` is without it as long as they stand in the trees. A peer
whose connections change plays again, up to where nothing changes.
"""

from .arrays import Ints, longer, zeros
from .smooth import Smooth

CLASSES = 8  # room for each number of connections in `q_add` and `q_count`
LINE = 12  # with up to so many it is quicker to look at all


class Fewest(Smooth):
    """Picks by fewest connections."""

    def least_connected(self, now_ns: int) -> int:
        """The next slot; -1 for none."""
        if self.troubled or self.choices:
            self.end_trees()
            self.refresh()
            return self.least_among(now_ns)
        if self.trees or (self.up_count > LINE and self.classes >= 0):
            if not self.trees:
                self.begin_trees()
            if self.trees:
                return self.least_won()
        self.refresh()
        if self.even:
            return self.least_even(self.ups, self.s_conns, self.s_current, self.up_count)
        return self.least_among(now_ns)

    def least_among(self, now_ns: int) -> int:
        """nginx' own way, peer by peer."""
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
                self.look_sick(slot)
            if self.s_current[slot] > self.s_current[best]:
                best = slot
        self.s_current[best] -= total
        return best

    # -- trees of winners ------------------------------------------------------------------

    def least_won(self) -> int:
        """The best of the winners, which gains and loses as it would among all."""
        if self.unplayed >= 0:
            self.play(self.unplayed)
        room = 2 * self.slot_room
        first = -1
        for each in range(self.classes):
            slot = self.winners[each * room + 1] - 1
            if slot < 0:
                continue
            if first < 0 or (
                self.s_queue[slot] * self.s_weight[first]
                < self.s_queue[first] * self.s_weight[slot]
            ):
                first = slot
        many = 0
        total = 0
        for each in range(self.classes):
            slot = self.winners[each * room + 1] - 1
            if slot >= 0 and (
                self.s_queue[slot] * self.s_weight[first]
                == self.s_queue[first] * self.s_weight[slot]
            ):
                count = self.q_count[self.s_queue[slot] * CLASSES + each]
                many += count
                total += count * self.s_weight[slot]
        if many == 1:
            return first
        best = -1
        most = 0
        for each in range(self.classes):
            slot = self.winners[each * room + 1] - 1
            if slot >= 0 and (
                self.s_queue[slot] * self.s_weight[first]
                == self.s_queue[first] * self.s_weight[slot]
            ):
                at = self.s_queue[slot] * CLASSES + each
                self.q_add[at] += self.s_weight[slot]
                value = self.s_current[slot] + self.q_add[at]
                if best < 0 or value > most or (value == most and slot < best):
                    best = slot
                    most = value
        self.s_current[best] -= total
        self.unplayed = best  # most often it plays at once, with one connection more
        return best

    def play(self, slot: int) -> None:
        """All the matches of a slot, or with it gone the matches for its place."""
        if slot == self.unplayed:
            self.unplayed = -1
        room = self.slot_room
        base = self.s_class[slot] * 2 * room
        at = room + slot
        ours = slot + 1 if self.s_queue[slot] >= 0 else 0
        winner = ours
        self.winners[base + at] = winner
        while at > 1:
            winner = self.better(winner, self.winners[base + (at ^ 1)])
            at >>= 1
            if self.winners[base + at] == winner and winner != ours:
                return
            self.winners[base + at] = winner

    def better(self, one: int, other: int) -> int:
        """Who wins, of two of one class, by number + 1; 0: nobody."""
        if one == 0 or other == 0:
            return one + other
        left = self.s_queue[one - 1]
        right = self.s_queue[other - 1]
        if left != right:
            return one if left < right else other
        left = self.s_current[one - 1]
        right = self.s_current[other - 1]
        if left != right:
            return one if left > right else other
        return one if one < other else other

    def moved_conns(self, slot: int) -> None:
        """A peer has a connection more or less."""
        if not self.trees or self.s_class[slot] < 0:
            return
        conns = self.s_conns[slot]
        if (conns + 1) * CLASSES > len(self.q_add):
            self.more_conns(conns)
        each = self.s_class[slot]
        before = self.s_queue[slot] * CLASSES + each
        after = conns * CLASSES + each
        self.s_current[slot] += self.q_add[before] - self.q_add[after]
        self.q_count[before] -= 1
        self.q_count[after] += 1
        self.s_queue[slot] = conns
        self.play(slot)

    def more_conns(self, conns: int) -> None:
        """Room for so many, and as many more."""
        self.q_add = longer(self.q_add, 2 * (conns + 1) * CLASSES)
        self.q_count = longer(self.q_count, 2 * (conns + 1) * CLASSES)

    def begin_trees(self) -> None:
        """A tree for each weight; with many weights it is not worth it."""
        self.refresh()
        self.trees = 1
        self.classes = 0
        self.unplayed = -1
        self.q_add = zeros(64 * CLASSES)
        self.q_count = zeros(64 * CLASSES)
        room = self.slot_room
        self.winners = zeros(2 * room)
        for at in range(self.up_count):
            slot = self.ups[at]
            if not self.stand(slot):
                self.end_trees()
                self.classes = -1
                return
            self.winners[self.s_class[slot] * 2 * room + room + slot] = slot + 1
        for each in range(self.classes):
            base = 2 * room * each
            for place in range(room - 1, 0, -1):
                below = base + 2 * place
                self.winners[base + place] = self.better(
                    self.winners[below], self.winners[below + 1]
                )

    def stand(self, slot: int) -> int:
        """Give one its class, without a match yet; 0 where there can be none."""
        each = self.class_of(self.s_weight[slot])
        if each < 0:
            return 0
        if len(self.winners) < self.classes * 2 * self.slot_room:
            self.winners = longer(self.winners, self.classes * 2 * self.slot_room)
        conns = self.s_conns[slot]
        if (conns + 1) * CLASSES > len(self.q_add):
            self.more_conns(conns)
        self.s_class[slot] = each
        self.s_queue[slot] = conns
        self.s_current[slot] -= self.q_add[conns * CLASSES + each]
        self.q_count[conns * CLASSES + each] += 1
        return 1

    def sit(self, slot: int) -> None:
        """Give it what it has gained with others."""
        at = self.s_queue[slot] * CLASSES + self.s_class[slot]
        self.s_current[slot] += self.q_add[at]
        self.q_count[at] -= 1
        self.s_queue[slot] = -1

    def leave_trees(self, slot: int) -> None:
        """One that may stand in a tree does no more."""
        if self.trees and self.s_class[slot] >= 0:
            self.sit(slot)
            self.play(slot)
            self.s_class[slot] = -1

    def renew_trees(self, batch: list[int]) -> None:
        """These have changed: who came plays."""
        if not self.trees:
            if self.classes < 0:
                self.classes = 0
            return
        for slot in batch:
            if self.is_up(slot) and self.s_class[slot] < 0:
                if not self.stand(slot):
                    self.end_trees()
                    return
                self.play(slot)

    def end_trees(self) -> None:
        """Give all what they have gained, and forget the trees."""
        if not self.trees:
            return
        for slot in range(self.slots):
            if self.s_class[slot] >= 0:
                self.sit(slot)
                self.s_class[slot] = -1
        self.trees = 0
        self.classes = 0
        self.unplayed = -1
