"""Decoding as it is recorded: greedy, and nothing that a checkpoint brings along.

Checkpoints come with sampling, penalties, bans of tokens and of repeats, several answers or
other outputs in `generation_config.json`. None may touch a transcript, so the model is given a
configuration that knows its tokens and nothing else while it writes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from transformers import GenerationConfig

GREEDY: dict[str, Any] = {
    "do_sample": False,
    "num_beams": 1,
    "repetition_penalty": 1.0,
    "no_repeat_ngram_size": 0,
}
TOKENS = ("bos_token_id", "pad_token_id", "eos_token_id", "decoder_start_token_id")


def tokens_alone(own: GenerationConfig | None) -> GenerationConfig:
    """Return a configuration with the tokens of another one, and what the library does not know.

    What it does not know is read by code of the model's own.

    >>> own = GenerationConfig(eos_token_id=7, suppress_tokens=[3], min_new_tokens=2)
    >>> plain = tokens_alone(own)
    >>> plain.eos_token_id, plain.suppress_tokens, plain.min_new_tokens
    (7, None, None)
    """
    known = vars(GenerationConfig())
    found = vars(own) if own is not None else {}
    kept = {
        name: value
        for name, value in found.items()
        if name in TOKENS or not (name in known or name.startswith("_"))
    }
    return GenerationConfig(**kept)


@contextmanager
def decoding_plainly(network: Any) -> Iterator[None]:
    """Let a model write without its own decoding, and give it back afterwards."""
    own = network.generation_config
    network.generation_config = tokens_alone(own)
    try:
        yield
    finally:
        network.generation_config = own
