"""PLCMOS of an answer that is sound (Diener et al. 2023, arXiv 2305.15127), by speechmos."""

from importlib import import_module
from importlib.metadata import version

from earmark.judges.judge import Judge, version_of
from earmark.judges.sound.mos import mos_judge


def plcmos() -> Judge:
    """Score an answer that is sound by PLCMOS, which hears gaps, from 1 to 5 (speechmos).

    Raises:
        ImportError: speechmos is not installed.
    """
    run = import_module("speechmos.plcmos").run
    return mos_judge("plcmos", version_of(1, speechmos=version("speechmos")), run, "plcmos")
