"""How fast a DPO step is: Earmark against TRL, LLaMA-Factory and ms-swift, on one batch.

    python benchmarks/training_speed.py --quick
    python benchmarks/training_speed.py --peers llamafactory,ms-swift
    python benchmarks/training_speed.py --whisper

A random Qwen2-Audio of the real class, float32, one thread, answers of 24 tokens, forward and
backward without the optimizer. Every trainer has the same weights and the same batch and takes
its own step, by its own trainer's `training_step`; losses and gradients are compared before
anything is timed, and the clips that go through the audio tower are counted. Steps are taken
in interleaved rounds; times are CPU seconds of the process, medians over rounds. Memory is the
peak that a step adds, in a process of its own. Collation, which computes log-mel features once
for each clip in Earmark and once for each row elsewhere, is not timed.

The floor is one plain forward and backward of the same language model over one row of prompt
and answers, with logits where answers would be: no reference, no tower, no pair.

`--peers` makes an environment for each other trainer below build/peers/ from PyPI, once, and
runs its step there, in the same rounds. `--quick` leaves them out and ends within 5 minutes.
Results are kept below build/training_speed/, so that a stopped run resumes. The last
line is one JSON object: `ratios`, `memory`, `floor`, and the targets that were missed.

`--whisper` takes the step of an encoder-decoder instead, a random Whisper of the base size,
against transformers' Trainer with a paired collator; see `training_steps/whisper_step.py`.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from transformers.utils.logging import disable_progress_bar

from earmark.errors import EarmarkError, KnobError, did_you_mean
from earmark.report.tables import Table, to_markdown
from training_steps.earmark_step import CACHED
from training_steps.environments import PEERS
from training_steps.measure import Plan, load, measure, save
from training_steps.shapes import SHAPES, longest_audio
from training_steps.tables import Cases, case_table, last_line, summary, target_table
from training_steps.task import Case
from training_steps.trl_step import PRECOMPUTED
from training_steps.whisper_shapes import WHISPER_SHAPES
from training_steps.whisper_step import cases_of as whisper_cases
from training_steps.whisper_step import run_whisper

# After so long no further round is begun; what is left to do then takes a minute or two.
QUICK_S = 120
QUICK_WEIGHED = (CACHED, PRECOMPUTED)
BUILD = Path(__file__).parents[1] / "build"


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--quick", action="store_true", help="two cases, no peers, within 5 minutes")
    add("--peers", default="", help=f"names with commas: {', '.join(PEERS)}")
    add("--shapes", default="prototype", help=f"names with commas: {', '.join(SHAPES)}")
    add("--audio-tokens", default="100,375,750", help="lengths of the clip, 25 a second")
    add("--losers", default="1,3", help="rejected answers per prompt")
    add("--tuning", default="lora,full")
    add("--repeats", type=int, default=3, help="interleaved rounds")
    add("--no-memory", action="store_true", help="leave out memory, each in its own process")
    add("--out", type=Path, default=BUILD / "training_speed", help="weights and results")
    add("--peers-dir", type=Path, default=BUILD / "peers", help="the peers' environments")
    add("--whisper", nargs="?", const="whisper-base", help="an encoder-decoder instead")
    add("--again", action="store_true", help="measure again what was measured before")
    return parser.parse_args(arguments)


def cases_of(options: argparse.Namespace) -> list[Case]:
    """Return the cases; names and lengths are checked.

    Raises:
        KnobError: an unknown shape, peer or tuning, or a clip that the tower does not take.
    """
    if options.quick:
        return [Case("prototype", 375, losers) for losers in (1, 3)]
    shapes = options.shapes.split(",")
    known = [(shapes, SHAPES), (options.tuning.split(","), ("lora", "full"))]
    for names, table in [*known, (peers_of(options), PEERS)]:
        for name in names:
            if name not in table:
                raise KnobError(f"no '{name}'; {did_you_mean(name, table)}")
    lengths = [int(x) for x in options.audio_tokens.split(",")]
    losers = [int(x) for x in options.losers.split(",")]
    for shape in shapes:
        if max(lengths) > longest_audio(SHAPES[shape]):
            raise KnobError(
                f"{max(lengths)} audio tokens, but shape '{shape}' hears "
                f"{longest_audio(SHAPES[shape])} at most"
            )
    return [
        Case(shape, tokens, count, tuning)
        for shape in shapes
        for tuning in options.tuning.split(",")
        for tokens in lengths
        for count in losers
    ]


def peers_of(options: argparse.Namespace) -> tuple[str, ...]:
    return tuple(name for name in options.peers.split(",") if name and not options.quick)


def show(table: Table) -> None:
    print(f"\n**{table.title}**\n\n{to_markdown(table)}\n\n{table.note}", flush=True)


def run(options: argparse.Namespace) -> Cases:
    """Measure all cases and print them."""
    begun = time.monotonic()
    cases = cases_of(options)
    results = options.out / ("quick" if options.quick else "results")
    done = []
    for number, case in enumerate(cases, start=1):
        deadline = begun + QUICK_S * number / len(cases) if options.quick else float("inf")
        plan = Plan(options.out, options.peers_dir, peers_of(options), options.repeats, deadline)
        if options.quick or options.no_memory:
            weighed = QUICK_WEIGHED if case.losers == 1 and not options.no_memory else ()
            plan = replace(plan, weighed=weighed)
        fresh = options.quick or options.again
        measured = (None if fresh else load(case, results)) or measure(case, plan)
        save(measured, results)
        done.append(measured)
        show(case_table(measured))
    show(summary(done))
    show(target_table(done))
    print(json.dumps(last_line(done)))
    return done


def whisper(options: argparse.Namespace) -> None:
    """Measure the cases of an encoder-decoder; by default with a clip of 6 s.

    Raises:
        KnobError: no shape of that name.
    """
    if options.whisper not in WHISPER_SHAPES:
        raise KnobError(f"no '{options.whisper}'; {did_you_mean(options.whisper, WHISPER_SHAPES)}")
    losers = [int(count) for count in options.losers.split(",")]
    given = options.audio_tokens
    tokens = 150 if "," in given else int(given)
    cases = whisper_cases(options.whisper, losers, options.tuning.split(","), tokens)
    print(json.dumps(run_whisper(cases, options.out, options.repeats, show)))


def main() -> None:
    disable_progress_bar()
    try:
        options = parsed()
        if options.whisper:
            whisper(options)
        else:
            run(options)
    except EarmarkError as error:
        raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()
