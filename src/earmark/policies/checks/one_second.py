"""Let a model hear one second when it is loaded, so that files that do not fit are named then.

A feature extractor of other sizes than the tower's is a traceback at the first clip otherwise,
after everything else was prepared.
"""

import numpy as np
import torch

from earmark.errors import InputError
from earmark.policies.audio import AudioPolicy
from earmark.policies.chat import ChatPolicy
from earmark.policies.checkpoint.library_errors import one_message
from earmark.policies.policy import Policy
from earmark.prompting.messages import ask
from earmark.speech.audio import SAMPLE_RATE_HZ

CLIP = np.zeros(SAMPLE_RATE_HZ, dtype=np.float32)


def check_features(policy: Policy, path: str) -> None:
    """Refuse a processor that makes no features of a clip, or of one at another sample rate.

    Args:
        policy: the model; its network may be without numbers.
        path: where it is, for messages.

    Raises:
        InputError: says why.
    """
    if not isinstance(policy, AudioPolicy):
        return
    if policy.extractor is None:
        raise InputError(
            f"{path}: {type(policy.processor).__name__} has no feature extractor, so no clip could "
            "be heard; take the processor files from the folder that the weights came from"
        )
    with one_message(path, "used: its processor makes no features of a clip of one second"):
        rate = policy.sample_rate_hz
        if rate != SAMPLE_RATE_HZ:
            raise InputError(
                f"{path}: its processor expects {rate} samples per second, but clips are read at "
                f"{SAMPLE_RATE_HZ}; take the processor files from the folder that the weights came "
                "from"
            )
        policy.features(CLIP)


@torch.no_grad()
def check_hearing(policy: Policy, path: str) -> None:
    """Refuse a model that cannot write one token on a clip of one second.

    Args:
        policy: the loaded model, in evaluation mode.
        path: where it is, for messages.

    Raises:
        InputError: says why.
    """
    if not (isinstance(policy, AudioPolicy) and isinstance(policy, ChatPolicy)):
        return
    with one_message(path, "used: its encoder does not take what its processor makes"):
        policy.encode(policy.features(CLIP))
    prompt = ask(policy.facts)
    try:
        policy.render(prompt)
    except InputError:
        return  # The template takes other prompts, see `check_template`.
    with one_message(path, "used: it writes nothing on a clip of one second"):
        # The library's own forward pass as well: proofs, and others who load it, run that one.
        policy.network(**policy.plain_inputs(prompt, [CLIP]))
        policy.answers([prompt], [CLIP], [1])
