"""A small byte-level tokenizer with the special tokens of a family, made on the spot."""

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

TEXTS = [
    "我 今 天 想 去 那 个 大 的 library",
    "we should share the 会 议 at the shop",
    "Write it down.",
]


def local_tokenizer(special: list[str], **roles: str) -> PreTrainedTokenizerFast:
    """Train a tokenizer; `roles` says which special token is `pad_token`, `eos_token`, ..."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        vocab_size=400,
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        extra_special_tokens=[token for token in special if token not in roles.values()],
        **roles,
    )
