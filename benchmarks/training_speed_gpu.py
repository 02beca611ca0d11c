"""How fast a DPO step is on a GPU: Earmark against TRL on a model of the size of Qwen2-Audio-7B.

    python benchmarks/training_speed_gpu.py                    # one GPU with 140 GB
    python benchmarks/training_speed_gpu.py --shape tiny --cases 2x4   # a try-out, on a CPU too

Random weights, bfloat16 on a GPU, LoRA of rank 16, no gradient checkpointing, both trainers' own
`training_step` on the same weights and the same batch, in interleaved rounds: 8 clips of 4 s, 32
of 4 s, and 8 of 20 s, which is about as many tokens as 32 of 4 s. Losses are compared first, and
the clips that go through the audio tower are counted; gradients in bfloat16 differ by rounding,
so their difference is printed and not judged. Times are wall clock with the device synchronised,
medians over rounds; memory is the peak that a step allocates. Utilisation is model FLOPs, by the
formula in `training_steps/flops.py`, over seconds and the card's dense bfloat16 peak.

The last line is one JSON object.
"""

import argparse
import copy
import gc
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers.utils.logging import disable_progress_bar

from earmark.errors import EarmarkError, KnobError, did_you_mean
from earmark.policies.kernels.rms_norm import take_torch_norms
from earmark.report.tables import Table, to_markdown
from training_steps.earmark_step import CACHED, LIVE, prepare, steps_of
from training_steps.flops import PEAK, earmark_flops, trl_flops
from training_steps.names import start
from training_steps.race import Compared, compare, interleave
from training_steps.shapes import AUDIO_TOKENS_PER_S, SHAPES, Shape, build_network, build_processor
from training_steps.step import Step
from training_steps.task import Case, clips_of, frozen_policy, moved
from training_steps.trl_step import DEFAULT, PRECOMPUTED, build_trainer, compact_head, step_of

# By how much losses may differ: float32, bfloat16 (a quarter of a nat on sums near -400).
LOSS_TOLERANCE = {"cpu": 1e-4, "cuda": 0.1}
UTILISATION_AIM, TRL_AIM = 0.45, 3.0


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--shape", default="qwen2-audio-7b", help=f"one of {', '.join(SHAPES)}")
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    add("--cases", default="8x4,32x4,8x20", help="prompts in a step x seconds of audio in each")
    add("--losers", type=int, default=1, help="rejected answers per prompt")
    add("--repeats", type=int, default=5, help="interleaved rounds")
    add("--peak-tflops", type=float, help="the card's dense bfloat16 peak; known: " + known())
    return parser.parse_args(arguments)


def case_of(text: str, shape: Shape, losers: int) -> Case:
    """Read a case such as 8x4: prompts in a step, and seconds of audio in each.

    Raises:
        KnobError: it is no case, or the model does not hear such a clip whole.
    """
    try:
        prompts, seconds = int(text.split("x")[0]), float(text.split("x")[1])
    except (ValueError, IndexError):
        raise KnobError(f"a case is PROMPTSxSECONDS, such as 8x4; found '{text}'") from None
    if not (prompts > 0 and 0 < seconds <= shape.clip_s):
        raise KnobError(f"{text}: shape '{shape.name}' hears clips of up to {shape.clip_s} s")
    return Case(shape.name, round(seconds * AUDIO_TOKENS_PER_S), losers, prompts=prompts)


def seconds_of(case: Case) -> float:
    return case.audio_tokens / AUDIO_TOKENS_PER_S


def known() -> str:
    return ", ".join(f"{name} {peak / 1e12:g}" for name, peak in PEAK.items())


def peak_of(options: argparse.Namespace) -> float | None:
    """Return the card's peak in FLOP/s, None where it is not known."""
    if options.peak_tflops:
        return options.peak_tflops * 1e12
    name = torch.cuda.get_device_name() if options.device == "cuda" else ""
    return next((peak for card, peak in PEAK.items() if card in name), None)


def wall() -> float:
    """Return the wall clock once the device has finished its work."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def steps_for(case: Case, device: str, root: Path) -> dict[str, Step]:
    """Build one random network twice over, give both the same LoRA, and return all steps."""
    processor = build_processor(SHAPES[case.shape])
    network = build_network(SHAPES[case.shape], processor, device)
    theirs = frozen_policy(copy.deepcopy(network), processor)
    if device == "cuda":  # as `earmark train` loads it
        take_torch_norms(network)
    # The caches are new and thrown away, so nothing else could be taken for these weights.
    owner = "random weights of the benchmark"
    ready = prepare(root, case, frozen_policy(network, processor), moved, owner)
    steps = steps_of(ready, case, clips_of(root, case), None, wall)
    trainer = build_trainer(theirs, root, case, precompute=False)
    inputs = trainer._prepare_inputs(next(iter(trainer.get_train_dataloader())))
    with torch.no_grad(), compact_head():
        chosen, rejected = trainer.compute_ref_log_probs(trainer.model, inputs)
    start(trainer.model, moved(trainer.model))
    known_reference = {**inputs, "ref_chosen_logps": chosen, "ref_rejected_logps": rejected}
    default = step_of(trainer, inputs, case, wall)
    precomputed = step_of(trainer, known_reference, case, wall)
    # One trainer for both: a second copy of the model would not fit on every card. The flag is
    # the one that `precompute_ref_log_probs` sets.
    steps[PRECOMPUTED] = precomputed._replace(take=partial(flagged, trainer, True, precomputed))
    steps[DEFAULT] = default._replace(take=partial(flagged, trainer, False, default))
    return steps


def flagged(trainer: Any, precomputed: bool, step: Step) -> Any:
    """Take TRL's step with its reference from the batch or from a second forward pass."""
    trainer.precompute_ref_logps = precomputed
    return step.take()


