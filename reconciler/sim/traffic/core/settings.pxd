# C types of the names in the module of the same name.
from .loop cimport Loop

cdef long long BY_ADDRESS, CLIENT_IP, FAR, LONGEST, NONE

cdef class Settings(Loop):
    pass
