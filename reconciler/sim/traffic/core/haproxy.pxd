# C types of the names in the module of the same name.
cimport cython
from .fewest cimport Fewest
from .heap cimport Heap

cdef long long CURRENT, FEW, FIRST, HEAPED, OUT

cdef class Haproxy(Fewest):
    cdef long long ordered(self, long long key) noexcept
    @cython.locals(at=cython.longlong, slot=cython.longlong)
    cdef void group_begin(self) noexcept
    cdef void wait(self, long long slot, long long which) noexcept
    @cython.locals(order=Heap)
    cdef void put(self, long long slot, long long which, long long key) noexcept
    @cython.locals(
        slot=cython.longlong, same=cython.longlong, total=cython.longlong,
        left=cython.longlong, which=cython.longlong
    )
    cdef void group_renew(self, list batch) noexcept
    @cython.locals(which=cython.longlong, key=cython.longlong, slot=cython.longlong, order=Heap)
    cdef void group_sweep(self) noexcept
    @cython.locals(slot=cython.longlong, order=Heap)
    cdef void drop_gone(self, long long which) noexcept
    @cython.locals(slot=cython.longlong, order=Heap)
    cdef long long take(self, long long which) noexcept
    @cython.locals(at=cython.longlong, weight=cython.longlong, key=cython.longlong)
    cdef void place(self, long long slot) noexcept
    @cython.locals(slot=cython.longlong, order=Heap, first=Heap)
    cdef long long group_first_of(self) noexcept
    @cython.locals(
        chosen=cython.longlong, _=cython.longlong, slot=cython.longlong,
        weight=cython.longlong
    )
    cdef long long group_turn(self, long long now_ns) noexcept
    @cython.locals(conns=cython.longlong)
    cdef long long load_of(self, long long slot) noexcept
    @cython.locals(
        slot=cython.longlong, anew=cython.longlong, key=cython.longlong, moved=cython.longlong
    )
    cdef void renew_loads(self, list batch) noexcept
    @cython.locals(slot=cython.longlong, at=cython.longlong, order=Heap)
    cdef void reload(self) noexcept
    @cython.locals(order=Heap)
    cdef void join_loads(self, long long slot, long long last) noexcept
    cdef void leave_loads(self, long long slot) noexcept
    @cython.locals(at=cython.longlong, before=cython.longlong, after=cython.longlong)
    cdef void unlink(self, long long slot) noexcept
    @cython.locals(at=cython.longlong, last=cython.longlong)
    cdef void queue_up(self, long long slot, long long conns) noexcept
    @cython.locals(load=cython.longlong, conns=cython.longlong, key=cython.longlong, order=Heap)
    cdef void moved_load(self, long long slot) noexcept
    @cython.locals(slot=cython.longlong, best=cython.longlong, at=cython.longlong, order=Heap)
    cdef long long least_loaded(self, long long now_ns) noexcept
    @cython.locals(best=cython.longlong, least=cython.longlong, at=cython.longlong, key=cython.longlong)
    cdef long long least_of(self, long long[::1] ups, long long[::1] keys, long long count) noexcept
