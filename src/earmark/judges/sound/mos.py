"""Opinion scores of a model for an answer that is sound: the mean over its sounds."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from earmark.judges.judge import Answer, Case, Judge, Unscored, by_answer
from earmark.speech.audio_path import located


def mos_judge(name: str, version: str, run: Callable[..., Any], key: str) -> Judge:
    """Make a judge from a function of speechmos.

    Args:
        name: of the judge.
        version: of the judge.
        run: from samples (float32, mono) and their rate to opinion scores by name.
        key: which of them is the score.
    """
    # Needs soundfile, which the base install does not have.
    audio = import_module("earmark.speech.audio")

    def one(case: Case, answer: Answer) -> float:
        if not answer.sounds:
            raise Unscored("the answer has no sound")
        found = []
        for part in answer.sounds:
            path = located(Path(case.folder), part["audio"])
            samples = audio.read_audio(path, part.get("start_s"), part.get("end_s"))
            try:
                found.append(float(run(samples, sr=audio.SAMPLE_RATE_HZ)[key]))
            except Exception as error:  # whatever the package raises on a clip
                raise Unscored(f"{name} fails: {type(error).__name__}: {error}") from error
        return sum(found) / len(found)

    judge = by_answer(name, version, one)
    return Judge(name, version, judge.score, at_once=16, kept=True)
