"""Do jobs one after the other here, or several at a time in processes of their own."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeVar

from earmark.errors import InputError, KnobError

Job = TypeVar("Job")
Done = TypeVar("Done")


@contextmanager
def processes(workers: int) -> Iterator[Executor | None]:
    """Yield processes that do jobs; None for one worker, which is this process.

    Raises:
        KnobError: fewer than one.
        InputError: a process was killed.
    """
    if workers < 1:
        raise KnobError(f"workers should be at least 1, found {workers}")
    if workers == 1:
        yield None
        return
    # Spawned, not forked: an accelerator cannot be used after a fork.
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            yield pool
        except BrokenProcessPool as error:
            raise InputError(
                "a process was killed, which happens where memory is short; choose fewer workers "
                "and run it again: what is done is kept"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def do_jobs(
    work: Callable[[Job], Done],
    jobs: Sequence[Job],
    pool: Executor | None = None,
    workers: int = 1,
    check: Callable[[], None] = lambda: None,
) -> Iterator[tuple[Job, Done]]:
    """Do jobs and yield each with its result, in the order in which they end.

    Args:
        work: is called with each job; with a pool, it and the jobs are pickled.
        jobs: what is to be done.
        pool: processes, or None to do them here.
        workers: how many jobs are under way at a time in a pool.
        check: is called before each job; what it raises ends the work after the jobs under way.

    >>> [*do_jobs(abs, [-1, 2])]
    [(-1, 1), (2, 2)]
    """
    if pool is None:
        for job in jobs:
            check()
            yield job, work(job)
        return
    waiting, under_way = list(reversed(jobs)), dict[Future[Done], Job]()
    stopped: Exception | None = None
    while waiting or under_way:
        while waiting and len(under_way) < workers:
            try:
                check()
            except Exception as error:
                stopped, waiting = error, []
                break
            job = waiting.pop()
            under_way[pool.submit(work, job)] = job
        ended, _ = wait(under_way, return_when=FIRST_COMPLETED)
        for future in ended:
            yield under_way.pop(future), future.result()
    if stopped is not None:
        raise stopped
