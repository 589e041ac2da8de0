# C types of the names in the module of the same name.
cimport cython
from .rush cimport Rush

cdef long long BACKOFF, FAR, ORPHAN, PAUSED, REDIAL, SERVICE, SESSION_OPEN, THINKING, FED_FROM

cdef class Loop(Rush):
    @cython.locals(at=cython.longlong, record=cython.longlong)
    cpdef object run(self, long long until_ns)
    @cython.locals(kind=cython.longlong)
    cdef void come_due(self, long long record, long long now_ns) noexcept
    @cython.locals(number=cython.longlong, work=cython.longlong, client=cython.longlong)
    cdef void next_in_line(self, long long now_ns) noexcept
    @cython.locals(
        number=cython.longlong, draw=cython.longlong, client=cython.longlong,
        work=cython.longlong, bits=cython.ulonglong
    )
    cdef void next_from_log(self, long long now_ns) noexcept
