# C types of the names in the module of the same name.
cimport cython
from .state cimport State

cdef long long CHUNK, CONSTANT, FAR, LEVELS, NATIVE, NONE, POISSON, ROW
cdef unsigned long long GOLDEN, MASK, MIX_1, MIX_2

cdef class Draws(State):
    @cython.locals(z=cython.ulonglong)
    cdef unsigned long long mixed(self, unsigned long long seed, long long number) noexcept
    @cython.locals(level=cython.longlong)
    cdef long long level_of(self, unsigned long long bits) noexcept
    @cython.locals(level=cython.longlong, at=cython.longlong, high=cython.longlong)
    cdef long long from_table(self, long long[::1] table, unsigned long long bits) noexcept
    @cython.locals(at=cython.longlong)
    cdef void fill_from(
        self, long long[::1] table, long long[::1] into, unsigned long long seed, long long number,
    ) noexcept
    @cython.locals(at=cython.longlong, bits=cython.ulonglong)
    cdef void fill_below(
        self, long long bound, long long[::1] into, unsigned long long seed, long long number,
    ) noexcept
    @cython.locals(number=cython.longlong)
    cdef void fill_chunk(self, long long chunk) noexcept
    @cython.locals(number=cython.longlong, wide=cython.longlong, gap=cython.longlong)
    cdef long long next_gap(self) noexcept
    @cython.locals(wide=cython.longlong, gap=cython.longlong, bits=cython.ulonglong)
    cdef long long session_gap(self) noexcept
    @cython.locals(first=cython.longlong)
    cdef void soonest(self) noexcept
