"""The front door: `earmark COMMAND`. Each command lives in a file of its own.

Commands are named by import path and loaded when called, so that `earmark score`
starts without torch.
"""

import sys

from cyclopts import App, Parameter

from earmark import __version__
from earmark.errors import EarmarkError
from earmark.progress import note

COMMANDS = {
    "score": "Score transcripts: mixed error rate, by language, by failure mode, with intervals.",
    "compare": "Compare two systems on the same utterances, with a paired interval.",
    "pairs": "Build preference pairs: imitated failures, or failures mined from a model.",
    "curate": "Choose which pairs to train on; the others are set aside with the reason.",
    "train": "Align an Audio LLM on preference pairs.",
    "objectives": "List what can be optimized, with which knobs, after which paper.",
    "transcribe": "Write down what a model hears.",
    "report": "Make one self-contained HTML page: table, plots, sound and coloured alignments.",
    "validate": "Check files before work begins, without doing the work.",
    "synthesize": "Make a small English-Mandarin speech corpus with a synthetic voice.",
    "tiny-base": "Train the tiny Audio LLM that ships with Earmark from scratch.",
    "demo": "See it all at once: speech, failures, pairs, training, report.",
}

EXTRAS = {
    "soundfile": "audio",
    "soxr": "audio",
    "espeakng_loader": "speech",
    "torch": "train",
    "transformers": "train",
    "peft": "train",
    "accelerate": "train",
    "safetensors": "train",
    "jaxtyping": "train",
    "matplotlib": "report",
    "jinja2": "report",
}

# These commands read their own tokens (a configuration file) and their own --help.
OWN_HELP = {"train"}

app = App(
    name="earmark",
    version=__version__,
    help="Make an Audio LLM write down what was said.",
    default_parameter=Parameter(negative_iterable=()),
)
for _name, _help in COMMANDS.items():
    _module = _name.replace("-", "_")
    _flags: dict[str, list[str]] = {"help_flags": []} if _name in OWN_HELP else {}
    app.command(f"earmark.cli.{_module}:{_module}", name=_name, help=_help, **_flags)


def main() -> None:
    """Run the command line; a mistake of the user ends in one message and exit code 1."""
    try:
        app()
    except EarmarkError as error:
        note(f"error: {error}")
        sys.exit(1)
    except ImportError as error:
        missing = missing_package(error)
        if missing not in EXTRAS:
            raise
        note(f"error: this command needs {missing}: pip install 'earmark[{EXTRAS[missing]}]'")
        sys.exit(1)


def missing_package(error: BaseException | None) -> str | None:
    """Return the top-level package whose absence started a chain of import errors."""
    while error is not None and not isinstance(error, ModuleNotFoundError):
        error = error.__cause__
    return (error.name or "").split(".")[0] if error else None
