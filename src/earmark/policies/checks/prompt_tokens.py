"""Hold what Earmark makes of a prompt against what the model's own processor makes of it."""

from collections.abc import Sequence
from typing import Any

import torch

from earmark.errors import InputError
from earmark.policies.audio import AudioPolicy
from earmark.policies.policy import Clip
from earmark.prompting.messages import Messages


@torch.no_grad()
def check_prompt_ids(policy: AudioPolicy, messages: Messages, clips: Sequence[Clip]) -> None:
    """Check that the tokens of a prompt are those of the processor.

    Here it shows when a tower and a processor count the audio of a clip differently, or when a
    processor or a tokenizer cuts what it is given.

    Raises:
        InputError: says where they part, and how many audio tokens each counts.
    """
    library = policy.plain_inputs(messages, clips)["input_ids"][0].tolist()
    heard = [len(policy.encode(policy.features(clip))) for clip in clips]
    own = policy.prompt_ids(messages, heard)
    if own == library:
        return
    both = zip(own, library, strict=False)
    place = next((i for i, (a, b) in enumerate(both) if a != b), min(len(own), len(library)))
    audio_id: Any = getattr(policy.network.config, "audio_token_id", None)
    raise InputError(
        f"the processor makes {len(library)} tokens of a prompt, {library.count(audio_id)} of them "
        f"audio; the model needs {len(own)}, {own.count(audio_id)} of them audio; they part at "
        f"token {place}. The processor cuts its input or belongs to another model: take all "
        "processor and tokenizer files from the model's own folder"
    )
