"""Find where a prompt holds audio, and refuse another number of places than there is audio."""

from collections.abc import Sequence

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
