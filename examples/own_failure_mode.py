"""A failure mode of your own: what it imitates, it detects; a truth is never detected.

In a file `stutter.py` the same mode is `earmark pairs imitate --mix stutter:STUTTER=1`.
"""

import tempfile
from pathlib import Path
from random import Random

import earmark
from earmark.failures.evidence import Evidence
from earmark.failures.mode import Tools
from earmark.failures.surface import Surface
from earmark.voices.corpus import make_corpus

HESITATION = "呃，呃，"


def detect(evidence: Evidence) -> bool:
    """Say whether the transcript begins with a hesitation that the truth does not have."""
    return evidence.hyp.startswith(HESITATION) and not (evidence.truth or "").startswith(HESITATION)


def imitate(truth: Surface, rng: Random, tools: Tools) -> str | None:
    """Put a hesitation before the truth; None where nothing was said."""
    return HESITATION + truth.text if truth.tokens and not truth.text.startswith("呃") else None


STUTTER = earmark.Mode("hallucination", "stutter", "words that do not hesitate", detect, imitate)

with tempfile.TemporaryDirectory() as name:
    corpus = Path(name) / "corpus"
    make_corpus(corpus, count=3, language_mix={"mixed": 1.0}, workers=1)
    utterances = earmark.read(corpus / "utterances.jsonl")

    pairs = earmark.imitate(
        utterances, mix={"stutter": 1, "loop": 1}, modes={"stutter": STUTTER}, each=True
    )
    print(pairs)

    # A model's own answers of that kind are mined by the same mode.
    heard = [HESITATION + (utterance.text or "") for utterance in utterances]
    mined = earmark.mine(utterances, heard, modes={"stutter": STUTTER})
    print([pair.failure_modes for pair in mined])
