# C types of the names in the module of the same name.
from .heap cimport Heap

cdef long long BUCKETS, FAR, FREE, REASON_COUNT

cdef class State:
    cdef public long long rule, now_ns, events, slots, slot_room, records, record_room, free
    cdef public long long next_arrival, next_open, next_fed, next_session, kind, gap_num
    cdef public long long gap_den, gap_whole, gap_rest, gap_carry, gap_mean, gap_shift
    cdef public long long gap_mask, drawn, chunk, fed, fed_count, fed_before, has_sizes
    cdef public long long has_clients, x_kind, x_num, x_den, x_whole, x_rest, x_carry, x_mean
    cdef public long long x_shift, x_mask, x_drawn, redial_ns, clients, closed_count
    cdef public long long first_address, addresses, work_constant, most_retries, backoff_ns
    cdef public long long affinity, affinity_timeout, moves_on_drain, tries, max_fails
    cdef public long long fail_timeout, queue_most, holds, connect_timeout, request_timeout
    cdef public long long limit_by, limit_gap, limit_burst, queue_head, queue_tail, queued
    cdef public long long stale, up_count, listed_count, even, up_weight, listed_weight
    cdef public long long listed_even, listed_each, turn, turn_at, stamp, choices, troubled
    cdef public long long ring_count, hash_picks
    cdef public long long smooth, classes, order_seq, map_weight, map_stale, group_pos
    cdef public long long group_first, group_weight, group_next, arrivals, served, retried
    cdef public long long in_flight_total, moved, latency_sum, latency_most, session_count
    cdef public long long sessions_begun, sessions_ended, sessions_cut, sessions_moved
    cdef public long long sessions_open_total, sessions_refused, redials, queue_peak
    cdef public unsigned long long digest_now, seed_gaps, seed_work, seed_clients, seed_balance
    cdef public unsigned long long seed_sessions, seed_lengths, seed_closed
    cdef public long long[::1] s_edge, s_app, s_weight, s_limit, s_backlog, s_slow, s_address
    cdef public long long[::1] s_busy, s_conns, s_waiting, s_head, s_tail, s_open, s_current
    cdef public long long[::1] s_effective, s_fails, s_checked, s_accessed, s_stamp, s_class, s_key
    cdef public long long[::1] s_npos, s_lpos, s_rest, s_tree, s_given, s_failed, s_served, s_work
    cdef public long long[::1] s_begun, s_ended, s_cut, r_kind, r_due, r_slot, r_client, r_begin
    cdef public long long[::1] r_since, r_work, r_end, r_next, r_tries, s_dropped, nowhere, latency
    cdef public long long[::1] ring_keys, ring_slots
    cdef public long long[::1] ups, listed, upto, map_slots, class_weight, class_add, a_slot, a_last
    cdef public long long[::1] l_tat, c_count, t_unit, t_service, t_think, t_length, b_gap, b_work
    cdef public long long[::1] b_client, f_times, f_sizes, f_clients
    cdef public Heap heap
    cdef public list orders
    cdef public list watched

    cpdef long long new_slot(self)
    cdef long long new_record(self)
    cdef void more_records(self)
    cdef void let_go(self, long long record) noexcept
