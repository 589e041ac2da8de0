"""What a kernel is told: who asks how often for how long, and how the edge treats it."""

from collections.abc import Sequence

from .arrays import held, longer, zeros
from .loop import Loop
from .words import (
    BY_ADDRESS,
    CLIENT_IP,
    CONNECTING,
    FAR,
    LATE,
    LONGEST,
    NONE,
    QUEUED,
    SERVICE,
    SESSION_OPEN,
    STUCK,
    WAITING,
)

# Kinds of records that have a connection from the edge to an instance.
CONNECTED = (SERVICE, LATE, WAITING, STUCK, CONNECTING, SESSION_OPEN)
# What the rules keep of each slot, beside failures and the weights that these lower.
OF_RULES = (
    "s_current", "s_changed", "s_up", "s_listed", "s_counts", "s_points", "s_class", "s_key",
    "s_npos", "s_lpos", "s_rest", "s_tree", "s_queue", "s_before", "s_after",
)  # fmt: skip
# What they keep of all together.
OF_ALL = (
    "changed_count", "fresh", "looks", "up_count", "listed_count", "up_weight", "up_each", "alike",
    "listed_weight", "turn_at", "smooth", "trees", "classes", "heaped", "queued_up",
    "q_all", "ring_count", "ring_bits", "ring_made", "ring_free", "voided", "hash_picks",
)  # fmt: skip


