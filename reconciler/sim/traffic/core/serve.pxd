# C types of the names in the module of the same name.
cimport cython
from .instance cimport Instance

cdef long long ANSWERS_503, ARRIVAL, BY_ADDRESS, CLOSED, CONNECTING, FULL, GONE, LATE, LEFT
cdef long long LIMITED, NO_SERVER, ORPHAN, QUEUED, REFUSED, SERVES, SILENT, STUCK, TIMEOUT
cdef long long UNREADY, WAITING
cdef unsigned long long DIGEST

cdef class Serve(Instance):
    @cython.locals(record=cython.longlong)
    cdef void ask(self, long long client, long long work, long long now_ns) noexcept
    @cython.locals(
        client=cython.longlong, at=cython.longlong, work=cython.longlong,
        bits=cython.ulonglong
    )
    cdef void ask_again(self, long long record, long long now_ns) noexcept
    cdef void send(self, long long record, long long now_ns) noexcept
    @cython.locals(key=cython.longlong, free_at=cython.longlong)
    cdef long long within_limit(self, long long client, long long now_ns) noexcept
    @cython.locals(slot=cython.longlong)
    cdef long long choose(self, long long client, long long now_ns) noexcept
    cdef long long choose_but(self, long long client, long long but, long long now_ns) noexcept
    @cython.locals(
        client=cython.longlong, why=cython.longlong, where=cython.longlong,
        app=cython.longlong
    )
    cdef void dispatch(
        self, long long record, long long slot, long long now_ns, long long left,
    ) noexcept
    @cython.locals(app=cython.longlong, due=cython.longlong)
    cdef void misled(
        self, long long record, long long slot, long long now_ns, long long left,
    ) noexcept
    cdef long long enqueue(self, long long record, long long slot, long long now_ns) noexcept
    @cython.locals(at=cython.longlong, slot=cython.longlong)
    cdef long long somewhere(self, long long but) noexcept
    @cython.locals(
        kind=cython.longlong, slot=cython.longlong, other=cython.longlong,
        client=cython.longlong, patience=cython.longlong, late=cython.longlong
    )
    cdef void give_up(self, long long record, long long now_ns) noexcept
