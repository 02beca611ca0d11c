"""The options of `earmark synthesize` for texts and for named voices."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from earmark.errors import KnobError


@dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """What texts are spoken with.

    Attributes:
        model: kokoro: the folder of its model; endpoint: the model's name on the server.
        endpoint: base URL of a server, such as http://localhost:8000/v1; its key is read from
            the environment variable EARMARK_API_KEY, else OPENAI_API_KEY.
        words: recorded: folder of Mandarin words, WORD.mp3 or another sound file.
        english_words: recorded: folder of English words.
        voices_per_text: how many of the voices speak each text.
        speed: range of speeds, as in --speed 0.9 1.1; default: 1 1.
        snr: range of signal-to-noise ratios in decibels, as in --snr 15 30; default: no noise.
        on_error: stop at a text that cannot be spoken, or skip it and write it to
            OUT/utterances.jsonl.skipped.jsonl.
    """

    model: str | None = None
    endpoint: str | None = None
    words: Path | None = None
    english_words: Path | None = None
    voices_per_text: int = 1
    speed: tuple[float, float] = (1.0, 1.0)
    snr: tuple[float, float] | None = None
    on_error: Literal["stop", "skip"] = "stop"


@dataclass(frozen=True, kw_only=True)
class CheckOptions:
    """How clips are checked by writing them down again.

    Attributes:
        check_with: a recogniser: a model folder or hub name; with --check-endpoint its name on a
            server. The stretches of each language are heard by themselves, so that a recogniser
            that fails where languages mix does not delete the mixed sentences.
        check_endpoint: base URL of the recogniser's server.
        most_errors: the largest share of wrong tokens, of either language, that a clip may have;
            the others are set aside with the reason.
    """

    check_with: str | None = None
    check_endpoint: str | None = None
    most_errors: float = 0.3

    def __post_init__(self) -> None:
        """Refuse what checks nothing.

        Raises:
            KnobError: names the option.
        """
        if self.check_with is None and (self.check_endpoint or self.most_errors != 0.3):
            raise KnobError("--check-endpoint and --most-errors need --check-with MODEL")
        if not 0 <= self.most_errors < 1:
            raise KnobError(f"--most-errors: expected 0 to less than 1, found {self.most_errors:g}")
