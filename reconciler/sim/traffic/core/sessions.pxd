# C types of the names in the module of the same name.
cimport cython
from .affine cimport Affine

cdef long long CLOSED, REDIAL, SERVES, SESSION, SESSION_CUT, SESSION_END
cdef long long SESSION_OPEN, CLIENTS_FROM, REDIALS_FROM

cdef class Sessions(Affine):
    @cython.locals(
        number=cython.longlong, record=cython.longlong, client=cython.longlong,
        length=cython.longlong, bits=cython.ulonglong
    )
    cdef void begin_session(self, long long now_ns) noexcept
    @cython.locals(client=cython.longlong, left=cython.longlong, slot=cython.longlong)
    cdef void dial(self, long long record, long long now_ns) noexcept
    @cython.locals(client=cython.longlong, before=cython.longlong)
    cdef void open(self, long long record, long long slot, long long now_ns) noexcept
    @cython.locals(number=cython.longlong, late=cython.longlong, bits=cython.ulonglong)
    cdef void dial_later(self, long long record, long long now_ns) noexcept
    @cython.locals(slot=cython.longlong)
    cdef long long close(self, long long record) noexcept
    @cython.locals(slot=cython.longlong)
    cdef void end_session(self, long long record, long long now_ns) noexcept
    @cython.locals(slot=cython.longlong)
    cdef void cut_session(self, long long record, long long now_ns) noexcept
