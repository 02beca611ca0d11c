"""The options of `earmark synthesize` for texts and for named voices."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """What texts are spoken with.

    Attributes:
        model: kokoro: the folder of its model.
        voices_per_text: how many of the voices speak each text.
        speed: range of speeds, as in --speed 0.9 1.1; default: 1 1.
        snr: range of signal-to-noise ratios in decibels, as in --snr 15 30; default: no noise.
        on_error: stop at a text that cannot be spoken, or skip it and write it to
            OUT/utterances.jsonl.skipped.jsonl.
    """

    model: str | None = None
    voices_per_text: int = 1
    speed: tuple[float, float] = (1.0, 1.0)
    snr: tuple[float, float] | None = None
    on_error: Literal["stop", "skip"] = "stop"
