"""Join a Whisper encoder and a causal language model into one model of Qwen2-Audio's class.

`Qwen2AudioForConditionalGeneration` fits: its tower is Whisper's encoder layer by layer, with a
pooling of two states before the last norm; its projector is one linear layer; its language model
is any class of `AutoModel`, so Llama (SmolLM2) and Gemma 3 as well as Qwen2. The family that
Earmark has for it therefore loads the result without a line of its own, and so does transformers.
The classes that hold a Whisper encoder otherwise want another text half (Voxtral: Ministral;
Audio Flamingo 3 and GLM-ASR: encoders with other windows, poolings or positions).

The projector is drawn at random, so the model hears nothing yet: see `tiny/listen.py`.
"""

import math
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor, nn
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    Qwen2AudioConfig,
    Qwen2AudioEncoderConfig,
    Qwen2AudioForConditionalGeneration,
    Qwen2AudioProcessor,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
)

from earmark.errors import InputError
from earmark.policies.checkpoint.library_errors import one_message
from earmark.policies.checkpoint.stored_tensors import stored_tensors
from earmark.policies.checkpoint.weight_files import weight_files
from earmark.policies.checks.complete import bare_network
from earmark.policies.families.choose import TEXT, family_of
from earmark.policies.load import checked_folder
from earmark.policies.rows.forked_cache import refuse_recurrent
from earmark.tiny.model import AUDIO, AUDIO_BOS, AUDIO_EOS

# instruction <audio> transcript <end>; the audio comes last, wherever it was written, so that the
# answer begins beside it and after a token that no tokenizer joins with its first word.
CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{%- if message['content'] is string -%}{{- message['content'] -}}"
    "{%- else -%}"
    "{%- for part in message['content'] if part['type'] == 'text' -%}"
    "{{- part['text'] -}}"
    "{%- endfor -%}"
    "{%- for part in message['content'] if part['type'] == 'audio' -%}"
    + AUDIO_BOS
    + AUDIO
    + AUDIO_EOS
    + "{%- endfor -%}"
    "{%- endif -%}"
    "{%- if message['role'] == 'assistant' -%}END_OF_ANSWER{%- endif -%}"
    "{%- endfor -%}"
)
TAKEN = {"full_attention", "sliding_attention"}
PROBE = "Good morning. 早上好"
# Rounding of a few layers in float32; another scale or cap of logits is far beyond it.
LARGEST_DIFFERENCE = 1e-3
LONGEST_ANSWER_TOKENS = 200


class Joined(NamedTuple):
    """A model of Qwen2-Audio's class with its processor."""

    model: Qwen2AudioForConditionalGeneration
    processor: Qwen2AudioProcessor


