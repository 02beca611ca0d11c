"""The tiny base model, from nothing to a measured checkpoint.

What it must be: right on one language (word and character error rate at most 2 %) and wrong on
two (mixed error rate at least 25 %, each of omission, translation and hallucination at least a
tenth of the failures), with a tower that still hears what the language model drops. `targets`
checks that on test sentences that no training set has.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from earmark.evaluate.score import score
from earmark.pairs.prompts import load_prompts
from earmark.policies.load import load_policy
from earmark.records import Hypothesis, Utterance
from earmark.storage.atomic import write_text
from earmark.storage.outputs import check_folder
from earmark.tiny.checkpoint import CARD, is_tiny_base, save_tiny_base
from earmark.tiny.train import HEARING, POLISHING, WRITING, train_tiny_base
from earmark.transcribe.local import how_it_was_made, transcribe
from earmark.translators.dictionaries.shipped import load_grammar
from earmark.voices.corpus import Distribution, LanguageMode, make_corpus

MAX_NEW_TOKENS = 40
TEST_SEED = 1
TEST_SETS: dict[str, tuple[LanguageMode, Distribution, int]] = {
    "english": ("en", "train", 300),
    "mandarin": ("zh", "train", 300),
    "code-switched": ("mixed", "train", 400),
    "english, held-out voices": ("en", "heldout", 300),
    "mandarin, held-out voices": ("zh", "heldout", 300),
    "code-switched, held-out voices": ("mixed", "heldout", 400),
}
FAILURES = ("omission", "translation", "hallucination")


class Measured(NamedTuple):
    """A test set with what the model wrote, and the score as plain values."""

    utterances: list[Utterance]
    hypotheses: list[Hypothesis]
    score: dict[str, Any]


def make_tiny_base(
    out: Path,
    *,
    seed: int,
    utterances: int,
    hearing_steps: int,
    writing_steps: int,
    workers: int | None = None,
) -> dict[str, Measured]:
    """Train the model, save it, measure what was saved, and write the figures on its card.

    Raises:
        InputError: the folder holds something else, or cannot be written.
    """
    check_folder(out, is_tiny_base(out), "an earlier model of `earmark tiny-base`")
    made = train_tiny_base(
        seed=seed,
        utterances=utterances,
        hearing=HEARING._replace(steps=hearing_steps),
        writing=WRITING._replace(steps=writing_steps),
        polishing=POLISHING._replace(steps=min(POLISHING.steps, writing_steps)),
        workers=workers,
    )
    save_tiny_base(made, out, seed=seed, utterances=utterances)
    measured = measure(str(out))
    card = (out / CARD).read_text("utf-8")
    write_text(out / CARD, f"{card}\n## What it does\n\n{figures(measured)}")
    return measured


def measure(model: str, shrink: int = 1) -> dict[str, Measured]:
    """Transcribe and score the test sets, each `shrink` times smaller, as the model is stored."""
    policy, prompt = load_policy(model, device="cpu"), load_prompts()[0]
    made_by = how_it_was_made(model, None, prompt, MAX_NEW_TOKENS, "refuse")
    dictionary, measured = load_grammar(), {}
    for name, (language, voices, count) in TEST_SETS.items():
        with TemporaryDirectory(prefix="earmark-test-") as temporary:
            folder = Path(temporary)
            spoken = make_corpus(
                folder,
                count=count // shrink,
                language_mix={language: 1},
                voices=voices,
                split="test",
                seed=TEST_SEED,
            )
            utterances = [row.utterance for row in spoken]
            hypotheses = transcribe(
                policy,
                utterances,
                folder,
                folder / "hyps.jsonl",
                prompt=prompt,
                made_by=made_by,
                max_new_tokens=MAX_NEW_TOKENS,
                batch_size=32,
            )
        result = score(utterances, hypotheses, dictionary=dictionary).to_dict()
        measured[name] = Measured(utterances, hypotheses, result)
    return measured


def failure_shares(result: dict[str, Any]) -> dict[str, float]:
    """Return the share of each mode among the utterances that failed (`ok` and `error` did not)."""
    modes = {name: mode["utterances"] for name, mode in result["failure_modes"].items()}
    failed = sum(count for name, count in modes.items() if name not in ("ok", "error"))
    return {name: modes[name] / failed if failed else 0.0 for name in FAILURES}


def figures(measured: dict[str, Measured]) -> str:
    """Lay out error rates and failure modes as a Markdown table, rates in per cent."""
    modes = ("ok", "error", *FAILURES)
    lines = [
        f"| test set | utterances | error rate | {' | '.join(modes)} |",
        "|---" * (3 + len(modes)) + "|",
    ]
    for name, (utterances, _, result) in measured.items():
        rates = [result["failure_modes"][mode]["rate"] for mode in modes]
        cells = [f"{100 * rate:.1f}" for rate in (result["mixed_error_rate"], *rates)]
        lines.append(f"| {name} | {len(utterances)} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def targets(measured: dict[str, Measured]) -> dict[str, bool]:
    """Say which of the things that the model must be it is."""
    rates = {name: row.score["mixed_error_rate"] for name, row in measured.items()}
    shares = failure_shares(measured["code-switched"].score)
    return {
        "english at most 2 %": rates["english"] <= 0.02,
        "mandarin at most 2 %": rates["mandarin"] <= 0.02,
        "code-switched at least 25 %": rates["code-switched"] >= 0.25,
        **{f"{mode} at least 10 % of failures": shares[mode] >= 0.1 for mode in FAILURES},
    }
