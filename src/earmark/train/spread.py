"""Training spread over processes: what an engine has to be told, and what it must not do.

FSDP2 is told which layers to gather by themselves: only those of the language model. The audio
tower stays with the root, which every process gathers in every step, so a process whose batch
has nothing to hear keeps no other one waiting. DeepSpeed must leave the weights as they are.
"""

import os

from torch import nn

from earmark.errors import InputError
from earmark.policies.policy import Policy

LAYERS = "FSDP_TRANSFORMER_CLS_TO_WRAP"


def check_engine() -> None:
    """Refuse DeepSpeed's own mixed precision.

    It casts all weights, so that a reference asked before training would be another model.

    Raises:
        InputError: the launcher's configuration asks for it.
    """
    if os.environ.get("ACCELERATE_USE_DEEPSPEED", "").lower() != "true":
        return
    asked = os.environ.get("ACCELERATE_MIXED_PRECISION", "no").lower()
    if asked != "no":
        raise InputError(
            f"mixed_precision: {asked} lets DeepSpeed cast all weights; set it to 'no' in the "
            "launcher's configuration, earmark computes in bfloat16 by itself (--dtype)"
        )


def spread_language_model(policy: Policy) -> None:
    """Tell accelerate, where it is to spread weights, to gather the language model by layers.

    Raises:
        InputError: layers of the audio tower are named in its configuration.
    """
    if os.environ.get("ACCELERATE_USE_FSDP", "").lower() != "true":
        return
    heard = {type(m).__name__ for part in policy.hearing for m in part.modules()}
    named = [name.strip() for name in os.environ.get(LAYERS, "").split(",") if name.strip()]
    wrong = sorted(heard & set(named))
    if wrong:
        raise InputError(
            f"fsdp_transformer_layer_cls_to_wrap names {', '.join(wrong)}, layers of the audio "
            "tower: a process whose batch holds no audio would keep the others waiting for ever. "
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
