"""DNSMOS of an answer that is sound (Reddy et al. 2022, arXiv 2110.01763), by speechmos."""

from importlib import import_module
from importlib.metadata import version

from earmark.errors import KnobError
from earmark.judges.judge import Judge, version_of
from earmark.judges.sound.mos import mos_judge

SCALES = {"ovrl": "ovrl_mos", "sig": "sig_mos", "bak": "bak_mos", "p808": "p808_mos"}


def dnsmos(*, scale: str = "ovrl") -> Judge:
    """Score an answer that is sound by DNSMOS, from 1 to 5 (speechmos).

    Args:
        scale: `ovrl` (overall), `sig` (speech), `bak` (background) or `p808`.

    Raises:
        ImportError: speechmos is not installed.
        KnobError: another scale.
    """
    if scale not in SCALES:
        raise KnobError(f"scale should be one of {', '.join(SCALES)}, found '{scale}'")
    run = import_module("speechmos.dnsmos").run
    made = version_of(1, scale=scale, speechmos=version("speechmos"))
    return mos_judge("dnsmos", made, run, SCALES[scale])
