# C types of the names in the module of the same name.
cimport cython
from .haproxy cimport Haproxy

cdef long long ABSENT, IP_HASH_NGINX, KUBE_RANDOM, LEAST_CONN, LEAST_CONN_HAPROXY, RANDOM
cdef long long RANDOM_HAPROXY, ROUND_ROBIN, ROUND_ROBIN_HAPROXY, SOURCE_HAPROXY
cdef long long SOURCE_HAPROXY_RING, UP, WEIGHTED, WHOLE

cdef class Balance(Haproxy):
    @cython.locals(rule=cython.longlong, slot=cython.longlong)
    cdef long long pick(self, long long client, long long now_ns) noexcept
    cdef long long address_of(self, long long client) noexcept
    cdef long long whose(self, long long client) noexcept
    @cython.locals(
        count=cython.longlong, listed=cython.longlong, slot=cython.longlong,
        at=cython.longlong, weight=cython.longlong
    )
    cdef void renew(self) noexcept
    @cython.locals(_=cython.longlong, at=cython.longlong, slot=cython.longlong)
    cdef long long in_turn(self, long long now_ns) noexcept
    @cython.locals(
        best=cython.longlong, many=cython.longlong, at=cython.longlong,
        slot=cython.longlong, ours=cython.longlong, theirs=cython.longlong
    )
    cdef long long least_connected(self, long long now_ns) noexcept
    @cython.locals(
        best=cython.longlong, total=cython.longlong, at=cython.longlong,
        slot=cython.longlong
    )
    cdef long long smooth_among(self, long long first, long long now_ns) noexcept
    @cython.locals(number=cython.longlong)
    cdef long long draw(self) noexcept
    @cython.locals(
        best=cython.longlong, least=cython.longlong, begin=cython.longlong, many=cython.longlong,
        at=cython.longlong, slot=cython.longlong, load=cython.longlong, weight=cython.longlong,
        total=cython.longlong, most=cython.longlong, value=cython.longlong
    )
    cdef long long least_even(
        self, long long[::1] ups, long long[::1] conns, long long[::1] current, long long count,
    ) noexcept
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