class Settings(Loop):
    """Everything that can be set; at any time, unless it says otherwise."""

    # -- who asks --------------------------------------------------------------------------

    def set_arrivals(self, kind: int, gap_num: int = 1, gap_den: int = 1) -> None:
        """The open loop: a mean gap of gap_num / gap_den ns, from now on."""
        self.pace(kind, gap_num, gap_den)

    def set_session_arrivals(self, kind: int, gap_num: int = 1, gap_den: int = 1) -> None:
        """The same for sessions."""
        self.session_pace(kind, gap_num, gap_den)

    def feed(
        self,
        times: Sequence[int],
        sizes: Sequence[int] | None = None,
        clients: Sequence[int] | None = None,
    ) -> None:
        """Further arrivals at these times, in order, none before now; sizes are work in ns."""
        done, count = self.fed, self.fed_count
        if done == count:
            self.has_sizes = 0 if sizes is None else 1
            self.has_clients = 0 if clients is None else 1
        assert self.has_sizes == (sizes is not None), "all that is fed has sizes, or none has"
        assert self.has_clients == (clients is not None), "all has clients, or none has"
        kept = range(done, count)
        self.f_times = held([*(self.f_times[n] for n in kept), *times])
        if sizes is not None:
            self.f_sizes = held([*(self.f_sizes[n] for n in kept), *sizes])
        if clients is not None:
            self.f_clients = held([*(self.f_clients[n] for n in kept), *clients])
        self.fed, self.fed_count = 0, count - done + len(times)
        self.fed_before += done
        self.next_fed = self.f_times[0] if self.fed_count else FAR
        self.soonest()

    def set_service_table(self, table: Sequence[int]) -> None:
        """How long work takes: a quantile table of ns (`reconciler.sim.traffic.tables`)."""
        self.t_service = held(table)
        self.work_constant = table[0] if min(table) == max(table) else -1
        self.chunk = -1

    def set_clients(self, count: int, first_address: int = 0, addresses: int = 0) -> None:
        """So many clients, each as likely; client i has address first + i % addresses."""
        assert self.closed_count == self.places == 0, "clients are set before those that last"
        self.clients = max(count, 1)
        self.first_address = first_address
        self.addresses = max(addresses or count, 1)
        self.chunk = -1
        self.make_tables()

    def set_closed(self, clients: int, think_table: Sequence[int]) -> None:
        """A closed loop: so many more clients, each thinks, asks, and waits for its answer."""
        assert self.closed_count == self.places == 0, "a closed loop is set once, and early"
        self.t_think = held(think_table)
        self.closed_count = clients
        self.c_count = zeros(max(clients, 1))
        self.make_tables()
        for number in range(clients):
            record = self.new_record()
            self.r_client[record] = self.clients + number
            self.think(record, self.now_ns)

    def set_retries(self, most: int, backoff_ns: int = 100_000_000) -> None:
        """Further tries of a client whose request failed; the wait before them doubles."""
        self.most_retries, self.backoff_ns = most, max(backoff_ns, 1)

    def set_sessions(
        self, length_table: Sequence[int], redial_ns: int = 1_000_000_000, every_ns: int = 0
    ) -> None:
        """How long sessions last, and about when clients of cut ones come again.

        With `every_ns` they are affine: no connections, but a request so often.
        """
        assert every_ns == self.every or self.session_count == 0, "a session stays of its kind"
        self.t_length = held(length_table)
        self.redial_ns, self.every = max(redial_ns, 2), min(every_ns, LONGEST)
        self.tie_places()

    # -- the edge --------------------------------------------------------------------------

    def set_affinity(self, kind: int, timeout_ns: int = 0, moves_on_drain: bool = False) -> None:
        """Who comes again goes to the same slot; for so long after the last time, 0: for ever."""
        self.affinity, self.affinity_timeout = kind, timeout_ns
        self.moves_on_drain = 1 if moves_on_drain else 0
        self.a_slot = self.a_last = zeros(0)
        self.s_tied = zeros(self.slot_room)
        self.make_tables()

    def set_tie(self, timeout_ns: int) -> None:
        """For how long ties hold from now on, also those that there are."""
        self.affinity_timeout = timeout_ns

    def set_rule(self, rule: int, anew: bool = False, unties: bool = False) -> None:
        """The edge chooses by this rule from now on, and has nothing left of how it stood.

        `anew`: by a process that follows an older one, as proxies do it when they are reloaded.
        It knows of no failure and of no connection but its own; the older one keeps those that it
        has until they end. `unties`: what brought clients back until now is void, so that
        affine sessions which move once after it are counted as remapped.
        """
        self.rule = rule
        self.orders = []
        self.turn = self.unplayed = -1
        self.era += 1 if unties else 0
        for name in OF_ALL:
            setattr(self, name, 0)
        for name in OF_RULES:
            setattr(self, name, zeros(self.slot_room))
        self.sums = zeros(self.slot_room + 1)
        for slot in range(self.slots):
            self.s_class[slot] = self.s_queue[slot] = -1
            self.changes(slot)
            if anew:
                self.s_fails[slot] = 0
                self.s_effective[slot] = self.s_weight[slot]
                self.look_sick(slot)
        if anew:
            self.leave_behind()

    def leave_behind(self) -> None:
        """What is under way stays at the process of the edge that has it."""
        for record in range(self.records):
            kind, slot = self.r_kind[record], self.r_slot[record]
            if kind not in CONNECTED or self.r_old[record]:
                continue
            self.r_old[record] = 1
            self.s_old[slot] += 1
            self.s_conns[slot] -= 1
            if kind != SESSION_OPEN:
                self.old += 1

    def set_patience(self, request_timeout_ns: int) -> None:
        """After how long the edge answers 504 to what reaches it from now on.

        What it has already keeps its time: when it reached the edge is set so that it does.
        Without a limit any more, nothing that still waits for its turn has one.
        """
        before, self.request_timeout = self.request_timeout, request_timeout_ns
        for record in range(self.records):
            if self.r_kind[record] in (WAITING, QUEUED, STUCK, CONNECTING):
                if before == 0:
                    self.r_since[record] = LONGEST
                else:
                    self.r_since[record] += before - request_timeout_ns

    def set_edge(
        self, tries: int = 0, max_fails: int = 0, fail_timeout_ns: int = 10_000_000_000,
        queue: int = 0, request_timeout_ns: int = 60_000_000_000,
        connect_timeout_ns: int = 5_000_000_000, holds: bool = False,
    ) -> None:  # fmt: skip
        """How the edge treats failures; see `reconciler.sim.traffic.kernel`."""
        self.tries, self.max_fails, self.fail_timeout = tries, max_fails, fail_timeout_ns
        self.queue_most, self.holds = queue, 1 if holds else 0
        self.connect_timeout, self.request_timeout = connect_timeout_ns, request_timeout_ns

    def set_rate_limit(self, by: int, per_1000_s: int = 0, burst: int = 0) -> None:
        """At most so many requests in 1000 s, and `burst` ahead of that; more get 429.

        Where it counted by the same already, what was used of it stays used; NONE forgets it.
        """
        gap = 10**12 // per_1000_s if by != NONE else 0
        if by != self.limit_by:
            self.l_tat = zeros(0)
        elif by != NONE:
            for key in range(len(self.l_tat)):
                ahead = max(int(self.l_tat[key]) - int(self.now_ns), 0)
                self.l_tat[key] = self.now_ns + ahead * gap // int(self.limit_gap)
        self.limit_by, self.limit_gap = by, gap
        self.limit_burst = burst
        self.make_tables()

    def make_tables(self) -> None:
        """Room for every client in the tables that are by client."""
        everybody = self.everybody = self.clients + self.closed_count
        if self.affinity != NONE:
            keys = min(self.addresses, everybody) if self.affinity == CLIENT_IP else everybody
            for name in ("a_slot", "a_last"):
                setattr(self, name, longer(getattr(self, name), keys))
            self.tie_places()
        if self.limit_by != NONE:
            keys = min(self.addresses, everybody) if self.limit_by == BY_ADDRESS else 1
            self.l_tat = longer(self.l_tat, keys)
