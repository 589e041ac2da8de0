# C types of the names in the module of the same name.
from .sessions cimport Sessions

cdef long long BY_ADDRESS, CLIENT_IP, FAR, NONE

cdef class Settings(Sessions):
    pass
