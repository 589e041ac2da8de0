"""The common case at speed: requests of the open loop that are served as they should."""

from heapq import heappop, heappush, heapreplace

from .heap import Heap
from .sessions import Sessions
from .words import (
    ARRIVAL,
    DEPARTURE,
    DIGEST,
    FAR,
    FREE,
    LATE,
    LEAST_CONN_HAPROXY,
    MASK,
    NATIVE,
    POISSON,
    ROUND_ROBIN,
    SERVES,
    SERVICE,
    WAITING,
)


class Rush(Sessions):
    """What `serve` does for most requests, in one long loop without a call."""

    def can_rush(self) -> int:
        """Whether nothing is out of the ordinary."""
        if self.watched is not None or self.queued > 0 or self.troubled:
            return 0
        if self.limit_by or self.app_limits or self.old:
            return 0
        return 1

    def rush(self, until_ns: int) -> None:
        """Serve open arrivals and departures until something else comes; then it is `run`'s turn.

        All that it reads often it has in variables of its own: in plain Python that is most of
        the speed. What it changes in them it writes back at the end.
        """
        heap: Heap = self.heap
        packed = heap.packed
        room = self.record_room
        kinds, dues, slots, clients = self.r_kind, self.r_due, self.r_slot, self.r_client
        begins, works, ends, nexts = self.r_begin, self.r_work, self.r_end, self.r_next
        sinces, tries = self.r_since, self.r_tries
        busy, conns, limits, apps = self.s_busy, self.s_conns, self.s_limit, self.s_app
        heads, tails, waiting, backlogs = self.s_head, self.s_tail, self.s_waiting, self.s_backlog
        slows, given, served_at = self.s_slow, self.s_given, self.s_served
        latency, drawn_work, drawn_client = self.latency, self.b_work, self.b_client
        digest, events, free = self.digest_now, self.events, self.free
        top, arrival, now_ns = heap.top, self.next_arrival, self.now_ns
        constant, count, patience = self.work_constant, self.clients, self.request_timeout
        affinity, loaded = self.affinity, 1 if self.rule == LEAST_CONN_HAPROXY else 0
        served = arrived = took_sum = 0
        took_most = self.latency_most
        hard = hard_slot = -1
        kind, gaps, carry = self.kind, self.b_gap, self.gap_carry
        mean, mask, shift_by = self.gap_mean, self.gap_mask, self.gap_shift
        following_ns = self.next_open
        outside = self.next_fed if self.next_fed < self.next_session else self.next_session
        # Nothing is tried twice here: marks of earlier requests are void, and none are made.
        self.stamp += 1
        self.choices = 0
        ups, turn_at, up_count = self.ups, self.turn_at, self.up_count
        turning = 0
        by_turns = self.rule == ROUND_ROBIN and affinity == 0 and up_count > 0
        if by_turns and self.fresh:
            turning = 1
        while True:
            if top <= arrival:
                # A departure.
                if top >= until_ns:
                    break
                record = heap.first() if NATIVE else packed[0] & 0xFFFFFF
                if dues[record] != top:
                    heap.pop()
                    top = heap.top
                    continue
                slot = slots[record]
                client = clients[record]
                if kinds[record] != SERVICE or client >= count:
                    break
                following = heads[slot]
                if following >= 0 and (kinds[following] != WAITING or busy[slot] > limits[slot]):
                    break
                now_ns = top
                events += 1
                told = DEPARTURE | (slot + 1) << 4 | client << 28
                digest = ((digest ^ top) * DIGEST + told) & MASK
                took = top - begins[record]
                took_sum += took
                if took > took_most:
                    took_most = took
                if NATIVE:
                    latency[self.bucket_of(took)] += 1
                elif took < 32:
                    latency[took] += 1
                else:
                    shift = took.bit_length() - 5
                    latency[(shift << 4) + (took >> shift)] += 1
                served += 1
                served_at[slot] += 1
                conns[slot] -= 1
                if loaded:
                    self.moved_load(slot)
                elif self.trees:
                    self.moved_conns(slot)
                kinds[record] = FREE
                dues[record] = -1
                nexts[record] = free
                free = record
                if following < 0:
                    busy[slot] -= 1
                    if NATIVE:
                        heap.pop()
                        top = heap.top
                    else:
                        heappop(packed)
                        top = packed[0] >> 24 if packed else FAR
                    continue
                # Whoever waited longest is next.
                heads[slot] = nexts[following]
                if heads[slot] < 0:
                    tails[slot] = -1
                waiting[slot] -= 1
                work = works[following]
                if slows[slot] != 1000:
                    work = work * slows[slot] // 1000
                due = top + work
                ends[following] = due
                kinds[following] = SERVICE
                if patience > 0 and due > sinces[following] + patience:
                    kinds[following] = LATE
                    due = sinces[following] + patience
                dues[following] = due
                if NATIVE:
                    heap.replace(due, following)
                    top = heap.top
                else:
                    heapreplace(packed, (due << 24) | following)
                    top = packed[0] >> 24
                continue
            # An arrival.
            if arrival >= until_ns or arrival != following_ns:
                break
            number = self.drawn
            if (number >> 8) != self.chunk:
                self.fill_chunk(number >> 8)
            work = drawn_work[number & 255] if constant < 0 else constant
            client = drawn_client[number & 255] if count > 1 else 0
            self.drawn = number + 1
            if kind == POISSON:
                if ((number + 1) >> 8) != self.chunk:
                    self.fill_chunk((number + 1) >> 8)
                wide = gaps[(number + 1) & 255] * mean + carry
                carry = wide & mask
                following_ns = arrival + (wide >> shift_by)
            else:
                following_ns = arrival + self.next_gap()
            arrived += 1
            events += 1
            digest = ((digest ^ arrival) * DIGEST + (ARRIVAL | client << 28)) & MASK
            if free < 0:
                self.free = -1
                record = self.new_record()
                if self.record_room != room:
                    room = self.record_room
                    kinds, dues, slots = self.r_kind, self.r_due, self.r_slot
                    clients, begins, works = self.r_client, self.r_begin, self.r_work
                    ends, nexts, sinces = self.r_end, self.r_next, self.r_since
                    tries = self.r_tries
            else:
                record = free
                free = nexts[record]
            clients[record] = client
            begins[record] = arrival
            sinces[record] = arrival
            works[record] = work
            tries[record] = 0
            if turning:
                slot = ups[turn_at]
                turn_at += 1
                if turn_at == up_count:
                    turn_at = 0
            elif affinity:
                slot = self.choose(client, arrival)
            else:
                slot = self.pick(client, arrival)
                if by_turns and self.fresh:
                    turning = 1
                    turn_at = self.turn_at
            now_ns = arrival
            arrival = following_ns if following_ns < outside else outside
            if slot < 0 or apps[slot] != SERVES:
                hard, hard_slot = record, slot
                break
            limit = limits[slot]
            if limit > 0 and busy[slot] >= limit:
                if 0 <= backlogs[slot] <= waiting[slot]:
                    hard, hard_slot = record, slot
                    break
                kinds[record] = WAITING
                nexts[record] = -1
                if heads[slot] < 0:
                    heads[slot] = record
                else:
                    nexts[tails[slot]] = record
                tails[slot] = record
                waiting[slot] += 1
                due = now_ns + patience if patience > 0 else -1
            else:
                busy[slot] += 1
                if slows[slot] != 1000:
                    work = work * slows[slot] // 1000
                due = now_ns + work
                ends[record] = due
                kinds[record] = SERVICE
                if 0 < patience < work:
                    kinds[record] = LATE
                    due = now_ns + patience
            slots[record] = slot
            dues[record] = due
            given[slot] += 1
            conns[slot] += 1
            if loaded:
                self.moved_load(slot)
            elif self.trees:
                self.moved_conns(slot)
            if affinity:
                self.moved += self.stick(client, slot, now_ns)
            if due >= 0:
                if NATIVE:
                    heap.push(due, record)
                else:
                    heappush(packed, (due << 24) | record)
                if due < top:
                    top = due
        self.next_open, self.next_arrival = following_ns, arrival
        if kind == POISSON:
            self.gap_carry = carry
        if turning and arrived > 0:
            self.turn_at = turn_at
            self.turn = ups[turn_at - 1 if turn_at > 0 else up_count - 1]
        self.digest_now, self.events, self.free = digest, events, free
        self.served += served
        self.arrivals += arrived
        self.in_flight_total += arrived - served
        self.latency_sum += took_sum
        self.latency_most = took_most
        self.now_ns = now_ns
        if not NATIVE:
            heap.top, heap.size = top, len(packed)
        if hard >= 0:
            self.dispatch(hard, hard_slot, now_ns, self.tries)