def join(whisper: str, language_model: str, *, seed: int) -> Joined:
    """Return a model with the weights of both halves and a projector drawn by `seed`.

    Args:
        whisper: folder or hub id of a Whisper checkpoint, multilingual for Mandarin.
        language_model: folder or hub id of a causal language model.
        seed: draws the projector.

    Raises:
        InputError: one of them is not whole or of another class, or the language model does not
            compute the same inside of the joined model.
    """
    encoder, extractor = read_encoder(whisper)
    writer, tokenizer = read_language_model(language_model)
    add_audio_tokens(writer, tokenizer)
    config = joined_config(encoder.config, writer.config, tokenizer)
    with torch.device("meta"):
        model = Qwen2AudioForConditionalGeneration(config)
    parts: Any = model.model
    parts.audio_tower.load_state_dict(encoder.state_dict(), assign=True)
    parts.language_model = writer.base_model
    model.lm_head.weight = nn.Parameter(writer.get_output_embeddings().weight.detach().clone())
    parts.multi_modal_projector.linear = random_projector(model, seed)
    parts.audio_tower.embed_positions.requires_grad_(False)
    check_same_logits(model, writer, tokenizer, language_model)
    model.generation_config = GenerationConfig(
        do_sample=False,
        max_new_tokens=LONGEST_ANSWER_TOKENS,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    template = CHAT_TEMPLATE.replace("END_OF_ANSWER", tokenizer.eos_token)
    processor = Qwen2AudioProcessor(extractor, tokenizer, chat_template=template)
    return Joined(model.eval(), processor)


def read_encoder(whisper: str) -> tuple[Any, WhisperFeatureExtractor]:
    """Return Whisper's encoder in float32 and its feature extractor.

    Raises:
        InputError: the folder is not whole, or another model.
    """
    with one_message(whisper, "loaded as a Whisper model"):
        config = checked_config(whisper)
        if config.model_type != "whisper":
            raise InputError(
                f"{whisper}: expected a Whisper checkpoint, whose encoder is the model's ear; "
                f"found model_type '{config.model_type}'"
            )
        model = WhisperForConditionalGeneration.from_pretrained(
            whisper, dtype=torch.float32, use_safetensors=True
        )
        return model.model.encoder, WhisperFeatureExtractor.from_pretrained(whisper)


def read_language_model(path: str) -> tuple[Any, Any]:
    """Return a causal language model in float32 and its tokenizer, which has an end of text.

    Raises:
        InputError: the folder is not whole, is no causal language model, or has layers that the
            joined model could not run.
    """
    with one_message(path, "loaded as a causal language model"):
        config = checked_config(path)
        if family_of(config, path) is not TEXT:
            raise InputError(
                f"{path}: expected a causal language model of text alone, found model_type "
                f"'{config.model_type}'"
            )
        tokenizer = AutoTokenizer.from_pretrained(path)
        model = AutoModelForCausalLM.from_pretrained(
            path, dtype=torch.float32, use_safetensors=True
        )
    refuse_recurrent(model)
    others = {*(getattr(config, "layer_types", None) or [])} - TAKEN
    if others:
        raise InputError(
            f"{path}: layers of {', '.join(sorted(others))} cannot read several answers in one "
            "row; take a model of full or sliding attention, such as SmolLM2 or Gemma 3"
        )
    if tokenizer.eos_token is None:
        raise InputError(f"{path}: its tokenizer has no end of text, so no answer could end")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model.eval(), tokenizer


def checked_config(path: str) -> Any:
    """Return a model's configuration after all its tensors were found to be there, unloaded.

    Raises:
        InputError: it is not a whole, safe model folder.
    """
    folder = checked_folder(path)
    config = AutoConfig.from_pretrained(path)
    loader = (
        "WhisperForConditionalGeneration"
        if config.model_type == "whisper"
        else "AutoModelForCausalLM"
    )
    tensors = [tensor for _, tensor in stored_tensors(weight_files(folder)).values()]
    bare_network(loader, path, config, tensors, {})
    return config


@torch.no_grad()
def add_audio_tokens(writer: Any, tokenizer: Any) -> None:
    """Give tokenizer and language model the placeholders of audio, as the mean of all tokens.

    None of them is ever written: the first is replaced by audio, the others are written around it.
    """
    known = tokenizer.get_vocab()
    new = [token for token in (AUDIO, AUDIO_BOS, AUDIO_EOS) if token not in known]
    tokenizer.add_special_tokens({"additional_special_tokens": new})
    rows = writer.get_input_embeddings().weight.shape[0]
    ids = tokenizer.convert_tokens_to_ids(new)
    if ids and max(ids) >= rows:
        writer.resize_token_embeddings(max(ids) + 1, mean_resizing=False)
    for part in (writer.get_input_embeddings(), writer.get_output_embeddings()):
        if ids:
            part.weight[ids] = part.weight[:rows].mean(dim=0)


def joined_config(whisper: Any, text: Any, tokenizer: Any) -> Qwen2AudioConfig:
    """Return the configuration of both halves together.

    Where layers see a sliding window, rows are held below its length, in which they see all: the
    model then says that it was made for so many positions, and longer rows are refused.
    """
    audio = Qwen2AudioEncoderConfig(
        num_mel_bins=whisper.num_mel_bins,
        d_model=whisper.d_model,
        encoder_layers=whisper.encoder_layers,
        encoder_attention_heads=whisper.encoder_attention_heads,
        encoder_ffn_dim=whisper.encoder_ffn_dim,
        activation_function=whisper.activation_function,
        scale_embedding=whisper.scale_embedding,
        max_source_positions=whisper.max_source_positions,
    )
    # What belongs to the folder it came from is left out.
    kept = {name: value for name, value in text.to_dict().items() if "name_or_path" not in name}
    text = type(text).from_dict(kept)
    text.tie_word_embeddings = False
    if "sliding_attention" in (getattr(text, "layer_types", None) or []):
        text.max_position_embeddings = min(text.max_position_embeddings, text.sliding_window)
    own: dict[str, Any] = {"tie_word_embeddings": False}
    return Qwen2AudioConfig(
        audio_config=audio,
        text_config=text,
        audio_token_index=tokenizer.convert_tokens_to_ids(AUDIO),
        **own,
    )


def random_projector(model: Any, seed: int) -> nn.Linear:
    """Draw a projector whose output has the mean and the spread of the token embeddings.

    States come out of a layer norm of scale γ and shift β, so the sum of their squares is about
    Σ γ² + β², and weights of variance v make outputs of variance v · Σ (γ² + β²).
    """
    norm, space = model.model.audio_tower.layer_norm, token_space(model)
    squares = float((norm.weight.square() + norm.bias.square()).sum().detach())
    linear = nn.Linear(len(norm.weight), len(space.mean))
    generator = Generator().manual_seed(seed)
    with torch.no_grad():
        linear.weight.normal_(std=space.spread / math.sqrt(squares), generator=generator)
        linear.bias.copy_(space.mean)
    return linear


class TokenSpace(NamedTuple):
    """Where the language model's tokens lie: as they enter it, their mean, their spread.

    `spread` is the root of the mean square of what is left of a coordinate without the mean.
    """

    embeddings: Tensor
    mean: Tensor
    spread: float


@torch.no_grad()
def token_space(model: Any) -> TokenSpace:
    """Return the token embeddings as they enter the language model, scaled where it scales them."""
    layer = model.get_input_embeddings()
    ids = torch.arange(layer.weight.shape[0], device=layer.weight.device)
    embeddings = layer(ids).float()
    mean = embeddings.mean(dim=0)
    return TokenSpace(embeddings, mean, float((embeddings - mean).square().mean().sqrt()))


@torch.no_grad()
def check_same_logits(model: Any, writer: Any, tokenizer: Any, path: str) -> None:
    """Hold the joined model's logits of a text against the language model's own.

    Raises:
        InputError: they differ, since the language model scales or caps its logits, which the
            class of the joined model does not.
    """
    ids = torch.tensor([tokenizer(PROBE)["input_ids"]])
    own = writer(input_ids=ids).logits
    found = model(input_ids=ids).logits
    worst = float((own - found).abs().max())
    if not worst <= LARGEST_DIFFERENCE:
        raise InputError(
            f"{path}: inside of Qwen2-Audio's class its logits differ by {worst:.3g} from its own, "
            "since that class neither scales nor caps logits; take another language model"
        )
