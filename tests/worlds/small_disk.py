"""A disk that is full, as the system makes it seem to one process."""

import resource
from contextlib import contextmanager


@contextmanager
def files_of_at_most(size: int):
    """Let the system refuse to make a file larger, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
