# C types of the names in the module of the same name.
cimport cython
from .heap cimport Heap
from .draws cimport Draws


cdef class Smooth(Draws):
    cdef long long may(self, long long slot, long long now_ns) noexcept
    @cython.locals(
        best=cython.longlong, best_value=cython.longlong, best_class=cython.longlong,
        each=cython.longlong, value=cython.longlong, slot=cython.longlong, chosen=Heap,
        order=Heap
    )
    cdef long long smooth_pick(self, long long now_ns) noexcept
    @cython.locals(
        best=cython.longlong, total=cython.longlong, at=cython.longlong,
        slot=cython.longlong
    )
    cdef long long slow_smooth(self, long long now_ns) noexcept
    @cython.locals(
        at=cython.longlong, slot=cython.longlong, found=cython.longlong,
        each=cython.longlong, order=Heap
    )
    cdef void begin_smooth(self) noexcept
    @cython.locals(each=cython.longlong, value=cython.longlong, order=Heap)
    cdef void end_smooth(self) noexcept
    cdef void blame(self, long long slot, long long now_ns) noexcept
    @cython.locals(each=cython.longlong)
    cdef void clear_blame(self, long long slot) noexcept
