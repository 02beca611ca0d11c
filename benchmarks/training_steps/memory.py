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


def added_mib(take: Callable[[], object], clear: Callable[[], None]) -> float:
    """Return what the second of two steps adds at its peak to what is resident before it.

    The first step pays for threads, kernels and lazy imports, which stay. `clear` drops the
    gradients; freed memory goes back to the system before and the peak starts from there. Large
    blocks come from the system one by one, so that the mark counts what is held and not what
    the allocator keeps for later, which can be as much again.
    Must run in a process of its own: the mark is the process's.
    """
    libc = ctypes.CDLL("libc.so.6")
    libc.mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
    take()
    clear()
    gc.collect()
    libc.malloc_trim(0)
    Path("/proc/self/clear_refs").write_text(RESET_PEAK)
    before = resident_kib("VmRSS")
    take()
    return (resident_kib("VmHWM") - before) / 1024
