"""Memory that a step adds at its peak, from the kernel's own high-water mark.

Only the standard library is imported here: other trainers' environments use this file too.
"""

import ctypes
import gc
from collections.abc import Callable
from pathlib import Path

STATUS = Path("/proc/self/status")
RESET_PEAK = "5"
M_MMAP_THRESHOLD, LARGE_BYTES = -3, 128 * 1024


def resident_kib(mark: str) -> int:
    """Read VmRSS (now) or VmHWM (the peak), in KiB."""
    line = next(x for x in STATUS.read_text().splitlines() if x.startswith(f"{mark}:"))
    return int(line.split()[1])


def keep_nothing_back() -> None:
    """Let large blocks come from the system one by one, and go back at once.

    Otherwise the allocator keeps what was freed for later, and the mark counts it: nearly as
    much again as a step holds. To be called first, before a model is built.
    """
    ctypes.CDLL("libc.so.6").mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)


def added_mib(take: Callable[[], object], clear: Callable[[], None]) -> float:
    """Return what the second of two steps adds at its peak to what is resident before it.

    The first step pays for threads, kernels and lazy imports, which stay. `clear` drops the
    gradients; freed memory goes back to the system before and the peak starts from there.
    Must run in a process of its own, after `keep_nothing_back`: the mark is the process's.
    """
    take()
    clear()
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    Path("/proc/self/clear_refs").write_text(RESET_PEAK)
    before = resident_kib("VmRSS")
    take()
    return (resident_kib("VmHWM") - before) / 1024
