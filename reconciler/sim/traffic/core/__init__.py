"""The traffic kernel's one source: plain Python as it stands here, and what Cython compiles.

Each module has a ``.pxd`` beside it that gives the C types of the same names; nothing here
imports Cython. The build compiles a copy of this folder as `reconciler.sim.traffic.compiled`
(see ``hatch_build.py``); both give the same results and the same digests. `words` and
`fields` hold constants and are never compiled.

The layers, each a class on the one before: `state` (arrays), `draws` (random numbers and
arrivals), `members` (who is up), `smooth`, `fewest`, `haproxy`, `ring` and `balance` (which
slot), `sticky` (affinity), `serve` (what becomes of a request), `affine` and `sessions` (what
lasts), `kernel` (the loop, and what others call).

Rules for what is written here, so that both give the same: integers only; `//` and `%` on
what is not negative; products below 2^63, or masked where they are meant to wrap; no local
copies of arrays.
"""
