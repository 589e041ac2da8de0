# C types of the names in the module of the same name.
cimport cython
from .balance cimport Balance

cdef long long ABSENT, CLIENT_IP, DOWN, DRAIN, HASH_KEY

cdef class Sticky(Balance):
    cdef long long key_of(self, long long client) noexcept
    @cython.locals(key=cython.longlong, slot=cython.longlong, edge=cython.longlong)
    cdef long long stuck_to(self, long long client, long long now_ns) noexcept
    @cython.locals(key=cython.longlong, before=cython.longlong)
    cdef long long stick(self, long long client, long long slot, long long now_ns) noexcept
