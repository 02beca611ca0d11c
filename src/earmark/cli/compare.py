"""`earmark compare`: the difference of systems on the same utterances, with an interval."""

from pathlib import Path
from typing import Any, Literal

from rich.console import Console

from earmark.cli.json_out import JsonTarget, check_target, write_json
from earmark.errors import KnobError
from earmark.evaluate.bootstrap import Resampling
from earmark.evaluate.compare import compare as compare_scores
from earmark.evaluate.score import score
from earmark.evaluate.tables import comparison_tables
from earmark.records import Hypothesis, Utterance
from earmark.text.profiles import parse_profile
from earmark.text.transcripts import Format, read_transcripts
from earmark.translators.lexicon_file import load_lexicon


def compare(
    *,
    truth: Path,
    hyp: list[Path],
    profile: str = "default",
    json: JsonTarget = None,
    lexicon: Path | None = None,
    over: Literal["auto", "utterance", "speaker"] = "auto",
    resamples: int = 1000,
    seed: int = 0,
    format: Format = "auto",
    on_error: Literal["stop", "skip"] = "stop",
) -> None:
    """Compare systems on the same utterances: each further one with the first.

    Args:
        truth: what was said: JSONL with `id` and `text`, Kaldi `text`, or plain text.
        hyp: what a system wrote; give it twice or more, the first is the one to compare with.
        profile: how texts are split, as for `earmark score`.
        json: write the comparisons as JSON to this file; `-` prints them, and nothing else.
        lexicon: a bilingual word list, which helps to tell translations from other errors.
        over: what the intervals resample; auto is speakers when every truth names one.
        resamples: how many resamples the intervals are drawn from.
        seed: the seed of the resampling.
        format: of all files; auto looks at their names and first lines.
        on_error: stop at a bad row, or set it aside in a file and leave out hypotheses
            without a truth.
    """
    if len(hyp) < 2:
        raise KnobError("there is one --hyp; expected two or more, the first to compare with")
    if resamples < 1:
        raise KnobError(f"--resamples is {resamples}; expected 1 or more")
    check_target(json)
    parse_profile(profile)
    truths = read_transcripts(Utterance, truth, format=format, on_error=on_error)
    written = [read_transcripts(Hypothesis, p, format=format, on_error=on_error) for p in hyp]
    words = None if lexicon is None else load_lexicon(lexicon)
    first, *others = (
        score(
            truths,
            hyps,
            profile=profile,
            over=over,
            resampling=Resampling(resamples, seed=seed),
            lexicon=words,
            unmatched=on_error,
            progress=True,
        )
        for hyps in written
    )
    console = Console()
    results: list[dict[str, Any]] = []
    for path, other in zip(hyp[1:], others, strict=True):
        names = {"first_hyp": str(hyp[0]), "second_hyp": str(path)}
        results.append(names | compare_scores(first, other).to_json())
        if json != "-":
            console.print(comparison_tables(results[-1], hyp[0].name, path.name))
    if json is not None:
        write_json(results[0] if len(results) == 1 else results, json)
