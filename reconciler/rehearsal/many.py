"""Many seeds of one task, on as many cores as there are."""

import gc
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from typing import TYPE_CHECKING

from reconciler.model.diagnostic import Diagnostic, DiagnosticsError
from reconciler.model.rehearsal import Run
from reconciler.rehearsal.run import Task, run_seed

if TYPE_CHECKING:
    from concurrent.futures import Future

AHEAD = 16  # seeds that each core has before it

_task: Task | None = None


def run_seeds(
    task: Task, seeds: Sequence[int], *, cores: int = 0, on_run: Callable[[Run], None] | None = None
) -> tuple[Run, ...]:
    """A run for each seed, in the order of the seeds; `on_run` hears of each as it is done.

    `cores` 0 takes all that this process may use. The runs are the same on any number. R715
    where a process of ours is ended by somebody else. No process is left, however this ends.
    """
    cores = min(cores or _cores(), len(seeds))
    made: dict[int, Run] = {}
    with closing(_spread(task, seeds, cores) if cores > 1 else _alone(task, seeds)) as runs:
        for run in runs:
            made[run.seed] = run
            if on_run is not None:
                on_run(run)
    return tuple(made[seed] for seed in seeds)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _alone(task: Task, seeds: Iterable[int]) -> Generator[Run, None, None]:
    for seed in seeds:
        yield run_seed(task, seed)[0]


def _spread(task: Task, seeds: Sequence[int], cores: int) -> Generator[Run, None, None]:
    # Not needed for one seed, and slow to import.
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    # A fresh process of its own for each core: nothing of this one's threads or locks is copied.
    context = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(cores, context, _begin, (task, gc.get_threshold()))
    done = 0
    try:
        rest = iter(seeds)
        asked: deque[Future[Run]] = deque()
        while True:
            with _unheard():
                asked.extend(pool.submit(_one, n) for n in islice(rest, AHEAD * cores - len(asked)))
            if not asked:
                break
            yield asked.popleft().result()
            done += 1
        pool.shutdown()
    except BrokenProcessPool as error:
        raise DiagnosticsError([_died(len(seeds) - done)]) from error
    finally:
        # Interrupted, or not wanted any more: what they are at is of no use to anybody.
        for worker in set(multiprocessing.active_children()) - others:
            worker.terminate()
        pool.shutdown(cancel_futures=True)


def _died(left: int) -> Diagnostic:
    return Diagnostic(
        "R715", f"a process that ran seeds was ended from outside, with {left} of them not done",
        detail="the system ends what takes too much memory",
        hint="use fewer --cores, or fewer --seeds",
    )  # fmt: skip


@contextmanager
def _unheard() -> Iterator[None]:
    """Processes that are made meanwhile never hear Ctrl-C: it is for this one, which ends them.

    A mask goes through to what a process starts, from its first instruction on; a handler that
    it sets itself would come too late. What comes meanwhile is heard afterwards, SIGTERM too:
    a process that is left half made would say so. That signal ends them, and is not masked.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    late: list[int] = []
    on_main = threading.current_thread() is threading.main_thread()  # others hear no signals
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    does = signal.signal(signal.SIGTERM, lambda number, _: late.append(number)) if on_main else None
    try:
        yield
    finally:
        if does is not None:
            signal.signal(signal.SIGTERM, does)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for number in late:
            signal.raise_signal(number)


def _begin(task: Task, collect: tuple[int, int, int]) -> None:
    """A worker looks for circles of garbage as seldom as the process that it works for."""
    global _task
    _task = task
    gc.set_threshold(*collect)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Nothing tells a worker that waits for work that whoever gives it was killed."""
    import multiprocessing
    from multiprocessing.connection import wait

    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _one(seed: int) -> Run:
    assert _task is not None
    return run_seed(_task, seed)[0]
