"""Do work in threads and yield what comes: several requests to a slow server at once."""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Event
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


def as_they_come(
    work: Callable[[Item], Made], items: Iterable[Item], workers: int, stop: Event
) -> Generator[Made]:
    """Yield what is made of each item, in the order in which it is ready.

    Args:
        work: makes it, in one of the threads.
        items: taken as threads become free; twice as many as threads are in hand at most.
        workers: the number of threads.
        stop: set where this ends early, so that those who wait to ask again give up.
    """
    with ThreadPoolExecutor(workers) as pool:
        try:
            yield from _from_pool(pool, work, items, 2 * workers)
        except BaseException:
            # The run ends with the requests under way.
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise


def _from_pool(
    pool: ThreadPoolExecutor, work: Callable[[Item], Made], items: Iterable[Item], most: int
) -> Generator[Made]:
    waiting = iter(items)
    under_way: set[Future[Made]] = set()
    while True:
        for item in waiting:
            under_way.add(pool.submit(work, item))
            if len(under_way) >= most:
                break
        if not under_way:
            return
        done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
        # What came out well is kept before a failure stops the run.
        for future in sorted(done, key=lambda one: one.exception() is not None):
            yield future.result()
