"""Attention of shared rows on a GPU: under a whole mask, in two parts, and as FlexAttention.

    python benchmarks/attention_gpu.py

Heads of Qwen2-Audio-7B (32 of 128), bfloat16, a prompt with a clip, a chosen and a rejected
answer of 24 tokens, forward and backward. What each way computes is compared first, with the
masked one in float32; then they are timed in interleaved rounds. FlexAttention is compiled, its
mask of blocks is made once for all layers, and its time is left out; on a CPU it has no backward
pass and is not measured.

The last line is one JSON object.
"""

import argparse
import json
import statistics
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.attention.flex_attention import create_block_mask, flex_attention

from earmark.errors import EarmarkError
from earmark.policies.rows.prompt_attention import prompt_width
from earmark.policies.rows.shared_row import PADDING, PROMPT, Answers, attention_mask, lay_out
from earmark.report.tables import Table, to_markdown
from training_speed_gpu import case_of, seconds_of, wall
from training_steps.shapes import SHAPES
from training_steps.task import Case

SHAPE = SHAPES["qwen2-audio-7b"]
HEADS, WIDTH = 32, 128
MASKED, PARTS, FLEX = "whole mask", "two parts", "FlexAttention"

Way = Callable[[Tensor, Tensor, Tensor], Tensor]


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    add("--cases", default="8x4,32x4,8x20,8x30", help="rows x seconds of audio in each")
    add("--repeats", type=int, default=20, help="interleaved rounds")
    return parser.parse_args(arguments)


def segments_of(case: Case, device: str) -> Int[Tensor, "row token"]:
    """Return which part of its row every token belongs to."""
    row = Answers([1] * case.prompt_tokens, [[1] * case.answer_tokens] * (1 + case.losers))
    return lay_out([row] * case.prompts, 0).segments.to(device)


def ways_of(segments: Int[Tensor, "row token"]) -> dict[str, Way]:
    """Return the ways to attend."""
    mask = attention_mask(segments)
    ways: dict[str, Way] = {
        MASKED: lambda *states: F.scaled_dot_product_attention(*states, attn_mask=mask),
        PARTS: in_two_parts(mask, prompt_width(segments)),
    }
    return ways | ({FLEX: flexible(segments)} if segments.is_cuda else {})


def in_two_parts(mask: Bool[Tensor, "row 1 token token"], width: int) -> Way:
    """Attend as a training step on a CPU does; see `earmark.policies.rows.prompt_attention`."""

    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        rest = F.scaled_dot_product_attention(
            query[:, :, width:], key, value, attn_mask=mask[:, :, width:]
        )
        alone = (states[:, :, :width] for states in (query, key, value))
        return torch.cat([F.scaled_dot_product_attention(*alone, is_causal=True), rest], dim=2)

    return attend


def flexible(segments: Int[Tensor, "row token"]) -> Way:
    """Attend by a kernel that is compiled for the mask's rule."""

    def visible(row: Tensor, _: Tensor, looks: Tensor, looked_at: Tensor) -> Tensor:
        own, other = segments[row, looks], segments[row, looked_at]
        return (looked_at <= looks) & ((other == PROMPT) & (own != PADDING) | (own == other))

    rows, tokens = segments.shape
    blocks = create_block_mask(visible, rows, None, tokens, tokens, device=segments.device)
    compiled = torch.compile(flex_attention, dynamic=False)
    return lambda *states: compiled(*states, block_mask=blocks)


def states_of(segments: Int[Tensor, "row token"]) -> list[Float[Tensor, "row head token feature"]]:
    """Draw queries, keys and values."""
    generator = torch.Generator(segments.device).manual_seed(0)
    shape = (len(segments), HEADS, segments.shape[1], WIDTH)
    dtype = torch.bfloat16 if segments.is_cuda else torch.float32
    drawn = (torch.randn(shape, generator=generator, device=segments.device) for _ in range(3))
    return [states.to(dtype).requires_grad_() for states in drawn]


def taken(way: Way, states: list[Tensor]) -> list[Tensor]:
    """Attend forward and backward; returns what came out and the gradients."""
    out = way(*states)
    return [out.detach(), *torch.autograd.grad(out, states, grad_outputs=torch.ones_like(out))]


def measure(segments: Int[Tensor, "row token"], repeats: int) -> dict[str, dict[str, float]]:
    """Compare all ways with the masked one in float32, and time them; in milliseconds."""
    ways, states = ways_of(segments), states_of(segments)
    exact = taken(ways[MASKED], [s.detach().float().requires_grad_() for s in states])
    errors: dict[str, float] = {}
    for name, way in ways.items():
        pairs = zip(taken(way, states), exact, strict=True)
        errors[name] = max(float((one - true).norm() / true.norm()) for one, true in pairs)
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(repeats):
        order = list(ways.items())
        for name, way in order if number % 2 else reversed(order):
            start = wall()
            taken(way, states)
            times[name].append(1000 * (wall() - start))
    return {name: {"ms": statistics.median(times[name]), "error": errors[name]} for name in ways}


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure every case and print it.

    Raises:
        KnobError: no such case, or a clip that the model does not hear whole.
    """
    device = torch.cuda.get_device_name() if options.device == "cuda" else "CPU"
    last: dict[str, Any] = {"device": device, "cases": {}}
    for case in [case_of(text, SHAPE, losers=1) for text in options.cases.split(",")]:
        found = measure(segments_of(case, options.device), options.repeats)
        last["cases"][f"{case.prompts} clips of {seconds_of(case):g} s"] = found
    lines = [
        (case, name, f"{way['ms']:.2f}", f"{ways[MASKED]['ms'] / way['ms']:.2f}")
        for case, ways in last["cases"].items()
        for name, way in ways.items()
    ]
    header = ("rows", "attention", "ms a layer", "x whole mask")
    print(to_markdown(Table(f"Attention, {device}", header, lines, "")))
    print(json.dumps(last))
    return last


if __name__ == "__main__":
    try:
        run(parsed())
    except EarmarkError as error:
        raise SystemExit(f"error: {error}") from None
