# C types of the names in the module of the same name.
cimport cython
from .heap cimport Heap
from .smooth cimport Smooth

cdef long long CURRENT, FEW, FIRST, NEXT, WORD

cdef class Haproxy(Smooth):
    cdef long long ordered(self, long long key) noexcept
    @cython.locals(at=cython.longlong, slot=cython.longlong)
    cdef void group_begin(self) noexcept
    @cython.locals(order=Heap)
    cdef void wait(self, long long slot, long long which) noexcept
    @cython.locals(
        total=cython.longlong, at=cython.longlong, which=cython.longlong,
        slot=cython.longlong, key=cython.longlong, left=cython.longlong, order=Heap
    )
    cdef void group_renew(self) noexcept
    cdef long long is_up(self, long long slot) noexcept
    @cython.locals(at=cython.longlong, weight=cython.longlong, order=Heap)
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
    @cython.locals(key=cython.longlong, slot=cython.longlong, at=cython.longlong, order=Heap)
    cdef void reload(self) noexcept
    @cython.locals(slot=cython.longlong)
    cdef void queue_all(self, Heap order) noexcept
    @cython.locals(
        at=cython.longlong, before=cython.longlong, after=cython.longlong, last=cython.longlong
    )
    cdef void queue_up(self, long long slot, long long conns) noexcept
    @cython.locals(load=cython.longlong, conns=cython.longlong, key=cython.longlong, order=Heap)
    cdef void moved_load(self, long long slot) noexcept
    @cython.locals(slot=cython.longlong, best=cython.longlong, at=cython.longlong, order=Heap)
    cdef long long least_loaded(self, long long now_ns) noexcept
    @cython.locals(best=cython.longlong, least=cython.longlong, at=cython.longlong, key=cython.longlong)
    cdef long long least_of(self, long long[::1] ups, long long[::1] keys, long long count) noexcept
    @cython.locals(at=cython.longlong, slot=cython.longlong)
    cdef void draw_map(self) noexcept
    cdef long long avalanche(self, long long bits) noexcept
    @cython.locals(at=cython.longlong, slot=cython.longlong, point=cython.longlong)
    cdef void draw_ring(self) noexcept
    @cython.locals(
        low=cython.longlong, high=cython.longlong, middle=cython.longlong,
        at=cython.longlong, before=cython.longlong, back=cython.longlong,
        _=cython.longlong, slot=cython.longlong
    )
    cdef long long on_ring(self, long long hashed, long long now_ns) noexcept
    @cython.locals(slot=cython.longlong)
    cdef long long source(self, long long address) noexcept
