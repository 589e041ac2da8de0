# C types of the names in the module of the same name.
cimport cython
from .serve cimport Serve

cdef long long ARRIVAL, HASH_KEY, SESSION_CUT, SESSION_END, SESSIONS_FROM
cdef unsigned long long DIGEST

cdef class Affine(Serve):
    @cython.locals(place=cython.longlong, record=cython.longlong)
    cdef void begin_affine(
        self, long long number, long long client, long long end_ns, long long now_ns,
    ) noexcept
    @cython.locals(place=cython.longlong, work=cython.longlong, seed=cython.ulonglong)
    cdef void ask_within(self, long long record, long long now_ns) noexcept
    @cython.locals(session=cython.longlong, place=cython.longlong, slot=cython.longlong)
    cdef void go_on(self, long long record, long long now_ns) noexcept
    @cython.locals(place=cython.longlong)
    cpdef void lose_states(self, long long slot, long long now_ns) noexcept
