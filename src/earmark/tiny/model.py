"""Build the tiny Audio LLM: transformers' own Qwen2-Audio class, small enough for two CPU cores.

Architecture, processor files and chat template are those of any Hugging Face audio model, so
whatever works on it works on a large one: only the widths differ. Left out on purpose: the
system prompt and the turn markers of the 7B model, which would only lengthen every row.
"""

import math
from collections.abc import Iterable

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor
from transformers import (
    PreTrainedTokenizerFast,
    Qwen2AudioConfig,
    Qwen2AudioEncoderConfig,
    Qwen2AudioForConditionalGeneration,
    Qwen2AudioProcessor,
    Qwen2Config,
    WhisperFeatureExtractor,
)

SAMPLE_RATE_HZ = 16000
CLIP_S = 3
HOP_SAMPLES = 320
MEL_BINS = 64
MEL_FRAMES = CLIP_S * SAMPLE_RATE_HZ // HOP_SAMPLES
# At the usual 0.02 the positions drown the audio, and the encoder stays on its first plateau.
INITIALIZER_RANGE = 0.07
POSITION_SCALE = 0.3
LONGEST_ANSWER_TOKENS = 48

AUDIO, AUDIO_BOS, AUDIO_EOS = "<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>"
ANSWER, END, PAD = "<|answer|>", "<|endoftext|>", "<|pad|>"

# <audio> prompt <|answer|> transcript <|endoftext|>; audio comes first, wherever it was written.
CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'assistant' -%}" + ANSWER + "{%- endif -%}"
    "{%- if message['content'] is string -%}{{- message['content'] -}}"
    "{%- else -%}"
    "{%- for part in message['content'] if part['type'] == 'audio' -%}"
    + AUDIO_BOS
    + AUDIO
    + AUDIO_EOS
    + "{%- endfor -%}"
    "{%- for part in message['content'] if part['type'] == 'text' -%}"
    "{{- part['text'] -}}"
    "{%- endfor -%}"
    "{%- endif -%}"
    "{%- if message['role'] == 'assistant' -%}" + END + "{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}" + ANSWER + "{%- endif -%}"
)


def train_tokenizer(texts: Iterable[str]) -> PreTrainedTokenizerFast:
    """Train a byte-level BPE in which every word and Han character of `texts` is one token.

    A piece is learnt with a blank before it and without one. Any other text is spelled
    in bytes, so nothing is ever unknown.
    """
    splitter = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r" ?\p{Han}"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    spans = ((text, span) for text in texts for _, span in splitter.pre_tokenize_str(text))
    pieces = {text[start:end].strip() for text, (start, end) in spans}
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = splitter
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        special_tokens=[PAD, END, AUDIO, AUDIO_BOS, AUDIO_EOS, ANSWER],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(sorted(pieces | {f" {piece}" for piece in pieces}), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        extra_special_tokens=[AUDIO, AUDIO_BOS, AUDIO_EOS, ANSWER],
        padding_side="right",
    )


def build_processor(texts: Iterable[str]) -> Qwen2AudioProcessor:
    """Make the processor: log-mel features of 3-second clips, and a tokenizer for `texts`."""
    features = WhisperFeatureExtractor(
        feature_size=MEL_BINS,
        sampling_rate=SAMPLE_RATE_HZ,
        hop_length=HOP_SAMPLES,
        chunk_length=CLIP_S,
    )
    return Qwen2AudioProcessor(
        feature_extractor=features,
        tokenizer=train_tokenizer(texts),
        chat_template=CHAT_TEMPLATE,
    )


def tiny_config(tokenizer: PreTrainedTokenizerFast) -> Qwen2AudioConfig:
    """Return the configuration: three audio layers of width 144, three language layers of 192."""
    audio = Qwen2AudioEncoderConfig(
        num_mel_bins=MEL_BINS,
        d_model=144,
        encoder_layers=3,
        encoder_attention_heads=4,
        encoder_ffn_dim=576,
        max_source_positions=MEL_FRAMES // 2,
        initializer_range=INITIALIZER_RANGE,
    )
    text = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=192,
        intermediate_size=512,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=256,
        initializer_range=INITIALIZER_RANGE,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
        tie_word_embeddings=False,
    )
    return Qwen2AudioConfig(
        audio_config=audio,
        text_config=text,
        audio_token_index=tokenizer.get_vocab()[AUDIO],
    )


def sinusoids(positions: int, width: int) -> Tensor:
    """Return sinusoidal positions, shape (positions, width): sines, then cosines."""
    rates = torch.exp(-math.log(10000) * torch.arange(width // 2) / (width // 2 - 1))
    angles = torch.arange(positions)[:, None] * rates[None, :]
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def build_tiny(
    texts: Iterable[str], *, seed: int
) -> tuple[Qwen2AudioForConditionalGeneration, Qwen2AudioProcessor]:
    """Build an untrained tiny model and its processor; every word of `texts` is one token.

    The class freezes the audio tower's positions and leaves them random unless a
    checkpoint is loaded, so they are filled here.
    """
    processor = build_processor(texts)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Qwen2AudioForConditionalGeneration(tiny_config(processor.tokenizer))
    positions = model.model.audio_tower.embed_positions.weight
    positions.copy_(POSITION_SCALE * sinusoids(*positions.shape))
    greedy = model.generation_config
    greedy.do_sample = False
    greedy.max_new_tokens = LONGEST_ANSWER_TOKENS
    greedy.pad_token_id = processor.tokenizer.pad_token_id
    greedy.eos_token_id = processor.tokenizer.eos_token_id
    return model, processor