def added_gib(step: Step, device: str) -> float | None:
    """Return what a step allocates at its peak beyond what was there before."""
    if device != "cuda":
        return None
    step.clear()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    step.take()
    return (torch.cuda.max_memory_allocated() - before) / 2**30


def flops_of(case: Case) -> dict[str, int]:
    """Return what each way must compute."""
    shape = SHAPES[case.shape]
    ours: Callable[[bool], int] = partial(earmark_flops, shape, case)
    theirs: Callable[[bool], int] = partial(trl_flops, shape, case)
    return {
        CACHED: ours(False),
        LIVE: ours(True),
        PRECOMPUTED: theirs(False),
        DEFAULT: theirs(True),
    }


def measure(case: Case, options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Compare and time all ways of one case."""
    with tempfile.TemporaryDirectory() as folder:
        steps = steps_for(case, options.device, Path(folder))
        steps = {name: steps[name] for name in flops_of(case)}
        compared: dict[str, Compared] = compare(
            steps,
            DEFAULT,
            {CACHED},
            loss_tolerance=LOSS_TOLERANCE[options.device],
            gradient_tolerance=float("inf"),
        )
        first = {name: step.seconds for name, step in compared.items()}
        times = interleave(steps, first, options.repeats, float("inf"), case.name)
        memory = {name: added_gib(step, options.device) for name, step in steps.items()}
    peak, found = peak_of(options), {}
    for name, flops in flops_of(case).items():
        seconds = statistics.median(times[name])
        found[name] = {
            "pairs_per_s": case.pairs / seconds,
            "tflop": flops / 1e12,
            "utilisation": flops / seconds / peak if peak else None,
            "added_gib": memory[name],
            **compared[name]._asdict(),
            "seconds": seconds,
        }
    return found


def table_of(case: Case, found: dict[str, dict[str, Any]]) -> Table:
    """Tabulate one case."""

    def cell(value: float | None, form: str) -> str:
        return "unknown" if value is None else format(value, form)

    rows = [
        (
            name,
            f"{way['pairs_per_s']:.2f}",
            cell(way["utilisation"], ".1%"),
            cell(way["added_gib"], ".1f"),
            f"{found[DEFAULT]['seconds'] / way['seconds']:.2f}",
            f"{found[PRECOMPUTED]['seconds'] / way['seconds']:.2f}",
            f"{way['gradient_difference']:.1e}",
            f"{way['clips_per_pair']:.2g}",
        )
        for name, way in found.items()
    ]
    header = ("step", "pairs / s", "utilisation", "added GiB", "x TRL default", "x TRL precomputed")
    aims = f"Targets: {UTILISATION_AIM:.0%} utilisation, {TRL_AIM:g} times TRL default."
    title = f"{case.shape}, {case.prompts} clips of {seconds_of(case):g} s a step"
    return Table(title, (*header, "gradient difference", "clips heard / pair"), rows, aims)


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure every clip length and print it.

    Raises:
        KnobError: an unknown shape, no such case, or a clip that the model does not hear whole.
    """
    if options.shape not in SHAPES:
        raise KnobError(f"no shape '{options.shape}'; {did_you_mean(options.shape, SHAPES)}")
    shape = SHAPES[options.shape]
    cases = [case_of(text, shape, options.losers) for text in options.cases.split(",")]
    device = torch.cuda.get_device_name() if options.device == "cuda" else "CPU"
    last: dict[str, Any] = {"device": device, "cases": {}}
    for case in cases:
        found = measure(case, options)
        table = table_of(case, found)
        print(f"\n**{table.title}, {device}**\n\n{to_markdown(table)}\n\n{table.note}", flush=True)
        gc.collect()  # the models of one case would leave the next too little memory
        last["cases"][f"{case.prompts} clips of {seconds_of(case):g} s"] = found
    print(json.dumps(last))
    return last


def main() -> None:
    disable_progress_bar()
    try:
        run(parsed())
    except EarmarkError as error:
        raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()
