"""Options that a command does not have are named as such, before anything else about the line."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from cyclopts import App

from earmark.errors import UsageError, did_you_mean

# What other programs call an option, or have and Earmark does not, by command.
OTHER_NAMES: Mapping[str, Mapping[str, str]] = {
    "train": {
        "lr": "it is called --learning-rate",
        "epochs": "it is called --num-train-epochs",
        "batch_size": "it is called --per-device-train-batch-size",
        "rank": "it is called --lora-rank",
        "lora_r": "it is called --lora-rank",
        "alpha": "the LoRA's is called --lora-alpha",
        "output_dir": "it is called --out",
        "dataset": "it is called --pairs",
        "train_file": "it is called --pairs",
        "loss_type": "it is called --objective",
        "resume": "the same command resumes a run that was stopped",
        "resume_from_checkpoint": "the same command resumes a run that was stopped",
        "adapter": "a run begins without one; `earmark export` merges one into a model to begin "
        "from",
        "load_in_4bit": "quantised bases cannot be trained",
        "load_in_8bit": "quantised bases cannot be trained",
        "use_dora": "a plain LoRA is what there is",
        "lora_dropout": "the reference is the policy without its LoRA, so dropout has no place in "
        "it",
        "push_to_hub": "`earmark export` writes a folder that `hf upload` takes",
        "eval_steps": "score checkpoints with `earmark transcribe --adapter RUN/checkpoint-N`",
    },
    **{
        command: {"lexicon": "it is called --dictionary"}
        for command in ("score", "compare", "report", "pairs")
    },
    "transcribe": {
        "resume": "the same command resumes a transcription that was stopped",
        "load_in_4bit": "weights are loaded in one of the types of --dtype",
        "load_in_8bit": "weights are loaded in one of the types of --dtype",
        "num_beams": "decoding is greedy, or sampled (--candidates, --temperature)",
    },
    "sample": {
        "n": "it is called --candidates",
        "num_return_sequences": "it is called --candidates",
        "utterances": "it is called --prompts",
        "pairs": "it is called --prompts",
        "resume": "the same command resumes a run that was stopped",
        "num_beams": "candidates are drawn (--temperature), or greedy at temperature 0",
    },
    "export": {
        "push_to_hub": "`hf upload` takes the folder that is written",
        "output_dir": "it is called --out",
    },
}


class Given(NamedTuple):
    """An option of a command line, with hyphens in its name, and whether a value follows."""

    name: str
    valued: bool


def given_options(tokens: Sequence[str]) -> Iterator[Given]:
    """Yield the long options of a command line.

    >>> [tuple(given) for given in given_options(["--resume", "--lora_rank", "8", "--out=run"])]
    [('resume', False), ('lora-rank', True), ('out', True)]
    """
    for token, following in zip(tokens, [*tokens[1:], "--"], strict=False):
        if token == "--":
            return
        if token.startswith("--"):
            name, equals, _ = token.removeprefix("--").partition("=")
            yield Given(name.replace("_", "-"), bool(equals) or not following.startswith("--"))


def check_options(
    command: str, app: App, tokens: Sequence[str], more: Collection[str] = ()
) -> None:
    """Refuse an option that a command does not have.

    The parser would say first what else is wrong, such as that --truth is missing, and takes any
    name for a knob of an objective that lacks its value.

    Args:
        command: its name.
        app: what parses it.
        tokens: what follows its name.
        more: names that it takes beyond its own, with hyphens.

    Raises:
        UsageError: names the option, and what to use instead.
    """
    arguments = app.assemble_argument_collection()
    flags = [*app.help_flags, *app.version_flags]
    own = {name.removeprefix("--") for one in arguments for name in one.names} | {
        flag.removeprefix("--") for flag in flags
    }
    for name, _ in given_options(tokens):
        if name not in own and name not in more:
            hint = OTHER_NAMES.get(command.split()[0], {}).get(name.replace("-", "_"))
            named = (n for n in {*own, *more} if n[0].isalpha() and n.islower())
            shown = [n for n in named if not n.startswith("empty-")]
            raise UsageError(
                f"earmark {command} has no option --{name}; {hint or did_you_mean(name, shown)}"
            )
