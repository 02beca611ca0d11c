"""The fallback: read the prompt once into the model's cache, and continue from copies of it.

Only what `generate` needs as well is used: a forward pass that fills a key-value cache, and one
that continues from it. So it works for any class, however it merges audio and text, and for
decoders of which the shared row's mask would ask too much: sliding windows, and the recurrent
layers that `FORKS` names.

Gradient checkpointing drops the cache, and the library then returns wrong numbers without an
error; this route refuses it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from earmark.errors import InputError
from earmark.policies.rows.shared_row import PROMPT, Answers, SharedRows, answer_logps

ATTENTION = {"full_attention", "sliding_attention", "chunked_attention"}

# Decoders with recurrent layers whose cache was found to carry exact gradients. In others they
# were found to be lost silently (Bamba, Jamba), or overwritten before the backward pass needs
# them (Qwen3-Next).
FORKS = {"falcon_h1", "lfm2"}


def rows_by_cache(
    network: Any, rows: SharedRows, inputs_of: Callable[[Sequence[int]], Mapping[str, Tensor]]
) -> Float[Tensor, " answer_token"]:
    """Return the log-probability of every answer token of some rows, in nats, by candidate.

    Args:
        network: the library's own model.
        rows: prompts and their candidates; taken apart again, one prompt after the other.
        inputs_of: makes the model's inputs for the token ids of one prompt.

    Raises:
        InputError: see `forked_token_logps`.
    """
    each = ((inputs_of(prompt), candidates) for prompt, candidates in unlay(rows))
    return torch.cat([forked_token_logps(network, prompt, answers) for prompt, answers in each])


def plain_prompt(prompt: Sequence[int], device: torch.device) -> dict[str, Tensor]:
    """Return the model's inputs for the token ids of one prompt without audio."""
    ids = torch.tensor([list(prompt)], device=device)  # [1, token]
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def forked_token_logps(
    network: Any, prompt: Mapping[str, Tensor], answers: Sequence[Sequence[int]]
) -> Float[Tensor, " answer_token"]:
    """Return the log-probability of every answer token, in nats, answer after answer.

    Args:
        network: the library's own model.
        prompt: its inputs for one prompt, the audio among them; `input_ids` is [1, token].
        answers: token ids of each answer, end token included.

    Raises:
        InputError: gradient checkpointing is on, or the model has no cache.
    """
    refuse_checkpointing(network)
    read = network(**prompt, use_cache=True)
    # The prompt's last token predicts the first of every answer.
    logits = read.logits[:, -1:].expand(len(answers), -1, -1)  # [answer, 1, vocabulary]
    longest = max(map(len, answers))
    if longest > 1:
        logits = torch.cat([logits, _go_on(network, prompt, read, answers, longest - 1)], dim=1)
        # [answer, longest, vocabulary]
    targets = [torch.tensor(answer, device=logits.device) for answer in answers]
    # What follows a short answer was computed on padding.
    wanted = torch.cat([logits[k, : len(answer)] for k, answer in enumerate(answers)])
    # [answer_token, vocabulary]
    return answer_logps(wanted, torch.cat(targets))


def _go_on(
    network: Any,
    prompt: Mapping[str, Tensor],
    read: Any,
    answers: Sequence[Sequence[int]],
    width: int,
) -> Float[Tensor, "answer token vocabulary"]:
    """Run all answers but their last tokens from copies of the prompt's cache."""
    cache: Any = getattr(read, "past_key_values", None)
    if not hasattr(cache, "reorder_cache"):
        raise InputError(
            f"{type(network).__name__} returns no key-value cache that can be copied, so several "
            "answers cannot continue from one prompt; this model cannot be trained here"
        )
    ids = prompt["input_ids"]
    # Row 0, the prompt, once for each answer: beam search copies its beams by the same call.
    cache.reorder_cache(ids.new_zeros(len(answers)))
    inputs = ids.new_zeros(len(answers), width)  # [answer, token], padded on the right
    real = torch.zeros_like(inputs)
    for row, answer in enumerate(answers):
        inputs[row, : len(answer) - 1] = torch.tensor(answer[:-1])
        real[row, : len(answer) - 1] = 1
    seen = ids.new_ones(len(answers), ids.shape[1])  # [answer, prompt token]
    return network(
        input_ids=inputs,
        attention_mask=torch.cat([seen, real], dim=1),
        past_key_values=cache,
        use_cache=True,
    ).logits


def refuse_checkpointing(network: nn.Module) -> None:
    """Refuse a model whose layers would drop the cache while training.

    Raises:
        InputError: gradient checkpointing is on.
    """
    if any(getattr(module, "gradient_checkpointing", False) for module in network.modules()):
        raise InputError(
            f"{type(network).__name__} is trained by way of its key-value cache, which gradient "
            "checkpointing drops: the numbers would be wrong without an error. Set "
            "gradient_checkpointing to false; a smaller batch saves memory as well"
        )


def why_no_shared_row(network: Any) -> str | None:
    """Say what keeps a decoder from reading several answers in one row, or None.

    Every layer must look at all of the row through the mask it is given, and the output matrix
    must be all there is between hidden states and logits.
    """
    config = _decoder_config(network)
    others = set(getattr(config, "layer_types", None) or []) - {"full_attention"}
    if others:
        return f"it has layers of {', '.join(sorted(others))}"
    window = getattr(config, "sliding_window", None)
    if window and getattr(config, "use_sliding_window", True):
        return f"its attention sees {window} tokens at most"
    if getattr(network, "_is_stateful", False):
        return "its layers keep a state instead of attending"
    if getattr(config, "_attn_implementation", "sdpa") != "sdpa":
        return "its attention takes no mask of true and false"
    for name in ("logits_scaling", "logit_scale", "final_logit_softcapping", "lm_head_multiplier"):
        if getattr(config, name, None) not in (None, 1, 1.0):
            return f"its logits are changed by {name}"
    return None


def refuse_recurrent(network: Any) -> None:
    """Refuse a decoder whose recurrent state cannot be forked with exact gradients.

    Raises:
        InputError: the decoder has recurrent layers and is not among `FORKS`.
    """
    config = _decoder_config(network)
    recurrent = set(getattr(config, "layer_types", None) or []) - ATTENTION
    stateful = getattr(network, "_is_stateful", False)
    if (recurrent or stateful) and config.model_type not in FORKS:
        kinds = ", ".join(sorted(recurrent)) or "recurrence"
        raise InputError(
            f"model family '{config.model_type}' has layers of {kinds}, whose state cannot be "
            "shared between answers with exact gradients; of such decoders Earmark trains "
            f"{', '.join(sorted(FORKS))}"
        )


def _decoder_config(network: Any) -> Any:
    """Return the configuration of what writes, or the whole one where none is the writer's."""
    try:
        return network.config.get_text_config(decoder=True)
    except ValueError:
        return network.config


def unlay(rows: SharedRows) -> list[Answers]:
    """Take shared rows apart again into prompts and candidates."""
    width = rows.input_ids.shape[1]
    # `read_from` counts along the rows laid end to end.
    row_of, owner = (rows.read_from // width).tolist(), rows.owner.tolist()
    candidates: list[dict[int, list[int]]] = [{} for _ in rows.input_ids]
    for row, candidate, token in zip(row_of, owner, rows.targets.tolist(), strict=True):
        candidates[row].setdefault(candidate, []).append(token)
    return [
        Answers(ids[segments == PROMPT].tolist(), list(own.values()))
        for ids, segments, own in zip(rows.input_ids, rows.segments, candidates, strict=True)
    ]
