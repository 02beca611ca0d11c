"""Measure utterances in several processes: chunks go out, their answers come back in order.

Processes are forked where that is safe: on Linux, in a process of one thread that has not loaded
torch; then they share what the parent has loaded. Elsewhere they are spawned, and a script
needs `if __name__ == "__main__":` around its own work. What comes back of a chunk is a few long
strings, for thousands of small tuples take longer to send than to make.
"""

import multiprocessing
import signal
import sys
import threading
from array import array
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from pickle import PicklingError
from typing import NamedTuple

from earmark.errors import InputError, KnobError
from earmark.evaluate.utterance import Measuring, Texts, measure
from earmark.failures.cascade import Failure
from earmark.metrics.answer import NO_SLIPS, Answer
from earmark.metrics.slips import Slips
from earmark.text.normalize.simplify import traditional_characters

# So many utterances are split at once, and go to a process at once.
CHUNK = 500


class _Packed(NamedTuple):
    """The answers of a chunk, without its texts: lines of letters, and numbers."""

    truth_codes: str
    hyp_codes: str
    kinds: str
    languages: str
    owners: bytes
    looping: list[bool]
    failures: list[Failure]


def chunks_of(rows: Sequence[Texts]) -> list[Sequence[Texts]]:
    """Cut rows into chunks."""
    return [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)]


def measure_all(
    rows: Sequence[Texts], how: Measuring, workers: int = 1
) -> Iterator[tuple[Answer, Failure]]:
    """Yield the answer and the failure of each row; any number of workers gives the same.

    Raises:
        KnobError: fewer than one worker, or a dictionary that cannot be sent to another process.
        InputError: a process ended before its work was done.
    """
    if workers < 1:
        raise KnobError(f"workers is {workers}; expected 1 or more")
    chunks = chunks_of(rows)
    if min(workers, len(chunks)) < 2:
        return (each for chunk in chunks for each in measure(chunk, how))
    # A profile that has been used holds functions, which cannot be sent; a copy does not.
    sent = how._replace(profile=replace(how.profile))
    traditional_characters()  # loaded once, before processes are forked
    method = start_method()
    forked = chunks if method == "fork" else None
    context = multiprocessing.get_context(method)
    pool = ProcessPoolExecutor(min(workers, len(chunks)), context, _start, (sent, forked))
    # Processes start here and not with the first answer: a progress bar is a thread.
    with _named_errors(pool, how):
        # A forked process has the texts already; the number of a chunk is enough.
        packed = pool.map(_work_at, range(len(chunks))) if forked else pool.map(_work, chunks)
    return _received(pool, chunks, packed, how)


def _received(
    pool: ProcessPoolExecutor,
    chunks: Sequence[Sequence[Texts]],
    packed: Iterator[_Packed],
    how: Measuring,
) -> Iterator[tuple[Answer, Failure]]:
    """Yield what comes back; the processes end with the last chunk, or with an error."""
    with _named_errors(pool, how):
        for chunk, each in zip(chunks, packed, strict=True):
            yield from _unpacked(chunk, each)
    pool.shutdown()


def start_method() -> str:
    """Return how processes are started: `fork` where it is safe, else `spawn`."""
    is_safe = threading.active_count() == 1 and "torch" not in sys.modules
    return "fork" if sys.platform == "linux" and is_safe else "spawn"


@contextmanager
def _ended_by_error(pool: ProcessPoolExecutor) -> Iterator[None]:
    """End the processes at an error, an interruption among them."""
    try:
        yield
    except BaseException:
        pool.shutdown(cancel_futures=True)
        raise


@contextmanager
def _named_errors(pool: ProcessPoolExecutor, how: Measuring) -> Iterator[None]:
    """End the processes at an error, and say what to do about those that a pool raises."""
    try:
        with _ended_by_error(pool):
            yield
    except BrokenProcessPool as error:
        raise InputError(
            "a process that scores did not start, or ended before its work was done: it may have "
            "run out of memory (use fewer workers), or a script that scores lacks "
            "`if __name__ == '__main__':` around its work, since each process may import it"
        ) from error
    except (PicklingError, AttributeError, TypeError) as error:
        if "pickle" not in str(error):
            raise
        raise KnobError(
            f"dictionary {how.dictionary and how.dictionary.name}: it cannot be sent to another "
            f"process ({error}); give it as a file or module:name, or use one worker"
        ) from error


_how: Measuring | None = None
_chunks: Sequence[Sequence[Texts]] | None = None


def _start(how: Measuring, chunks: Sequence[Sequence[Texts]] | None) -> None:
    """Prepare a process: the parent ends it when somebody interrupts."""
    global _how, _chunks
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _how, _chunks = how, chunks


def _work_at(number: int) -> _Packed:
    """Measure a chunk that the parent had when this process was forked."""
    assert _chunks is not None
    return _work(_chunks[number])


def _work(chunk: Sequence[Texts]) -> _Packed:
    """Measure a chunk in a process."""
    assert _how is not None
    measured = list(measure(chunk, _how))
    answers = [answer for answer, _ in measured]
    slips = [answer.slips for answer in answers]
    return _Packed(
        "\n".join([answer.truth_codes for answer in answers]),
        "\n".join([answer.hyp_codes for answer in answers]),
        "\n".join([each.kinds for each in slips]),
        "\n".join([each.languages for each in slips]),
        array("Q", [owner for each in slips for owner in each.owners]).tobytes(),
        [answer.looping for answer in answers],
        [failure for _, failure in measured],
    )


def _unpacked(chunk: Sequence[Texts], packed: _Packed) -> Iterator[tuple[Answer, Failure]]:
    """Make the answers of a chunk again."""
    owners = array("Q", packed.owners).tolist()
    lines = (text.split("\n") for text in packed[:4])
    at = 0
    for row, codes, hyp_codes, kinds, languages, looping, failure in zip(
        chunk, *lines, packed.looping, packed.failures, strict=True
    ):
        slips = Slips(kinds, languages, owners[at : at + len(kinds)]) if kinds else NO_SLIPS
        at += len(kinds)
        yield (
            Answer(row.truth, row.hyp, codes, hyp_codes, slips, looping, failure.label),
            failure,
        )
