"""The front door: `earmark COMMAND`. Each command lives in a file of its own.

Commands are named by import path and loaded when called, so that `earmark score`
starts without torch.
"""

import sys
from collections.abc import Sequence
from typing import Any

from cyclopts import App, Parameter

from earmark import __version__
from earmark.cli.options.whole_numbers import refuse_fractions
from earmark.cli.startup.option_names import check_options, given_options
from earmark.cli.startup.terminal import error_panel, protect_terminal
from earmark.errors import EarmarkError, UsageError, did_you_mean, shortened
from earmark.progress import complain, console, note, output

COMMANDS = {
    "score": "Score transcripts: mixed error rate, by language, by failure mode, with intervals.",
    "compare": "Compare two systems on the same utterances, with a paired interval.",
    "pairs": "Build preference pairs: imitated failures, or failures mined from a model.",
    "judge": "Score answers by metrics, rules, reward models or chat models; check the judges.",
    "annotate": "Write task, difficulty, input quality, language and safety into pairs.",
    "curate": "Choose which pairs to train on; the others are set aside with the reason.",
    "train": "Align an Audio LLM on preference pairs.",
    "objectives": "List what can be optimized, with which knobs, after which paper.",
    "transcribe": "Write down what a model hears, loaded here or behind a server (--endpoint).",
    "sample": "Sample several answers to each prompt: candidates to judge and to pair.",
    "export": "Merge a trained adapter into a model folder that vLLM and transformers load.",
    "report": "Make one self-contained HTML page: table, plots, sound and coloured alignments.",
    "validate": "Check files before work begins, without doing the work.",
    "convert": "Convert utterances, hypotheses or pairs from one file format to another.",
    "sentences": "Write everyday sentences to be spoken: Mandarin, English, and both in one.",
    "synthesize": "Make English-Mandarin speech: sentences or your own texts, synthetic voices.",
    "tiny-base": "Train the tiny Audio LLM that ships with Earmark from scratch.",
    "demo": "See it all at once: speech, failures, pairs, training, report.",
}

EXTRAS = {
    "soundfile": "audio",
    "soxr": "audio",
    "espeakng_loader": "speech",
    "onnxruntime": "voices",
    "misaki": "voices",
    "jieba": "voices",
    "pypinyin": "voices",
    "cn2an": "voices",
    "ordered_set": "voices",
    "hibari": "voices",
    "torch": "train",
    "transformers": "train",
    "peft": "train",
    "accelerate": "train",
    "safetensors": "train",
    "jaxtyping": "train",
    "sacrebleu": "judges",
    "speechmos": "speechmos",
    "librosa": "speechmos",
    "matplotlib": "report",
    "jinja2": "report",
}

# A run of these that was stopped is resumed by the same command.
RESUMES = {
    "annotate",
    "judge",
    "train",
    "transcribe",
    "sample",
    "sentences",
    "synthesize",
    "tiny-base",
    "demo",
}

# Options that these do not name are knobs of a curator, which may be the user's own.
TAKE_KNOBS = ("curate",)
# These commands read their own tokens (a configuration file) and their own --help.
OWN_HELP = {"train"}

