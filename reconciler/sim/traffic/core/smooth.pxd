# C types of the names in the module of the same name.
cimport cython
from .heap cimport Heap
from .members cimport Members

cdef long long FAR

cdef class Smooth(Members):
    cdef long long may(self, long long slot, long long now_ns) noexcept
    @cython.locals(
        best=cython.longlong, best_value=cython.longlong, best_class=cython.longlong,
        each=cython.longlong, value=cython.longlong, slot=cython.longlong, key=cython.longlong,
        chosen=Heap, order=Heap
    )
    cdef long long smooth_pick(self, long long now_ns) noexcept
    @cython.locals(
        best=cython.longlong, total=cython.longlong, at=cython.longlong,
        slot=cython.longlong
    )
    cdef long long slow_smooth(self, long long now_ns) noexcept
    @cython.locals(each=cython.longlong)
    cdef long long class_of(self, long long weight) noexcept
    @cython.locals(at=cython.longlong)
    cdef void begin_smooth(self) noexcept
    @cython.locals(each=cython.longlong, key=cython.longlong, order=Heap)
    cdef long long join_smooth(self, long long slot) noexcept
    @cython.locals(each=cython.longlong)
    cpdef void leave_smooth(self, long long slot) noexcept
    @cython.locals(slot=cython.longlong, order=Heap)
    cdef void drop_void(self, long long each) noexcept
    @cython.locals(
        slot=cython.longlong, each=cython.longlong, entries=cython.longlong, order=Heap
    )
    cdef void renew_smooth(self, list batch) noexcept
    @cython.locals(each=cython.longlong, slot=cython.longlong)
    cdef void end_smooth(self) noexcept
    cdef void blame(self, long long slot, long long now_ns) noexcept
    cdef void clear_blame(self, long long slot) noexcept
