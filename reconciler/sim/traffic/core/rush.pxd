# C types of the names in the module of the same name.
cimport cython
from .heap cimport Heap
from .sessions cimport Sessions

cdef long long ARRIVAL, DEPARTURE, FAR, FREE, LATE, LEAST_CONN_HAPROXY, NATIVE, POISSON
cdef long long ROUND_ROBIN, SERVES, SERVICE, WAITING
cdef unsigned long long DIGEST, MASK

cdef class Rush(Sessions):
    cdef long long can_rush(self) noexcept
    @cython.locals(
        kinds=cython.longlong[::1], dues=cython.longlong[::1],
        slots=cython.longlong[::1], clients=cython.longlong[::1],
        begins=cython.longlong[::1], works=cython.longlong[::1],
        ends=cython.longlong[::1], nexts=cython.longlong[::1],
        sinces=cython.longlong[::1], tries=cython.longlong[::1],
        busy=cython.longlong[::1], conns=cython.longlong[::1],
        limits=cython.longlong[::1], apps=cython.longlong[::1],
        heads=cython.longlong[::1], tails=cython.longlong[::1],
        waiting=cython.longlong[::1], backlogs=cython.longlong[::1],
        slows=cython.longlong[::1], given=cython.longlong[::1],
        served_at=cython.longlong[::1],
        latency=cython.longlong[::1], drawn_work=cython.longlong[::1],
        drawn_client=cython.longlong[::1], gaps=cython.longlong[::1],
        ups=cython.longlong[::1], packed=list, room=cython.longlong,
        served=cython.longlong, arrived=cython.longlong, took_sum=cython.longlong,
        took_most=cython.longlong, hard=cython.longlong, hard_slot=cython.longlong,
        following_ns=cython.longlong, outside=cython.longlong, turning=cython.longlong, by_turns=cython.longlong,
        events=cython.longlong, free=cython.longlong, top=cython.longlong,
        arrival=cython.longlong, now_ns=cython.longlong, constant=cython.longlong,
        count=cython.longlong, patience=cython.longlong, affinity=cython.longlong,
        loaded=cython.longlong, kind=cython.longlong, carry=cython.longlong,
        mean=cython.longlong, mask=cython.longlong, shift_by=cython.longlong,
        turn_at=cython.longlong, up_count=cython.longlong, number=cython.longlong,
        work=cython.longlong, client=cython.longlong, limit=cython.longlong,
        record=cython.longlong, slot=cython.longlong, following=cython.longlong,
        took=cython.longlong, due=cython.longlong, wide=cython.longlong,
        shift=cython.longlong, digest=cython.ulonglong, told=cython.ulonglong, heap=Heap
    )
    cdef void rush(self, long long until_ns) noexcept
