# C types of the names in the module of the same name.
from .settings cimport Settings

cdef long long CONNECTING, FAR, LATE, NONE, ORPHAN, REASON_COUNT, SERVICE, SESSION_OPEN, STUCK
cdef long long WAITING

cdef class Answers(Settings):
    pass
