"""Words and numbers that all of the kernel shares."""

NATIVE = __name__.split(".")[-2] == "compiled"  # whether this is the copy that C runs

# Rules by which an edge chooses.
ROUND_ROBIN = 0  # in turn
WEIGHTED = 1  # nginx' smooth weighted round robin
LEAST_CONN = 2  # nginx' least_conn
IP_HASH_NGINX = 3
SOURCE_HAPROXY = 4
RANDOM = 5  # by weight
KUBE_RANDOM = 6  # kube-proxy's iptables: each as likely, whatever its weight
ROUND_ROBIN_HAPROXY = 7  # weighted, dynamic
LEAST_CONN_HAPROXY = 8
RANDOM_HAPROXY = 9  # the less loaded of two
SOURCE_HAPROXY_RING = 10  # with `hash-type consistent`
RULES = (
    "round robin", "nginx weighted", "nginx least_conn", "nginx ip_hash", "HAProxy source",
    "random", "kube-proxy random", "HAProxy roundrobin", "HAProxy leastconn", "HAProxy random",
    "HAProxy source, consistent",
)  # fmt: skip

# Kinds of arrivals.
NONE, CONSTANT, POISSON = 0, 1, 2

# Kinds of affinity; 0 is NONE. COOKIE and HASH_KEY follow the client, CLIENT_IP its address.
COOKIE, CLIENT_IP, HASH_KEY = 1, 2, 3

# What the edge makes of a slot.
ABSENT, UP, DRAIN, DOWN = 0, 1, 2, 3

# What the app there does: its port is closed; it serves; it says 503; it takes the request and
# never answers; nothing comes back at all, not even a refusal.
CLOSED, SERVES, ANSWERS_503, HANGS, SILENT = 0, 1, 2, 3, 4

# Why a request was dropped.
REASONS = ("refused", "unready", "no_server", "cut", "timeout", "limited", "full", "error")
REFUSED, UNREADY, NO_SERVER, CUT, TIMEOUT, LIMITED, FULL, ERROR = range(8)
REASON_COUNT = 8

# What a rate limit counts by; 0 is NONE.
EVERYONE, BY_ADDRESS = 1, 2

# Kinds of events, as the digest and `watch` have them.
EVENTS = ("", "arrival", "departure", "retry", "drop", "session", "session end", "session cut",
          "left", "session moved")  # fmt: skip
ARRIVAL, DEPARTURE, RETRY, DROP, SESSION, SESSION_END, SESSION_CUT, LEFT, MOVED = range(1, 10)

# What a record waits for.
FREE = 0
SERVICE = 1  # is worked on until it is due
WAITING = 2  # in a slot's backlog; due: the edge's patience ends
QUEUED = 3  # in the edge's queue; due as before
STUCK = 4  # taken by an app that hangs; due as before
CONNECTING = 5  # no answer from the address; due: the edge gives up on it
LATE = 6  # is worked on, but the edge's patience ends before that
ORPHAN = 7  # is worked on for nobody: its client has been told 504
GONE = 8  # still linked in a queue, its client has left
BACKOFF = 9  # the client tries again when it is due
THINKING = 10  # a client of the closed loop asks when it is due
SESSION_OPEN = 11  # due: it ends
REDIAL = 12  # a session's client comes again when it is due
PAUSED = 13  # an affine session asks again when it is due, or has lasted its time

FAR = 1 << 62  # later than anything
LONGEST = 1 << 60  # of what is added to a time

# SplitMix64 (Steele, Lea, Flood, OOPSLA 2014); draws are by number: state = seed + n · GOLDEN.
MASK = 0xFFFFFFFFFFFFFFFF
GOLDEN = 0x9E3779B97F4A7C15
MIX_1 = 0xBF58476D1CE4E5B9
MIX_2 = 0x94D049BB133111EB
DIGEST = 0xD6E8FEB86659FD93  # odd, so that no difference is lost in a product

# Quantile tables: levels of halves of the upper tail, steps in each (and the end of the last).
LEVELS = 16
STEPS = 256
ROW = 257

# A unit-mean exponential draw is in 2^-26; the mean gap is held in at most 31 bits.
UNIT_BITS = 26
MEAN_BITS = 31

CHUNK = 256  # arrivals drawn at once

# Latency: 16 buckets for each power of two; below 32 ns one each.
BUCKETS = 16 * 60
