# C types of the names in the module of the same name.
cimport cython
from .clients cimport Clients

cdef long long DEPARTURE, GONE, LATE, LEAST_CONN_HAPROXY, LIMITED, NATIVE, ORPHAN, SERVES, SERVICE
cdef long long SESSION_OPEN, UP, WAITING

cdef class Instance(Clients):
    cdef void connect(self, long long slot, long long by) noexcept
    cdef void leave(self, long long record, long long slot) noexcept
    @cython.locals(limit=cython.longlong)
    cdef long long has_room(self, long long slot) noexcept
    @cython.locals(limit=cython.longlong, at_once=cython.longlong)
    cdef long long admit(self, long long record, long long slot, long long now_ns) noexcept
    @cython.locals(gap=cython.longlong, full_at=cython.longlong)
    cdef long long lets_through(self, long long slot, long long now_ns) noexcept
    @cython.locals(work=cython.longlong, due=cython.longlong)
    cdef void start(self, long long record, long long slot, long long now_ns) noexcept
    @cython.locals(slot=cython.longlong, client=cython.longlong, took=cython.longlong)
    cdef void depart(self, long long record, long long now_ns) noexcept
    @cython.locals(limit=cython.longlong, record=cython.longlong)
    cdef void start_next(self, long long slot, long long now_ns) noexcept
    @cython.locals(record=cython.longlong)
    cdef void drain_queue(self, long long slot, long long now_ns) noexcept
    @cython.locals(shift=cython.longlong)
    cdef long long bucket_of(self, long long took_ns) noexcept
