"""`earmark score`: how far a system is from the truth, and how it fails."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from earmark.cli.options.json_out import JsonTarget, check_target, json_output, write_json
from earmark.cli.options.scoring import Scoring, ScoringOptions
from earmark.cli.startup.later import later
from earmark.progress import note, output
from earmark.storage.outputs import SCORE, SCORED_ROWS, Output

if TYPE_CHECKING:
    from earmark.evaluate.utterance import UtteranceScore
    from earmark.records import Hypothesis, Utterance
    from earmark.text.profiles import Profile

row_dict = later("earmark.evaluate.rows:row_dict")
score_records = later("earmark.evaluate.score:score")
score_tables = later("earmark.evaluate.tables:score_tables")
signature_line = later("earmark.evaluate.tables:signature_line")
write_jsonl = later("earmark.formats.files.lines:write_jsonl")
tokenize = later("earmark.text:tokenize")
draw = later("earmark.text.draw:draw")


def score(
    *,
    truth: Path,
    hyp: Path,
    json: JsonTarget = None,
    per_utterance: Path | None = None,
    show: int = 0,
    scoring: Scoring = None,
) -> None:
    """Score transcripts: mixed error rate, by language, by failure mode, with an interval.

    Args:
        truth: what was said, in any format that docs/formats.md has, such as JSONL with `id` and
            `text`, Kaldi or plain text; FILE@FORMAT names it.
        hyp: what the system wrote, in any of these formats.
        json: write the score as JSON to this file; `-` prints it, and nothing else.
        per_utterance: write one row per utterance to this JSONL file.
        show: draw the alignments of this many utterances, those with the most errors.
        scoring: how systems are scored.
    """
    options = scoring or ScoringOptions()
    check_target(json)
    rows = [] if per_utterance is None else [Output(per_utterance, SCORED_ROWS)]
    options.check_outputs([*json_output(json, SCORE), *rows], [truth, hyp])
    truths, (hyps,), _ = options.read(truth, [hyp])
    result = score_records(
        truths, hyps, features=per_utterance is not None, progress=True, **options.keywords
    )
    if per_utterance is not None:
        write_jsonl(per_utterance, map(row_dict, result.rows))
    scored = result.to_dict()
    if json is not None:
        write_json(scored, json)
    if json != "-":
        output.print(score_tables(scored))
        output.print(signature_line(result.signature), soft_wrap=True)
        drawn = drawings(result.rows, truths, hyps, options.splitting, show, output.width)
        output.print(drawn, end="")
    for each in result.notes:
        note(each)


def drawings(
    rows: "Sequence[UtteranceScore]",
    truths: "Sequence[Utterance]",
    hyps: "Sequence[Hypothesis]",
    profile: "Profile",
    count: int,
    columns: int,
) -> str:
    """Draw the alignments of the utterances with the most errors."""
    worst = sorted(rows, key=lambda row: -row.counts.errors)[:count]
    said = {truth.id: truth.text or "" for truth in truths}
    written = {hyp.id: hyp.text for hyp in hyps}
    drawn = []
    for row in worst:
        tokens = [tokenize(side.get(row.id, ""), profile) for side in (said, written)]
        named = f": {row.failure.label} ({row.failure.detail})" if row.failure.label else ""
        drawn.append(f"\n{row.id}{named}\n")
        drawn.append(draw(tokens[0], tokens[1], columns=columns) + "\n")
    return "".join(drawn)
