"""TRL's own trainers on a tiny random language model, and the same log-probabilities by hand."""

from typing import NamedTuple

import torch
from datasets import Dataset
from transformers import Qwen2Config, Qwen2ForCausalLM

from earmark.tiny.model import train_tokenizer
from tiny_world import TEXTS

# Answers of unequal lengths, so that a sum and a mean over tokens cannot be taken for each other.
UNEVEN = [
    {"prompt": "Write it down.", "chosen": "我 想 去 library", "rejected": "我 想"},
    {"prompt": "we should share", "chosen": "the shop", "rejected": "the 会 议 at the library"},
    {"prompt": "Write it", "chosen": "down", "rejected": "大"},
    {"prompt": "the shop", "chosen": "我 今 天 想 去", "rejected": "share it down"},
]
# Prompts of one token and chosen answers of equal lengths: see the departures of cpo and orpo.
EVEN = [
    {"prompt": "大", "chosen": "我 想 去", "rejected": "我 想 去 那 个"},
    {"prompt": "我", "chosen": "今 天 想", "rejected": "大"},
    {"prompt": "去", "chosen": "那 个 大", "rejected": "我 想"},
]


class Sums(NamedTuple):
    """Summed log-probabilities of answers, and their numbers of tokens."""

    logps: torch.Tensor
    tokens: torch.Tensor


def tokenizer():
    return train_tokenizer(TEXTS)


def tiny_language_model(vocabulary, seed):
    torch.manual_seed(seed)
    config = Qwen2Config(
        vocab_size=vocabulary,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        initializer_range=0.3,
    )
    return Qwen2ForCausalLM(config).eval()


def trl_trainer(trainer, config, folder, words, rows, options, **models):
    """Build one of TRL's trainers, with one batch that holds all rows."""
    arguments = config(
        output_dir=str(folder),
        per_device_train_batch_size=len(rows),
        report_to=[],
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        remove_unused_columns=False,
        **options,
    )
    return trainer(
        args=arguments, train_dataset=Dataset.from_list(rows), processing_class=words, **models
    )


def answer_sums(model, ids, attention, answer):
    """Sum the log-probabilities of the tokens where `answer` is not 0."""
    logits = model(input_ids=ids, attention_mask=attention).logits
    logps = logits[:, :-1].log_softmax(-1).gather(2, ids[:, 1:, None])[..., 0]
    answer = (answer[:, 1:] != 0).to(logps)
    return Sums((logps * answer).sum(1), answer.sum(1))


def pairs(model, batch):
    """Return the sums of a DPOTrainer's batch, chosen first."""
    sums = answer_sums(model, batch["input_ids"], batch["attention_mask"], batch["completion_mask"])
    chosen, rejected = zip(*(part.chunk(2) for part in sums), strict=True)
    return Sums(*chosen), Sums(*rejected)


def labelled_pairs(model, batch):
    """Return the sums of a CPOTrainer's or ORPOTrainer's batch, which come apart."""
    return tuple(
        answer_sums(
            model,
            batch[f"{side}_input_ids"],
            batch[f"{side}_attention_mask"],
            batch[f"{side}_labels"] != -100,
        )
        for side in ("chosen", "rejected")
    )


def supplied(chosen, rejected, ref_chosen=None, ref_rejected=None):
    """Name what objectives take."""
    found = {
        "chosen": chosen.logps,
        "rejected": rejected.logps,
        "chosen_tokens": chosen.tokens,
        "rejected_tokens": rejected.tokens,
    }
    if ref_chosen is not None:
        found |= {"ref_chosen": ref_chosen.logps, "ref_rejected": ref_rejected.logps}
    return found


def gradients(loss, model):
    found = torch.autograd.grad(
        loss, list(model.parameters()), allow_unused=True, retain_graph=True
    )
    return [g for g in found if g is not None]


def assert_same(ours, theirs, model):
    """Compare two losses and their gradients in every parameter of the policy."""
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    wanted = gradients(theirs, model)
    assert max(float(g.abs().max()) for g in wanted) > 1e-3, "a flat loss would prove nothing"
    for found, expected in zip(gradients(ours, model), wanted, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5)
