# C types of the names in the module of the same name.
cimport cython
from .sticky cimport Sticky

cdef long long BACKOFF, CUT, DROP, MOVED, PAUSED, REASON_COUNT, RETRY, SESSION, THINKING
cdef unsigned long long DIGEST, MASK

cdef class Clients(Sticky):
    cdef void note(
        self, long long now_ns, long long what, long long slot, long long client,
    ) noexcept
    cdef void wake(self, long long record, long long due_ns) noexcept
    @cython.locals(client=cython.longlong)
    cdef void answer(self, long long record, long long now_ns) noexcept
    @cython.locals(client=cython.longlong, at=cython.longlong, bits=cython.ulonglong)
    cdef void think(self, long long record, long long now_ns) noexcept
    @cython.locals(due=cython.longlong, end=cython.longlong)
    cdef void pause(self, long long record, long long now_ns) noexcept
    @cython.locals(place=cython.longlong, before=cython.longlong, era=cython.longlong)
    cdef void keep(self, long long session, long long slot, long long now_ns) noexcept
    @cython.locals(slot=cython.longlong, client=cython.longlong, tries=cython.longlong)
    cdef void fail(self, long long record, long long why, long long now_ns) noexcept
    @cython.locals(slot=cython.longlong)
    cdef void lose(self, long long record, long long now_ns) noexcept
