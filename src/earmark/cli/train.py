"""`earmark train`: align an Audio LLM on preference pairs."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from earmark.cli.options.whole_numbers import refuse_fractions
from earmark.cli.startup.catalog import objectives, weightings, wrappers
from earmark.cli.startup.later import later
from earmark.cli.startup.option_names import OTHER_NAMES, check_options, given_options
from earmark.cli.startup.terminal import error_panel
from earmark.errors import InputError, KnobError, did_you_mean
from earmark.progress import console, note, output
from earmark.storage.outputs import SET_ASIDE, Output, check_outputs
from earmark.train.settings import TrainSettings

input_file = later("earmark.formats.reading:input_file")
open_pairs = later("earmark.pairs.pair_file:open_pairs")
options_of = later("earmark.cli.options.config_file:options_of")
run_training = later("earmark.train.run:train")
check_run_folder = later("earmark.train.run_folder:check_run_folder")
skipped_path = later("earmark.formats.files.set_aside:skipped_path")


def objectives_in_words() -> str:
    """Name each objective with its knobs and their defaults, read from the signatures."""
    lines = []
    for name, objective in objectives().items():
        options = " ".join(f"--{k.replace('_', '-')} {v}" for k, v in objective.knobs.items())
        lines.append(f"- `{name}` {options}: {objective.summary}")
    return "\n".join(lines)


command = App(
    name="earmark train",
    console=output,
    error_console=console,
    error_formatter=error_panel,
    version_flags=[],
    help=f"""Align an Audio LLM on preference pairs.

The reference is the model as it starts. Before training, the fast step is compared with the
plain forward pass and the audio is proven to be heard. A run that was stopped is resumed by the
same command.

Objectives and their knobs (`earmark objectives NAME` tells all about one):

{objectives_in_words()}

Wrappers of an objective (--wrap): {", ".join(wrappers())}.

Weightings of several references (--weighting): {", ".join(weightings())}.

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
        pairs: pairs, in any format that docs/formats.md has; FILE@FORMAT names it. Audio paths in
            them are absolute or relative to the file.
        model: a model folder, a hub id (NAME, or NAME@REVISION for a branch, tag or commit), or
            `tiny-base`, the model that ships with Earmark.
        out: the run folder: run.json, log.jsonl, checkpoints, the adapter.
        objective: what is optimized; see above.
        sft_weight: weight of an added SFT term on the chosen answer (RPO); 0 leaves it out.
        wrap: wrap the objective; repeat it for several; see above.
        config: a YAML file with the same names as these options; options given here win.
        preset: options of a published run, of which those given here or in --config win:
            codeswitch-qwen2-audio, codeswitch-phi4-multimodal or codeswitch-meralion2.
        on_error: stop at bad rows (not a pair, answers or audio that cannot be used), or skip
            them and write them with their reasons to OUT.skipped.jsonl.
        settings: how the loop runs.
        knobs: the objective's own knobs, such as --beta 0.1.
    """
    check_knobs(objective, wrap or [], knobs)
    references = settings.references if settings else ()
    check_run_folder(out, (model, *references))
    if on_error == "skip":
        check_outputs([Output(skipped_path(out), SET_ASIDE)], (input_file(pairs), config))
    opened = open_pairs(pairs, out=out, on_error=on_error)
    folder = run_training(
        opened,
        opened.folder.resolve(),
        model,
        out,
        objective=objective,
        sft_weight=sft_weight,
        wrappers=wrap or [],
        knobs=dict(knobs),
        settings=settings,
    )
    whole = settings is not None and settings.lora_rank == 0
    named = f"--model {folder}" if whole else f"--model {model} --adapter {folder}"
    note(f"done: {folder}; next: earmark transcribe {named} ...")


def check_knobs(objective: str, wrap: Sequence[str], knobs: Iterable[str]) -> None:
    """Refuse options that neither the command nor the objective has, before torch is imported.

    Raises:
        KnobError: no such objective, wrapper or option; names the nearest one.
    """
    for name, table, what in (
        (objective, objectives(), "objective"),
        *((wrapper, wrappers(), "wrapper") for wrapper in wrap),
    ):
        if ":" not in name and name not in table:
            raise KnobError(f"no {what} '{name}'; {did_you_mean(name, table)}")
    if ":" in objective or wrap:
        return  # whose knobs are known once they are imported
    known = objectives()[objective].knobs
    options = [field.name for field in fields(TrainSettings)]
    for knob in knobs:
        if knob not in known:
            option = f"--{knob.replace('_', '-')}"
            hint = OTHER_NAMES["train"].get(knob) or did_you_mean(knob, [*known, *options])
            raise KnobError(
                f"earmark train has no option {option}, and objective '{objective}' has no knob "
                f"'{knob}'; {hint}"
            )


def train(*tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)]) -> None:
    """Run `earmark train`, or print its help."""
    if tokens and tokens[0] in command.help_flags:
        command(list(tokens))
        return
    check_options("train", command, tokens, knobs_in(tokens))
    read_files_first(tokens)
    command(list(tokens))


def knobs_in(tokens: Sequence[str]) -> set[str]:
    """Return the options that may be knobs of the objective; which it has is checked later."""
    of_all = {knob.replace("_", "-") for one in objectives().values() for knob in one.knobs}
    # A wrapper, an objective of the user's own and one that a file names may have other knobs.
    others = any(value_of(name, tokens) for name in ("--wrap", "--config", "--preset"))
    if others or ":" in (value_of("--objective", tokens) or ""):
        return of_all | {name for name, valued in given_options(tokens) if valued}
    return of_all


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
    for token, following in zip(tokens, [*tokens[1:], ""], strict=False):
        if token == option and following:
            return following
        if token.startswith(f"{option}="):
            return token.removeprefix(f"{option}=")
    return None


def presets() -> dict[str, Path]:
    """Return the shipped presets by name.

    >>> sorted(presets())
    ['codeswitch-meralion2', 'codeswitch-phi4-multimodal', 'codeswitch-qwen2-audio']
    """
    folder = Path(str(files("earmark").joinpath("assets/presets")))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def preset_path(name: str) -> Path:
    """Return the file of a preset.

    Raises:
        KnobError: there is none of that name.
    """
    known = presets()
    if name not in known:
        raise KnobError(f"no preset '{name}'; {did_you_mean(name, known)}")
    return known[name]
