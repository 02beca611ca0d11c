"""How many floating-point operations a step must do, and how many a card can.

Model FLOPs, as for any utilisation: multiplications of matrices and attention over the
positions that may be looked at, two operations for each multiplication and addition; nothing
that is recomputed. A LoRA's own small matrices are left out.

For one row with t trunk tokens, h tokens that reach the head and v visible pairs of positions,
N weights in the language model's matrices, H in its head, L layers of width d:

    forward         2 N t + 2 H h + 4 L d v
    LoRA backward   2 N t + 2 H h + 8 L d v      no gradient of the frozen weights
    tower           2 A s + 4 La da s^2          s positions, forward only, since it is frozen
"""

from dataclasses import dataclass

from training_steps.shapes import Shape
from training_steps.task import Case

# Dense bfloat16 by the makers' data sheets, in FLOP/s.
PEAK = {"H200": 989e12, "H100": 989e12, "A100": 312e12}
POSITIONS_PER_AUDIO_TOKEN = 2
BACKWARD_LINEAR, BACKWARD_ATTENTION = 1, 2


@dataclass(frozen=True)
class Row:
    """Trunk tokens, head tokens and visible pairs of positions in one row."""

    trunk: int
    head: int
    visible: int


def shared_row(case: Case) -> Row:
    """Count the row that holds the prompt and all answers; an answer's last token has no place."""
    count, inputs = case.losers + 1, case.answer_tokens - 1
    prompt = case.prompt_tokens
    visible = triangle(prompt) + count * (inputs * prompt + triangle(inputs))
    return Row(prompt + count * inputs, count * case.answer_tokens, visible)


def plain_row(case: Case) -> Row:
    """Count a row of the prompt and one answer."""
    length = case.prompt_tokens + case.answer_tokens
    return Row(length, case.answer_tokens, triangle(length))


def triangle(length: int) -> int:
    """Count the pairs of positions in which one looks backwards or at itself.

    >>> triangle(3)
    6
    """
    return length * (length + 1) // 2


def weights(layers: int, width: int, mlp: int, gated: bool) -> int:
    """Count the weights in the matrices of a transformer."""
    return layers * (4 * width * width + (3 if gated else 2) * width * mlp)


def row_flops(shape: Shape, row: Row, backward: bool) -> int:
    """Return the operations of one row through the language model."""
    layers, width, mlp, _ = shape.text
    linear = 2 * weights(layers, width, mlp, True) * row.trunk
    linear += 2 * shape.vocabulary * width * row.head
    attention = 4 * layers * width * row.visible
    return linear * (1 + backward * BACKWARD_LINEAR) + attention * (
        1 + backward * BACKWARD_ATTENTION
    )


def tower_flops(shape: Shape, positions: int) -> int:
    """Return the operations of one clip through the tower's layers."""
    layers, width, mlp, _ = shape.tower
    return 2 * weights(layers, width, mlp, False) * positions + 4 * layers * width * positions**2


def earmark_flops(shape: Shape, case: Case, live: bool) -> int:
    """Return the operations of Earmark's step; `live` adds tower and reference, both once."""
    row = shared_row(case)
    more = 0
    if live:
        heard = case.audio_tokens * POSITIONS_PER_AUDIO_TOKEN
        more = row_flops(shape, row, False) + tower_flops(shape, heard)
    return case.prompts * (row_flops(shape, row, True) + more)


def trl_flops(shape: Shape, case: Case, live: bool) -> int:
    """Return the operations of TRL's step, head compacted: two rows a pair, each with its tower."""
    row = plain_row(case)
    tower = tower_flops(shape, shape.clip_s * 50)
    more = row_flops(shape, row, False) + tower if live else 0
    return 2 * case.pairs * (row_flops(shape, row, True) + tower + more)
