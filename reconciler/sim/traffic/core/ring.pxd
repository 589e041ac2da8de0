# C types of the names in the module of the same name.
cimport cython
from .haproxy cimport Haproxy

cdef long long LEAST_BITS, WORD

cdef class Ring(Haproxy):
    cdef void draw_map(self) noexcept
    @cython.locals(slot=cython.longlong)
    cdef long long source(self, long long address) noexcept
    cdef long long avalanche(self, long long bits) noexcept
    @cython.locals(
        slot=cython.longlong, weight=cython.longlong, before=cython.longlong,
        point=cython.longlong, bits=cython.longlong
    )
    cdef void renew_ring(self, list batch) noexcept
    @cython.locals(node=cython.longlong)
    cdef void put_point(self, long long key, long long slot) noexcept
    @cython.locals(
        key=cython.longlong, slot=cython.longlong, bucket=cython.longlong,
        before=cython.longlong, after=cython.longlong
    )
    cdef void link_point(self, long long node) noexcept
    @cython.locals(bucket=cython.longlong, before=cython.longlong, node=cython.longlong)
    cdef void take_point(self, long long key, long long slot) noexcept
    @cython.locals(bucket=cython.longlong, node=cython.longlong)
    cdef void spread_points(self) noexcept
    @cython.locals(most=cython.longlong)
    cdef long long first_from(self, long long bucket) noexcept
    @cython.locals(most=cython.longlong, node=cython.longlong)
    cdef long long last_before(self, long long bucket) noexcept
    @cython.locals(
        bucket=cython.longlong, before=cython.longlong, at=cython.longlong,
        back=cython.longlong, _=cython.longlong, slot=cython.longlong
    )
    cdef long long on_ring(self, long long hashed, long long now_ns) noexcept
