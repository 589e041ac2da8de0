# C types of the names in the module of the same name.
from .loop cimport Loop

cdef long long BY_ADDRESS, CLIENT_IP, CONNECTING, FAR, LATE, LONGEST, NONE, QUEUED, SERVICE
cdef long long SESSION_OPEN, STUCK, WAITING

cdef class Settings(Loop):
    pass