# What follows the options of a command's --help.
EPILOGUES = {
    "annotate": """The key of a server is read from the environment variable EARMARK_API_KEY, else
OPENAI_API_KEY. What a model answers is checked and kept in bounded length; a run that was stopped
is resumed by the same command.

earmark annotate pairs.jsonl annotated.jsonl

earmark annotate pairs.jsonl annotated.jsonl --endpoint http://localhost:8000/v1 --model NAME
--scores helpful""",
    "curate": """A second run of a chain on its output changes nothing. `criterion` may be left out
where the pairs have one alone.

earmark curate pairs.jsonl kept.jsonl --by order:criterion=reward,duplicates --control

earmark curate pairs.jsonl kept.jsonl --by percentile:criterion=reward:least=25+code=80:per=dataset
--report page.html""",
    "transcribe": """Decoding is greedy without repetition penalty unless candidates are wanted,
whatever the checkpoint's own defaults are, and is recorded with each row beside the raw text. A
run that was stopped is resumed by the same command.

With --endpoint a server that speaks the OpenAI protocol transcribes; torch is not needed here.
Its key is read from the environment variable EARMARK_API_KEY, else OPENAI_API_KEY.

earmark transcribe --model tiny-base --utterances test.jsonl --out base.jsonl

earmark transcribe --endpoint http://localhost:8000/v1 --model NAME --utterances test.jsonl
--out base.jsonl

earmark transcribe --endpoint http://localhost:8000/v1 --model NAME --utterances train.jsonl
--out sampled.jsonl --candidates 4 --temperature 0.8""",
    "sample": """What is drawn depends on --seed, the row's id and the candidate's number alone. A
run that was stopped is resumed by the same command.

With --endpoint a chat server that speaks the OpenAI protocol answers; torch is not needed here. Its
key is read from the environment variable EARMARK_API_KEY, else OPENAI_API_KEY.

earmark sample --model tiny-base --prompts train.jsonl --out candidates.jsonl --candidates 8

earmark sample --model NAME --prompts voices.jsonl --out by-voice.jsonl --per clip

earmark sample --endpoint http://localhost:8000/v1 --model NAME --prompts prompts.jsonl
--out candidates.jsonl --candidates 4 --temperature 0.8 --logprobs""",
    "sentences": """With --endpoint a chat model behind a server that speaks the OpenAI protocol
writes them; its key is read from the environment variable EARMARK_API_KEY, else OPENAI_API_KEY.
Lines that are no such sentence are set aside in OUT.skipped.jsonl with the reason.

earmark sentences --out train.jsonl --count 600 --split train

earmark sentences --out test.jsonl --count 900 --split test --language all""",
    "export": """The folder has weights (safetensors), configurations, processor, a model card and
run.json; it appears only when it is whole.

earmark score --truth test.jsonl --hyp dpo.jsonl --json dpo.json

earmark export --adapter run --out aligned --scores dpo.json""",
}

app = App(
    name="earmark",
    version=__version__,
    help="Make an Audio LLM write down what was said.",
    default_parameter=Parameter(negative_iterable=()),
    config=refuse_fractions,
    console=output,
    error_console=console,
    error_formatter=error_panel,
)
for _name, _help in COMMANDS.items():
    _module = _name.replace("-", "_")
    _flags: dict[str, Any] = {"help_flags": []} if _name in OWN_HELP else {}
    _flags |= {"help_epilogue": EPILOGUES[_name]} if _name in EPILOGUES else {}
    app.command(f"earmark.cli.{_module}:{_module}", name=_name, help=_help, **_flags)


def main() -> None:
    """Run the command line; a mistake of the user ends in one message.

    The exit code is 2 where the command line cannot be understood, else 1.
    """
    protect_terminal()
    tokens = sys.argv[1:]
    try:
        check_name(tokens)
        app(["--help", *tokens[1:]] if tokens[:1] == ["help"] else tokens)
    except KeyboardInterrupt:
        resumes = tokens[0] in RESUMES if tokens else False
        note(f"stopped; {'the same command resumes it' if resumes else 'nothing was written'}")
        sys.exit(130)
    except EarmarkError as error:
        complain(str(error))
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except OSError as error:
        # Such as a path that is too long to be looked up.
        where = f"{shortened(str(error.filename))}: " if error.filename is not None else ""
        complain(f"{where}{error.strerror or error}")
        sys.exit(1)
    except ImportError as error:
        missing = missing_package(error)
        if missing not in EXTRAS:
            raise
        extra = EXTRAS[missing]
        complain(
            f"this command needs {missing}: install Earmark with its extra [{extra}]: "
            f"pip install '.[{extra}]' in its checkout"
        )
        sys.exit(1)


def check_name(tokens: Sequence[str]) -> None:
    """Refuse a command or an option that does not exist before anything heavy is imported.

    Raises:
        UsageError: names the nearest one.
    """
    first = tokens[0] if tokens else "--help"
    if first in COMMANDS:
        if first not in OWN_HELP:
            names, apps, rest = app.parse_commands(tokens)
            # Neither a group of commands alone nor a command's --help has options.
            if apps[-1].default_command is not None and not names[-1].startswith("-"):
                valued = {one.name for one in given_options(rest) if one.valued}
                # Whether a curator has these knobs is checked where it is looked up.
                knobs = valued if names[-1] in TAKE_KNOBS else ()
                check_options(" ".join(names), apps[-1], rest, knobs)
        return
    if first in ("help", "-h", "--help", "--version"):
        return
    if first.startswith("-"):
        raise UsageError(
            f"earmark has no option '{first}'; options follow the command: earmark COMMAND "
            "--help lists them"
        )
    raise UsageError(f"earmark has no command '{first}'; {did_you_mean(first, COMMANDS)}")


def missing_package(error: BaseException | None) -> str | None:
    """Return the top-level package whose absence started a chain of import errors."""
    while error is not None and not isinstance(error, ModuleNotFoundError):
        error = error.__cause__
    return (error.name or "").split(".")[0] if error else None
