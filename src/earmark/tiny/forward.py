"""Run the tiny model's parts one after the other, so that training can stop half-way.

What `Qwen2AudioForConditionalGeneration` does in one call is done here in three: hear (tower
and projector), fill (audio takes the place of its placeholders), write (language model and
head, at answer positions only). A test holds it against the class's own forward.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor
from transformers import Qwen2AudioForConditionalGeneration


class Heard(NamedTuple):
    """Projected audio, padded to the longest clip of the batch, and how much of it is real."""

    embeds: Float[Tensor, "clip audio_token hidden"]
    tokens: Int[Tensor, " clip"]


class Written(NamedTuple):
    """Logits at every answer position of a batch, row after row, and the tokens owed there."""

    logits: Float[Tensor, "answer_token vocabulary"]
    targets: Int[Tensor, " answer_token"]


def hear(
    model: Qwen2AudioForConditionalGeneration,
    mel: Float[Tensor, "clip mel frame"],
    frames: Int[Tensor, " clip"],
) -> Heard:
    """Run tower and projector on log-mel features; `frames` counts those that hold audio.

    The class runs its tower over the whole 3 s whatever was said. No state sees padding, so
    what lies beyond the longest clip of the batch is cut off here before it costs anything.
    """
    tower = model.model.audio_tower
    states, tokens = tower._get_feat_extract_output_lengths(frames)
    width = int(states.max())
    wave = F.gelu(tower.conv1(mel[..., : 2 * width + 2]))
    hidden = F.gelu(tower.conv2(wave))[..., :width].mT + tower.embed_positions.weight[:width]
    real = (torch.arange(width)[None] < states[:, None])[:, None, None]
    for layer in tower.layers:
        hidden = layer(hidden, real.expand(-1, 1, width, -1))
    pooled = tower.layer_norm(tower.avg_pooler(hidden.mT).mT)
    return Heard(model.model.multi_modal_projector(pooled[:, : int(tokens.max())]), tokens)


def write(
    model: Qwen2AudioForConditionalGeneration,
    heard: Heard,
    prompts: Sequence[Sequence[int]],
    answers: Sequence[Sequence[int]],
) -> Written:
    """Run the language model on `prompt, answer` rows and its head where the answer is owed.

    Each prompt holds one audio placeholder, which is repeated here to the clip's length.
    Rows are padded on the right, where a causal model never looks, so no mask is needed.
    """
    audio_id = model.config.audio_token_index
    rows = [
        [i for t in prompt for i in ([t] * int(n) if t == audio_id else [t])] + list(answer[:-1])
        for prompt, answer, n in zip(prompts, answers, heard.tokens, strict=True)
    ]
    ids = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.long)
    owed = torch.zeros_like(ids, dtype=torch.bool)
    for i, (row, answer) in enumerate(zip(rows, answers, strict=True)):
        ids[i, : len(row)] = torch.tensor(row)
        owed[i, len(row) - len(answer) : len(row)] = True
    real = torch.arange(heard.embeds.shape[1])[None] < heard.tokens[:, None]
    embeds = model.get_input_embeddings()(ids)
    embeds = embeds.masked_scatter((ids == audio_id)[..., None], heard.embeds[real])
    hidden = model.model.language_model(inputs_embeds=embeds, use_cache=False).last_hidden_state
    targets = torch.tensor([token for answer in answers for token in answer])
    return Written(model.lm_head(hidden[owed]), targets)
