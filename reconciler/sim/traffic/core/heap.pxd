cimport cython

cdef bint NATIVE
cdef long long FAR

cdef class Heap:
    cdef public long long size
    cdef public long long top
    cdef public long long[::1] keys
    cdef public long long[::1] items
    cdef public list packed

    cpdef void push(self, long long key, long long item) noexcept
    @cython.locals(least=cython.longlong, item=cython.longlong)
    cpdef long long pop(self) noexcept
    cpdef long long first(self) noexcept
    cpdef void replace(self, long long key, long long item) noexcept
    @cython.locals(above=cython.longlong)
    cdef void rise(self, long long at, long long key, long long item) noexcept
    @cython.locals(at=cython.longlong, below=cython.longlong, other=cython.longlong, size=cython.longlong)
    cdef void sink(self, long long key, long long item) noexcept
