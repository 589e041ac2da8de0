"""All that a kernel consists of, by name and type; `state` makes it, the build gives it C types.

``s_`` is by slot, ``r_`` by record, ``a_`` by key of affinity, ``l_`` by key of the rate limit,
``c_`` by client of the closed loop, ``p_`` by place of an affine session, ``f_`` what was fed,
``t_`` are quantile tables, ``b_`` is what was drawn ahead. Whole numbers of 64 bits, `Bits`
without a sign. Never compiled.
"""

from __future__ import annotations

Ints = list[int]  # see `arrays`
Bits = int


class Fields:
    """Names and types."""

    # how it stands
    rule: int  # which of `words.RULES`
    now_ns: int
    events: int
    slots: int
    slot_room: int  # slots that there is room for
    records: int
    record_room: int
    free: int  # first free record, by r_next; -1: none
    digest_now: Bits

    # arrivals: of the open loop
    next_arrival: int  # the soonest of the three that follow
    next_open: int
    next_fed: int
    next_session: int
    kind: int
    gap_num: int  # the mean gap as it was given
    gap_den: int
    gap_whole: int  # constant: its whole ns, and what is left over of gap_den
    gap_rest: int
    gap_carry: int
    gap_mean: int  # Poisson: factor, shift and mask as `means.mean_of` has them
    gap_shift: int
    gap_mask: int
    drawn: int  # number of the pending arrival
    chunk: int  # which chunk of arrivals is drawn; -1: none

    # arrivals that were fed
    fed: int  # how many of those in f_times have come
    fed_count: int
    fed_before: int  # how many came before those
    has_sizes: int
    has_clients: int

    # sessions: their arrivals as above
    x_kind: int
    x_num: int
    x_den: int
    x_whole: int
    x_rest: int
    x_carry: int
    x_mean: int
    x_shift: int
    x_mask: int
    x_drawn: int
    session_count: int  # numbers of draws: sessions, and clients that come again
    redials: int
    redial_ns: int
    every: int  # affine: from one request of a session to the next; 0: sessions are connections
    places: int  # of affine sessions
    place_room: int
    free_place: int  # by p_next; -1: none

    # clients
    clients: int  # of the open loop; those of the closed one come after them
    closed_count: int
    everybody: int  # both; a number from there on is an affine session, by its place
    first_address: int
    addresses: int
    work_constant: int  # the work where it is always the same, else -1
    most_retries: int
    backoff_ns: int

    # the edge
    affinity: int
    affinity_timeout: int
    moves_on_drain: int
    tries: int
    max_fails: int
    fail_timeout: int
    queue_most: int
    holds: int
    connect_timeout: int
    request_timeout: int
    limit_by: int
    limit_gap: int
    limit_burst: int
    queue_head: int  # records that wait at the edge, by r_next
    queue_tail: int
    queued: int
    queue_peak: int

    # how it chooses
    stale: int  # some have changed, and must be looked at anew
    changed_count: int
    fresh: int  # `ups`, `listed`, `upto`, `even` and listed_e… are as they should be
    looks: int  # that had to do without, since they were
    up_count: int
    listed_count: int  # up or not, but not absent
    even: int  # all that are up weigh the same
    up_weight: int
    up_each: int  # one of their weights, and how many have it
    alike: int
    listed_weight: int
    listed_even: int
    listed_each: int
    turn: int  # slot that had the last turn
    turn_at: int  # place in `ups` of the next
    stamp: int  # of this request: s_stamp tells what it has tried
    choices: int  # how many it has tried
    app_limits: int  # how many slots have a rate limit of their own
    troubled: int  # how many slots have failures (s_fails), or weights that are not theirs again
    era: int  # how often those who were tied have lost their ties at once
    old: int  # requests at a process of the edge that a newer one has followed
    smooth: int  # `orders` hold what s_current does else
    trees: int  # nginx' least_conn: peers play in `winners`
    unplayed: int  # one that has lost, and has yet to play; -1: none
    classes: int  # different weights; -1: too many
    order_seq: int
    draw_chunk: int
    heaped: int
    queued_up: int  # HAProxy's leastconn: servers stand in queues by connections, not in a heap
    q_least: int  # the first of the queues that is not empty
    q_all: int  # servers in them
    q_weight: int  # what each of these weighs
    map_weight: int
    map_stale: int
    ring_count: int  # points
    ring_bits: int  # of a bucket's number
    ring_made: int  # points that there is data for; those that are free, by ring_next
    ring_free: int
    voided: int  # HAProxy's roundrobin: entries of its heaps that count no more
    hash_picks: int
    group_pos: int  # HAProxy's roundrobin: window, and which heap is that of those to begin
    group_first: int
    group_weight: int
    group_next: int

    # what it has come to
    arrivals: int
    served: int
    retried: int
    in_flight_total: int
    moved: int  # requests whose client belonged elsewhere
    latency_sum: int
    latency_most: int
    sessions_begun: int
    sessions_ended: int
    sessions_cut: int
    sessions_moved: int
    sessions_remapped: int  # of those that moved: because their tie was lost with all others
    sessions_open_total: int

    # seeds of the streams
    seed_gaps: Bits
    seed_work: Bits
    seed_clients: Bits
    seed_balance: Bits
    seed_sessions: Bits
    seed_lengths: Bits
    seed_closed: Bits

    # by slot: what it is
    s_edge: Ints
    s_app: Ints
    s_weight: Ints
    s_limit: Ints  # requests at work at once; 0: no limit
    s_backlog: Ints
    s_slow: Ints  # per mille
    s_address: Ints
    s_gap: Ints  # the app's own rate limit: ns for each request; 0: none
    s_ahead: Ints  # ns of gaps that may be used ahead of time
    # what is there
    s_busy: Ints  # at work, for somebody or nobody
    s_conns: Ints  # the edge's connections: requests and sessions
    s_old: Ints  # those of processes of the edge that a newer one has followed
    s_waiting: Ints
    s_head: Ints  # its queue, by r_next
    s_tail: Ints
    s_open: Ints  # sessions that are connections
    s_kept: Ints  # affine sessions whose state is there
    s_tat: Ints  # its own rate limit: when all that it let through is made up for
    s_tied: Ints  # ns after the last request or session of whom affinity ties there; 0: none
    # how the rules see it
    s_current: Ints
    s_effective: Ints
    s_fails: Ints
    s_checked: Ints
    s_accessed: Ints
    s_stamp: Ints
    s_sick: Ints  # whether it counts in `troubled`
    s_changed: Ints
    s_up: Ints  # its weight, where it is up, as far as changes were looked at
    s_listed: Ints  # its weight and 1, where it is not absent
    s_counts: Ints  # in `sums`
    s_points: Ints  # its weight on the ring
    s_class: Ints  # which class of weights it stands in; -1: none
    s_key: Ints
    s_npos: Ints
    s_lpos: Ints
    s_rest: Ints
    s_tree: Ints  # HAProxy's roundrobin: in which heap + 1; 0: none
    s_queue: Ints  # in which queue: of how many connections; `s_before` and `s_after` it there
    s_before: Ints  # slot + 1; 0: none
    s_after: Ints
    # what it has come to
    s_given: Ints
    s_failed: Ints
    s_served: Ints
    s_begun: Ints
    s_ended: Ints
    s_cut: Ints
    s_moved: Ints  # affine sessions that came from elsewhere, less those that went
    s_dropped: Ints  # REASON_COUNT for each

    # by record
    r_kind: Ints
    r_due: Ints
    r_slot: Ints
    r_client: Ints
    r_begin: Ints  # when its client asked first
    r_since: Ints  # when this try of it reached the edge
    r_work: Ints
    r_end: Ints  # when work on it ends, where it is due before; of a session: its slot
    r_next: Ints
    r_tries: Ints
    r_old: Ints  # 1: its connection is counted in s_old

    # others
    nowhere: Ints  # what was dropped at no slot, by reason
    latency: Ints
    ups: Ints  # slots that are up, in order
    listed: Ints
    upto: Ints  # by place in `ups`: the sum of weights up to and with it
    map_slots: Ints
    changed: Ints  # slots
    sums: Ints  # Fenwick's tree of s_counts, from 1
    winners: Ints  # slots + 1, a tree for each class: the root is 1, leaves are by slot
    ring_first: Ints  # by bucket: its first point + 1
    ring_keys: Ints
    ring_slots: Ints
    ring_next: Ints  # point + 1; 0: none
    class_weight: Ints
    class_add: Ints
    q_first: Ints  # by number of connections: slot + 1; 0: none
    q_last: Ints
    q_add: Ints  # by number of connections and class: what all there have gained, beside s_current
    q_count: Ints  # how many there are
    a_slot: Ints  # slot + 1; 0: none
    a_last: Ints
    l_tat: Ints
    c_count: Ints  # how often a client of the closed loop has asked
    p_client: Ints
    p_number: Ints  # of the session there
    p_count: Ints  # how often it has asked
    p_end: Ints  # when it has lasted its time
    p_slot: Ints  # which instance keeps its state, having served it last; -1: none
    p_next: Ints
    p_era: Ints  # in which `era` it was served last
    t_unit: Ints
    t_service: Ints
    t_think: Ints
    t_length: Ints
    b_gap: Ints
    b_work: Ints
    b_client: Ints
    b_draw: Ints
    f_times: Ints
    f_sizes: Ints
    f_clients: Ints


def names(*types: str) -> tuple[str, ...]:
    """The fields of these types."""
    return tuple(name for name, type_ in Fields.__annotations__.items() if type_ in types)


NUMBERS = names("int", "Bits")
ARRAYS = names("Ints")
BY_SLOT = tuple(name for name in ARRAYS if name.startswith("s_") and name != "s_dropped")
BY_RECORD = tuple(name for name in ARRAYS if name.startswith("r_"))
BY_PLACE = tuple(name for name in ARRAYS if name.startswith("p_"))
