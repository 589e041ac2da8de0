"""Rehearsals: a change on a simulated world, over many seeds, and what it would cost."""
