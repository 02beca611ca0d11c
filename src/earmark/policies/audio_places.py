"""Find where a prompt holds audio, refuse another number of places than there is, fill them."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from earmark.errors import InputError

OTHER_PROCESSOR = (
    "the processor does not belong to this model: take all processor and tokenizer files from the "
    "model's own folder"
)


def audio_places(
    ids: Int[Tensor, "row token"],
    audio: Sequence[Float[Tensor, "_audio_token feature"]],
    audio_id: int,
) -> Bool[Tensor, "row token"]:
    """Return which tokens are placeholders of audio.

    Raises:
        InputError: they are more or fewer than the states of audio.
    """
    places = ids == audio_id
    asked, heard = int(places.sum()), sum(map(len, audio))
    if asked != heard:
        raise InputError(
            f"{asked} audio placeholders in the prompts, {heard} audio tokens from the tower; "
            f"{OTHER_PROCESSOR}"
        )
    return places


def put_in(
    embeds: Float[Tensor, "row token hidden"],
    places: Bool[Tensor, "row token"],
    audio: Sequence[Float[Tensor, "_audio_token feature"]],
    project: Callable[[Tensor], Tensor] | None = None,
) -> Float[Tensor, "row token hidden"]:
    """Return embeddings with audio in the place of its placeholders.

    Args:
        embeds: of all tokens.
        places: which of them are placeholders, as many as there are states of audio.
        audio: the states of each clip, in the order of the placeholders.
        project: turns states into embeddings; None where they are.
    """
    if not audio:
        return embeds
    states = torch.cat([clip.to(embeds.device) for clip in audio]).to(embeds.dtype)
    heard = states if project is None else project(states).to(embeds.dtype)  # [place, hidden]
    # Places are filled row by row from the left, the order in which clips are given.
    return embeds.masked_scatter(places[..., None], heard)
