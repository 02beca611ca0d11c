"""Let Whisper's encoder hear windows shorter than its own 30 s, by the class's own code.

The class refuses them, though nothing in it needs the whole window: a shorter one takes the first
of the positions, and the layers attend to what there is. What it computes is another thing than
the first states of the whole window, in which every state also attends to the silence that fills
it up; see the family's own notes for how much that moves.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from torch import Tensor

from earmark.errors import InputError
from earmark.policies.rows.patched import instead

# Frames of the spectrogram that the convolutions make one state of.
FRAMES_PER_STATE = 2


def take_short_windows(encoder: Any) -> None:
    """Let an encoder take spectrograms of any even number of frames up to its own, in place."""
    whole = encoder.forward

    @wraps(whole)
    def forward(input_features: Tensor, *args: Any, **kwargs: Any) -> Any:
        with _first_positions(encoder, input_features.shape[-1]):
            return whole(input_features, *args, **kwargs)

    encoder.forward = forward


@contextmanager
def _first_positions(encoder: Any, frames: int) -> Iterator[None]:
    """Let an encoder have as many positions as a spectrogram needs, for a while.

    Raises:
        InputError: more than it has, or a state with half its frames.
    """
    config, most = encoder.config, encoder.embed_positions.num_embeddings
    states, left_over = divmod(frames, FRAMES_PER_STATE)
    if left_over or not 0 < states <= most:
        raise InputError(
            f"a spectrogram of {frames} frames, but {type(encoder).__name__} takes an even number "
            f"of them from {FRAMES_PER_STATE} to {FRAMES_PER_STATE * most}"
        )
    places, before = encoder.embed_positions, config.max_source_positions
    config.max_source_positions = states
    try:
        with instead(places, "forward", lambda _: places.weight[:states]):
            yield
    finally:
        config.max_source_positions = before
