# C types of the names in the module of the same name.
cimport cython
from .draws cimport Draws

cdef long long ABSENT, IP_HASH_NGINX, RANDOM, UP, WORTH

cdef class Members(Draws):
    cpdef void changes(self, long long slot) noexcept
    cdef long long is_up(self, long long slot) noexcept
    @cython.locals(
        weight=cython.longlong, up=cython.longlong, before=cython.longlong,
        listed=cython.longlong, counts=cython.longlong
    )
    cdef void recount(self, long long slot) noexcept
    @cython.locals(at=cython.longlong)
    cdef void add_sum(self, long long slot, long long by) noexcept
    @cython.locals(at=cython.longlong, total=cython.longlong)
    cdef long long count_to(self, long long slot) noexcept
    @cython.locals(at=cython.longlong, step=cython.longlong)
    cdef long long slot_at(self, long long mark) noexcept
    cdef long long is_fresh(self) noexcept
    cdef long long up_at(self, long long place) noexcept
    cdef long long is_even(self) noexcept
    @cython.locals(
        count=cython.longlong, listed=cython.longlong, slot=cython.longlong,
        up_weight=cython.longlong, weight=cython.longlong
    )
    cdef void refresh(self) noexcept
    @cython.locals(sick=cython.longlong)
    cpdef void look_sick(self, long long slot) noexcept
