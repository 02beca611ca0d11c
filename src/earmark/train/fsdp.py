"""Training sharded over processes: what an engine needs to know, and must not do.

FSDP2 gets the layers to gather by themselves: only those of the language model. The audio
tower stays with the root, which every process gathers in every step, so a process whose batch
has nothing to hear keeps no other one waiting. None is to choose what is computed in.
"""

import os

from torch import nn

from earmark.errors import InputError
from earmark.policies.policy import Policy
from earmark.progress import note

LAYERS = "FSDP_TRANSFORMER_CLS_TO_WRAP"
PRECISION = "ACCELERATE_MIXED_PRECISION"


def keep_own_precision() -> None:
    """Switch off the launcher's mixed precision, and say so.

    Each engine has a way of its own: DeepSpeed casts all weights, FSDP2 what is gathered, and a
    reference that was computed before, or by another engine, would then be another model's.
    """
    asked = os.environ.get(PRECISION, "no")
    if asked.lower() != "no":
        note(
            f"mixed_precision: {asked} of the launcher's configuration is not used: earmark "
            "computes in bfloat16 by itself, and alike with every engine (--dtype)"
        )
        os.environ[PRECISION] = "no"


def spread_language_model(policy: Policy) -> None:
    """Tell accelerate, where it is to spread weights, to gather the language model by layers.

    Raises:
        InputError: layers of the audio tower are named in its configuration, or the policy calls
            its model once for each row: processes with unequal batches would wait for each other.
    """
    if os.environ.get("ACCELERATE_USE_FSDP", "").lower() != "true":
        return
    if policy.needs_cache:
        raise InputError(
            f"{type(policy.network).__name__} is trained by way of its key-value cache, one row "
            "after the other, and with FSDP2 processes with fewer rows would wait forever; start "
            "it with torchrun, or with examples/launch/zero2.yaml"
        )
    heard = {type(m).__name__ for part in policy.hearing for m in part.modules()}
    named = [name.strip() for name in os.environ.get(LAYERS, "").split(",") if name.strip()]
    wrong = sorted(heard & set(named))
    if wrong:
        raise InputError(
            f"fsdp_transformer_layer_cls_to_wrap names {', '.join(wrong)}, layers of the audio "
            "tower: a process whose batch holds no audio would keep the others waiting. "
            "Leave the setting out: the language model's layers are found"
        )
    if not named:
        os.environ[LAYERS] = ",".join(sorted(decoder_layers(policy) - heard))


def decoder_layers(policy: Policy) -> set[str]:
    """Return the class names of the largest stack of layers outside of the audio tower."""
    hearing = {id(m) for part in policy.hearing for m in part.modules()}
    stacks = [
        module
        for module in policy.network.modules()
        if isinstance(module, nn.ModuleList) and id(module) not in hearing
    ]
    largest = max(stacks, key=lambda stack: sum(p.numel() for p in stack.parameters()))
    return {type(layer).__name__ for layer in largest}
