# C types of the names in the module of the same name.
cimport cython
from .smooth cimport Smooth

cdef long long CLASSES, LINE

cdef class Fewest(Smooth):
    cdef long long least_connected(self, long long now_ns) noexcept
    @cython.locals(
        best=cython.longlong, many=cython.longlong, at=cython.longlong,
        slot=cython.longlong, ours=cython.longlong, theirs=cython.longlong
    )
    cdef long long least_among(self, long long now_ns) noexcept
    @cython.locals(
        best=cython.longlong, total=cython.longlong, at=cython.longlong,
        slot=cython.longlong
    )
    cdef long long smooth_among(self, long long first, long long now_ns) noexcept
    @cython.locals(
        best=cython.longlong, least=cython.longlong, begin=cython.longlong, many=cython.longlong,
        at=cython.longlong, slot=cython.longlong, load=cython.longlong, weight=cython.longlong,
        total=cython.longlong, most=cython.longlong, value=cython.longlong
    )
    cdef long long least_even(
        self, long long[::1] ups, long long[::1] conns, long long[::1] current, long long count,
    ) noexcept
    @cython.locals(
        room=cython.longlong, first=cython.longlong, each=cython.longlong, slot=cython.longlong,
        many=cython.longlong, total=cython.longlong, count=cython.longlong,
        best=cython.longlong, most=cython.longlong, at=cython.longlong, value=cython.longlong
    )
    cdef long long least_won(self) noexcept
    @cython.locals(
        room=cython.longlong, base=cython.longlong, at=cython.longlong, ours=cython.longlong,
        winner=cython.longlong
    )
    cdef void play(self, long long slot) noexcept
    @cython.locals(left=cython.longlong, right=cython.longlong)
    cdef long long better(self, long long one, long long other) noexcept
    @cython.locals(
        conns=cython.longlong, each=cython.longlong, before=cython.longlong,
        after=cython.longlong
    )
    cdef void moved_conns(self, long long slot) noexcept
    cdef void more_conns(self, long long conns) noexcept
    @cython.locals(
        at=cython.longlong, slot=cython.longlong, room=cython.longlong, each=cython.longlong,
        base=cython.longlong, place=cython.longlong, below=cython.longlong
    )
    cdef void begin_trees(self) noexcept
    @cython.locals(each=cython.longlong, conns=cython.longlong)
    cdef long long stand(self, long long slot) noexcept
    @cython.locals(at=cython.longlong)
    cdef void sit(self, long long slot) noexcept
    cpdef void leave_trees(self, long long slot) noexcept
    @cython.locals(slot=cython.longlong)
    cdef void renew_trees(self, list batch) noexcept
    @cython.locals(slot=cython.longlong)
    cpdef void end_trees(self) noexcept
