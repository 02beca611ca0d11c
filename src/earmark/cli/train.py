"""`earmark train`: align an Audio LLM on preference pairs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from earmark.cli.config_file import options_of, refuse_fractions
from earmark.cli.presets import preset_path
from earmark.cli.terminal import error_panel
from earmark.errors import InputError
from earmark.files import skipped_path
from earmark.objectives import OBJECTIVES, WRAPPERS
from earmark.objectives.contract.explain import summary
from earmark.objectives.contract.signature import contract
from earmark.progress import console, note, output
from earmark.storage.outputs import SET_ASIDE, Output, check_outputs
from earmark.train.data.pair_file import open_pairs
from earmark.train.run import train as run_training
from earmark.train.run_folder import check_run_folder
from earmark.train.settings import TrainSettings


def objectives_in_words() -> str:
    """Name each objective with its knobs and their defaults, read from the signatures."""
    lines = []
    for name, objective in OBJECTIVES.items():
        settable = contract(objective).knobs.items()
        options = " ".join(f"--{k.replace('_', '-')} {v}" for k, v in settable)
        lines.append(f"- `{name}` {options}: {summary(objective)}")
    return "\n".join(lines)


command = App(
    name="earmark train",
    console=output,
    error_console=console,
    error_formatter=error_panel,
    version_flags=[],
    help=f"""Align an Audio LLM on preference pairs.

The reference is the model as it starts. Before training, the fast step is compared with the
plain forward pass and the audio is proven to be heard. A run that was stopped goes on when the
same command is given again.

Objectives and their knobs (`earmark objectives NAME` tells all about one):

{objectives_in_words()}

Wrappers, put round an objective by --wrap: {", ".join(WRAPPERS)}.

Example: earmark train --pairs pairs.jsonl --model tiny-base --objective dpo --beta 0.1
--sft-weight 1 --learning-rate 5e-4 --out run
""",
)


@command.default
def run(
    *,
    pairs: Path,
    model: str,
    out: Path,
    objective: str = "dpo",
    sft_weight: Annotated[float, Parameter(name=["--sft-weight", "--rpo-alpha"])] = 0.0,
    wrap: list[str] | None = None,
    config: Path | None = None,
    preset: str | None = None,
    on_error: Literal["stop", "skip"] = "stop",
    settings: Annotated[TrainSettings | None, Parameter(name="*")] = None,
    **knobs: float | str,
) -> None:
    """Train.

    Args:
        pairs: a pairs file (JSONL); audio paths in it are absolute or relative to it.
        model: a model folder, a hub id (NAME, or NAME@REVISION for a branch, tag or commit), or
            `tiny-base`, the model that ships with Earmark.
        out: the run folder: run.json, log.jsonl, checkpoints, the adapter.
        objective: what is optimized; see above.
        sft_weight: weight of an added SFT term on the chosen answer (RPO); 0 leaves it out.
        wrap: put a wrapper round the objective; repeat it for several; see above.
        config: a YAML file with the same names as these options; options given here win.
        preset: options of a published run, of which those given here or in --config win:
            codeswitch-qwen2-audio, codeswitch-phi4-multimodal or codeswitch-meralion2.
        on_error: stop at bad rows (not a pair, answers or audio that cannot be used), or skip
            them and write them with their reasons to OUT.skipped.jsonl.
        settings: how the loop runs.
        knobs: the objective's own knobs, such as --beta 0.1.
    """
    references = settings.references if settings else ()
    check_run_folder(out, (model, *references))
    if on_error == "skip":
        check_outputs([Output(skipped_path(out), SET_ASIDE)], (pairs, config))
    folder = run_training(
        open_pairs(pairs, out=out, on_error=on_error),
        pairs.resolve().parent,
        model,
        out,
        objective=objective,
        sft_weight=sft_weight,
        wrappers=wrap or [],
        knobs=dict(knobs),
        settings=settings,
    )
    note(f"done: {folder}; next: earmark transcribe --model {model} --adapter {folder} ...")


def train(*tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)]) -> None:
    """Run `earmark train`, or print its help."""
    read_files_first(tokens)
    command(list(tokens))


def read_files_first(tokens: Sequence[str]) -> None:
    """Let the files of --config and --preset supply what the options leave out."""
    command.config = (*map(options_of, supplied_by(tokens)), refuse_fractions)


def supplied_by(tokens: Sequence[str]) -> list[Path]:
    """Return the files that supply options; of two that supply the same the first wins.

    Raises:
        InputError: there is no such configuration file.
        KnobError: there is no such preset.
    """
    paths = []
    config, preset = value_of("--config", tokens), value_of("--preset", tokens)
    if config is not None:
        if not Path(config).is_file():
            raise InputError(f"{config}: no such configuration file")
        paths.append(Path(config))
    if preset is not None:
        paths.append(preset_path(preset))
    return paths


def value_of(option: str, tokens: Sequence[str]) -> str | None:
    """Find the value of an option among command-line tokens.

    >>> value_of("--config", ["--out", "run", "--config=a.yaml"])
    'a.yaml'
    """
    for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
        if token == option and following:
            return following
        if token.startswith(f"{option}="):
            return token.removeprefix(f"{option}=")
    return None
