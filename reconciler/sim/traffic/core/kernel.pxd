# C types of the names in the module of the same name.
from .answers cimport Answers

cdef long long ABSENT, CHUNK, CONNECTING, GONE, LATE, LONGEST, ORPHAN, ROUND_ROBIN, SERVICE
cdef long long SESSION_OPEN, STUCK, WAITING

cdef class Kernel(Answers):
    pass
