"""`earmark compare`: the difference of systems on the same utterances, with an interval."""

from pathlib import Path
from typing import Any

from earmark.cli.options.json_out import JsonTarget, check_target, json_output, write_json
from earmark.cli.options.scoring import Scoring, ScoringOptions
from earmark.cli.options.short_names import short_names
from earmark.cli.startup.later import later
from earmark.errors import KnobError
from earmark.progress import note, output
from earmark.storage.outputs import COMPARISON

compare_scores = later("earmark.evaluate.compare:compare")
score = later("earmark.evaluate.score:score")
set_aside_in = later("earmark.evaluate.score:set_aside_in")
signature_line = later("earmark.evaluate.tables:signature_line")
input_file = later("earmark.formats.reading:input_file")


def compare(
    *,
    truth: Path,
    hyp: list[Path],
    json: JsonTarget = None,
    scoring: Scoring = None,
) -> None:
    """Compare systems on the same utterances: each further one with the first.

    Args:
        truth: what was said, in any format that docs/formats.md has, such as JSONL with `id` and
            `text`, Kaldi or plain text; FILE@FORMAT names it.
        hyp: what a system wrote; give it twice or more, the first is the one to compare with.
            Utterances for which either has no hypothesis are not compared.
        json: write the comparisons as JSON to this file; `-` prints them, and nothing else.
        scoring: how systems are scored.
    """
    if len(hyp) < 2:
        raise KnobError("there is one --hyp; expected two or more, the first to compare with")
    check_target(json)
    options = scoring or ScoringOptions()
    options.check_outputs(json_output(json, COMPARISON), [truth, *hyp])
    truths, written, _ = options.read(truth, hyp)
    how = options.keywords | {"leave_out": set_aside_in(*written)}
    scores = [score(truths, hyps, progress=True, **how) for hyps in written]
    first, *others = scores
    results: list[dict[str, Any]] = []
    base, *names = short_names([Path(input_file(path)) for path in hyp])
    if len({base, *names}) < len(set(hyp)):
        base, *names = map(str, hyp)
    for path, name, other in zip(hyp[1:], names, others, strict=True):
        compared = compare_scores(first, other, (base, name))
        files = {"first_hyp": str(hyp[0]), "second_hyp": str(path)}
        results.append(files | compared.to_dict())
        if json != "-":
            output.print(compared.tables())
            output.print(signature_line(compared.signature), soft_wrap=True)
    if json is not None:
        write_json(results[0] if len(results) == 1 else results, json)
    for path, scored in zip(hyp, scores, strict=True):
        for each in scored.notes:
            note(f"{path}: {each}")
