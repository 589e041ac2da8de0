"""Many seeds of one task, on as many cores as there are."""

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

from reconciler.model.rehearsal import Run
from reconciler.rehearsal.run import Task, run_seed

_task: Task | None = None


def run_seeds(
    task: Task, seeds: Sequence[int], *, cores: int = 0, on_run: Callable[[Run], None] | None = None
) -> tuple[Run, ...]:
    """A run for each seed, in the order of the seeds; `on_run` hears of each as it is done.

    `cores` 0 takes all that this process may use. The runs are the same on any number.
    """
    cores = cores or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores
    cores = min(cores or os.cpu_count() or 1, len(seeds))
    made: dict[int, Run] = {}
    for run in _spread(task, seeds, cores) if cores > 1 else _alone(task, seeds):
        made[run.seed] = run
        if on_run is not None:
            on_run(run)
    return tuple(made[seed] for seed in seeds)


def _alone(task: Task, seeds: Iterable[int]) -> Iterator[Run]:
    for seed in seeds:
        yield run_seed(task, seed)[0]


def _spread(task: Task, seeds: Sequence[int], cores: int) -> Iterator[Run]:
    # A fresh process of its own for each core: nothing of this one's threads or locks is copied.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(cores, context, _begin, (task,)) as pool:
        yield from pool.map(_one, seeds)


def _begin(task: Task) -> None:
    global _task
    _task = task


def _one(seed: int) -> Run:
    assert _task is not None
    return run_seed(_task, seed)[0]
