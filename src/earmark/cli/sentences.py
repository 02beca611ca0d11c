"""`earmark sentences`: write everyday sentences to be spoken, from templates or a chat model."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from earmark.cli.startup.later import later
from earmark.errors import KnobError
from earmark.progress import output

endpoint_of = later("earmark.endpoint:Endpoint")
fitted_table = later("earmark.evaluate.fitted_table:FittedTable")
laid_out = later("earmark.voices.sentences.tally:laid_out")
write_by_model = later("earmark.voices.sentences.files:write_by_model")
write_from_templates = later("earmark.voices.sentences.files:write_from_templates")


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """How a chat model is reached that writes the sentences.

    Args:
        endpoint: base URL of any OpenAI-compatible server, such as http://localhost:8000/v1; a
            chat model there writes the sentences instead of the templates.
        model: the name by which the server knows it.
        requests: requests under way at once, at most.
        retries: how often a request is tried again after a time-out, status 429 or 5xx.
        answers: file that keeps the answers, so that a stopped run continues and another split
            needs no new requests; by default OUT.chat.jsonl.
    """

    endpoint: str | None = None
    model: str = ""
    requests: int = 8
    retries: int = 6
    answers: Path | None = None


def sentences(
    *,
    out: Path,
    count: int = 1000,
    language: Literal["mixed", "zh", "en", "all"] = "mixed",
    split: Literal["train", "dev", "test", "all"] = "all",
    templates: Literal["held-out", "shared"] = "held-out",
    seed: int = 0,
    by_model: Annotated[
        ModelOptions | None, Parameter(name="*", group="Written by a chat model")
    ] = None,
) -> None:
    """Write everyday English-Mandarin sentences to be spoken, each in one split for good.

    The file has utterances without sound, JSON lines that `earmark synthesize --texts` reads, with
    domain, matrix language, kind of switch, code-mixing index and number of switches.

    Args:
        out: file to write.
        count: how many sentences.
        language: code-switched sentences, Mandarin, English, or a third of each.
        split: whose sentences: those for training, development or test, or of each.
        templates: held-out gives each split templates of its own; with shared only the sentences
            differ between splits.
        seed: the same seed writes the same sentences.
        by_model: a chat model instead of templates.
    """
    model = by_model or ModelOptions()
    if model.endpoint is None:
        for name, value in vars(model).items():
            if value != getattr(ModelOptions(), name):
                raise KnobError(
                    f"--{name} needs --endpoint; without it templates make the sentences"
                )
        rows = write_from_templates(
            out, count, language, split=split, templates_of=templates, seed=seed
        )
    else:
        if templates != "held-out":
            raise KnobError("--templates is for sentences of templates; leave out --endpoint")
        rows = write_by_model(
            out,
            count,
            language,
            endpoint=endpoint_of(model.endpoint, model.model, retries=model.retries),
            split=split,
            seed=seed,
            workers=model.requests,
            answers=model.answers,
        )
    output.print(fitted_table(**laid_out(rows), title=str(out)))
