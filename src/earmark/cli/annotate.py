"""`earmark annotate`: write task, difficulty, quality, language and safety into pairs."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from earmark.cli.startup.later import later
from earmark.errors import KnobError
from earmark.progress import console, note
from earmark.storage.outputs import ANSWERS, Output, beside, check_outputs

annotate_file = later("earmark.curate.annotate.files:annotate_file")
outputs_of = later("earmark.curate.annotate.files:outputs_of")
annotation_table = later("earmark.curate.table:annotation_table")
model_annotator = later("earmark.curate.annotate.by_model:ModelAnnotator")
answer_file = later("earmark.formats.files.answers:AnswerFile")
input_file = later("earmark.formats.reading:input_file")
endpoint_of = later("earmark.endpoint:Endpoint")


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """How a chat model is reached that annotates.

    Args:
        endpoint: base URL of any OpenAI-compatible server, such as http://localhost:8000/v1; a
            chat model there annotates instead of the rules.
        model: the name by which the server knows it.
        scores: let the model score every answer, from 1 to 10, under this criterion.
        requests: requests under way at once, at most.
        retries: how often a request is tried again after a time-out, status 429 or 5xx.
        answers: file that keeps the answers, so that a stopped run continues; by default
            OUT.chat.jsonl.
    """

    endpoint: str | None = None
    model: str = ""
    scores: str = ""
    requests: int = 8
    retries: int = 6
    answers: Path | None = None


def annotate(
    pairs: Path,
    out: Path,
    *,
    overwrite: bool = False,
    on_error: Literal["stop", "skip"] = "stop",
    by_model: Annotated[
        ModelOptions | None, Parameter(name="*", group="Annotated by a chat model")
    ] = None,
) -> None:
    """Write annotations into pairs: task, difficulty, input quality, language, safety.

    By rules of words and lengths, offline; or by a chat model, which is slower and judges.

    Args:
        pairs: pairs, in any format that docs/formats.md has; FILE@FORMAT names it.
        out: the pairs file to write; its tally goes to OUT.tally.json.
        overwrite: replace annotations and scores that the pairs have; else they are kept.
        on_error: stop at a bad row, or skip it and write it to OUT.skipped.jsonl.
        by_model: a chat model instead of rules.
    """
    model = by_model or ModelOptions()
    annotator = _annotator(model, pairs, out, on_error)
    tally = annotate_file(pairs, out, model=annotator, overwrite=overwrite, on_error=on_error)
    console.print(annotation_table(tally.as_dict(), str(out)))
    note(f"{out}: {tally.annotated} of {tally.pairs} pairs annotated by {tally.annotator}")


def _annotator(model: ModelOptions, pairs: Path, out: Path, on_error: str) -> Any:
    """Return what reaches the chat model; None without one.

    Raises:
        KnobError: options of a model without --endpoint, or a number of requests below 1.
    """
    if model.endpoint is None:
        for each in fields(model):
            if getattr(model, each.name) != each.default:
                raise KnobError(f"--{each.name} needs --endpoint; without it rules annotate")
        return None
    if model.requests < 1:
        raise KnobError(f"--requests is {model.requests}; expected 1 or more")
    kept = model.answers or beside(out, ".chat.jsonl")
    check_outputs([*outputs_of(out, on_error), Output(kept, ANSWERS)], [input_file(pairs)])
    endpoint = endpoint_of(model.endpoint, model.model, retries=model.retries)
    return model_annotator(
        endpoint, answer_file(kept), criterion=model.scores, workers=model.requests
    )
