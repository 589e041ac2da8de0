# C types of the names in the module of the same name.
cimport cython
from .sticky cimport Sticky

cdef bint NATIVE
cdef long long ANSWERS_503, ARRIVAL, BACKOFF, BY_ADDRESS, CLOSED, CONNECTING, CUT, DEPARTURE
cdef long long DROP, FULL, GONE, LATE, LEAST_CONN_HAPROXY, LEFT, LIMITED, NO_SERVER, ORPHAN
cdef long long QUEUED, REASON_COUNT, REFUSED, RETRY, SERVES, SERVICE, SILENT, STUCK, THINKING
cdef long long TIMEOUT, UNREADY, UP, WAITING
cdef unsigned long long DIGEST, MASK

cdef class Serve(Sticky):
    cdef void note(
        self, long long now_ns, long long what, long long slot, long long client,
    ) noexcept
    cdef void wake(self, long long record, long long due_ns) noexcept
    @cython.locals(record=cython.longlong)
    cdef void ask(self, long long client, long long work, long long now_ns) noexcept
    cdef void send(self, long long record, long long now_ns) noexcept
    @cython.locals(key=cython.longlong, free_at=cython.longlong)
    cdef long long within_limit(self, long long client, long long now_ns) noexcept
    @cython.locals(
        client=cython.longlong, slot=cython.longlong, why=cython.longlong,
        where=cython.longlong, app=cython.longlong
    )
    cdef void dispatch(
        self, long long record, long long now_ns, long long left, long long but,
    ) noexcept
    @cython.locals(app=cython.longlong, patience=cython.longlong)
    cdef void misled(
        self, long long record, long long slot, long long now_ns, long long left,
    ) noexcept
    cdef long long enqueue(self, long long record, long long slot, long long now_ns) noexcept
    @cython.locals(at=cython.longlong, slot=cython.longlong)
    cdef long long somewhere(self, long long but) noexcept
    @cython.locals(limit=cython.longlong)
    cdef long long has_room(self, long long slot) noexcept
    @cython.locals(record=cython.longlong)
    cdef void drain_queue(self, long long slot, long long now_ns) noexcept
    cdef void connect(self, long long slot, long long by) noexcept
    cdef void blame(self, long long slot, long long now_ns) noexcept
    @cython.locals(each=cython.longlong)
    cdef void clear_blame(self, long long slot) noexcept
    @cython.locals(limit=cython.longlong, at_once=cython.longlong)
    cdef long long admit(self, long long record, long long slot, long long now_ns) noexcept
    @cython.locals(work=cython.longlong, due=cython.longlong)
    cdef void start(self, long long record, long long slot, long long now_ns) noexcept
    @cython.locals(slot=cython.longlong, client=cython.longlong, took=cython.longlong)
    cdef void depart(self, long long record, long long now_ns) noexcept
    @cython.locals(record=cython.longlong)
    cdef void start_next(self, long long slot, long long now_ns) noexcept
    @cython.locals(shift=cython.longlong)
    cdef long long bucket_of(self, long long took_ns) noexcept
    cdef void answer(self, long long record, long long now_ns) noexcept
    @cython.locals(client=cython.longlong, at=cython.longlong, bits=cython.ulonglong)
    cdef void think(self, long long record, long long now_ns) noexcept
    @cython.locals(
        client=cython.longlong, at=cython.longlong, work=cython.longlong,
        bits=cython.ulonglong
    )
    cdef void ask_again(self, long long record, long long now_ns) noexcept
    @cython.locals(slot=cython.longlong, client=cython.longlong, tries=cython.longlong)
    cdef void fail(self, long long record, long long why, long long now_ns) noexcept
    @cython.locals(kind=cython.longlong, slot=cython.longlong, other=cython.longlong)
    cdef void give_up(self, long long record, long long now_ns) noexcept
    @cython.locals(slot=cython.longlong)
    cdef void lose(self, long long record, long long now_ns) noexcept
