# C types of the names in the module of the same name.
cimport cython
from .ring cimport Ring

cdef long long IP_HASH_NGINX, KUBE_RANDOM, LEAST_CONN, LEAST_CONN_HAPROXY, RANDOM
cdef long long RANDOM_HAPROXY, ROUND_ROBIN, ROUND_ROBIN_HAPROXY, SOURCE_HAPROXY
cdef long long SOURCE_HAPROXY_RING, UP, WEIGHTED, WHOLE

cdef class Balance(Ring):
    @cython.locals(rule=cython.longlong, slot=cython.longlong)
    cdef long long pick(self, long long client, long long now_ns) noexcept
    cdef long long address_of(self, long long client) noexcept
    cdef long long whose(self, long long client) noexcept
    @cython.locals(slot=cython.longlong, at=cython.longlong, rule=cython.longlong)
    cdef void renew(self) noexcept
    @cython.locals(_=cython.longlong, at=cython.longlong, slot=cython.longlong)
    cdef long long in_turn(self, long long now_ns) noexcept
    @cython.locals(number=cython.longlong)
    cdef long long draw(self) noexcept
    cdef long long at_random(self, long long now_ns) noexcept
    @cython.locals(low=cython.longlong, high=cython.longlong, middle=cython.longlong)
    cdef long long place_of(self, long long mark) noexcept
    @cython.locals(
        total=cython.longlong, at=cython.longlong, mark=cython.longlong,
        slot=cython.longlong
    )
    cdef long long at_random_among(self, long long now_ns) noexcept
    @cython.locals(
        first=cython.longlong, second=cython.longlong, ours=cython.longlong,
        theirs=cython.longlong
    )
    cdef long long of_two(self, long long now_ns) noexcept
    @cython.locals(
        first=cython.longlong, second=cython.longlong, third=cython.longlong,
        hashed=cython.longlong, _=cython.longlong, slot=cython.longlong
    )
    cdef long long ip_hash(self, long long address, long long now_ns) noexcept
    @cython.locals(at=cython.longlong)
    cdef long long listed_at(self, long long mark) noexcept
