"""The names of all that a kernel consists of; `state` makes them, its ``.pxd`` types them."""

# By slot: what it is, what is there, how the rules see it, what it has come to.
BY_SLOT = (
    "s_edge", "s_app", "s_weight", "s_limit", "s_backlog", "s_slow", "s_address",
    "s_busy", "s_conns", "s_waiting", "s_head", "s_tail", "s_open",
    "s_current", "s_effective", "s_fails", "s_checked", "s_accessed", "s_stamp",
    "s_class", "s_key", "s_npos", "s_lpos", "s_rest", "s_tree",
    "s_given", "s_failed", "s_served", "s_work", "s_begun", "s_ended", "s_cut",
)  # fmt: skip

# By record.
BY_RECORD = (
    "r_kind", "r_due", "r_slot", "r_client", "r_begin", "r_since", "r_work", "r_end",
    "r_next", "r_tries",
)  # fmt: skip

# Other arrays.
ARRAYS = (
    *BY_SLOT, *BY_RECORD,
    "s_dropped", "nowhere", "latency",
    "ups", "listed", "upto", "map_slots", "ring_keys", "ring_slots", "class_weight", "class_add",
    "a_slot", "a_last", "l_tat", "c_count",
    "t_unit", "t_service", "t_think", "t_length",
    "b_gap", "b_work", "b_client",
    "f_times", "f_sizes", "f_clients",
)  # fmt: skip

# 64 bits without a sign.
STREAMS = ("digest_now", "seed_gaps", "seed_work", "seed_clients", "seed_balance",
           "seed_sessions", "seed_lengths", "seed_closed")  # fmt: skip

NUMBERS = (
    # where it stands
    "rule", "now_ns", "events", "slots", "slot_room", "records", "record_room", "free",
    # arrivals: of the open loop, fed, of sessions
    "next_arrival", "next_open", "next_fed", "next_session",
    "kind", "gap_num", "gap_den", "gap_whole", "gap_rest", "gap_carry", "gap_mean", "gap_shift", "gap_mask",
    "drawn", "chunk", "fed", "fed_count", "fed_before", "has_sizes", "has_clients",
    "x_kind", "x_num", "x_den", "x_whole", "x_rest", "x_carry", "x_mean", "x_shift", "x_mask", "x_drawn",
    "redial_ns",
    # who asks, and for how long
    "clients", "closed_count", "first_address", "addresses", "work_constant",
    "most_retries", "backoff_ns",
    # the edge
    "affinity", "affinity_timeout", "moves_on_drain", "tries", "max_fails", "fail_timeout",
    "queue_most", "holds", "connect_timeout", "request_timeout", "limit_by", "limit_gap",
    "limit_burst", "queue_head", "queue_tail", "queued",
    # how it chooses
    "stale", "up_count", "listed_count", "even", "up_weight", "listed_weight", "listed_even",
    "listed_each", "turn", "turn_at", "stamp", "choices", "troubled", "smooth", "classes", "order_seq",
    "map_weight", "map_stale", "ring_count", "hash_picks", "group_pos", "group_first", "group_weight", "group_next",
    # what it has come to
    "arrivals", "served", "retried", "in_flight_total", "moved", "latency_sum", "latency_most",
    "session_count", "sessions_begun", "sessions_ended", "sessions_cut", "sessions_moved",
    "sessions_open_total", "sessions_refused", "redials", "queue_peak",
    *STREAMS,
)  # fmt: skip
