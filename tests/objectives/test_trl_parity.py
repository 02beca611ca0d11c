"""DPO gives the loss and the gradients of TRL's own trainer on the same batch."""

import pytest
import torch
from datasets import Dataset
from transformers import Qwen2Config, Qwen2ForCausalLM
from trl import DPOConfig, DPOTrainer

from earmark.objectives.dpo import dpo
from earmark.policies.tiny import train_tokenizer
from tiny_world import TEXTS

ROWS = [
    {"prompt": "Write it down.", "chosen": "我 想 去 library", "rejected": "我 想"},
    {"prompt": "we should share", "chosen": "the shop", "rejected": "the 会 议 at the library"},
    {"prompt": "Write it", "chosen": "down", "rejected": "大"},
]


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
    return Qwen2ForCausalLM(config)


def summed_logps(model, batch):
    logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    logps = logits[:, :-1].log_softmax(-1)
    tokens = logps.gather(2, batch["input_ids"][:, 1:, None])[..., 0]
    return (tokens * batch["completion_mask"][:, 1:]).sum(1).chunk(2)


@pytest.mark.filterwarnings("ignore")
def test_loss_and_gradients_are_trls(tmp_path):
    tokenizer = train_tokenizer(TEXTS)
    policy, reference = (tiny_language_model(len(tokenizer), seed) for seed in (1, 2))
    trainer = DPOTrainer(
        model=policy,
        ref_model=reference,
        args=DPOConfig(
            output_dir=str(tmp_path),
            beta=0.3,
            per_device_train_batch_size=len(ROWS),
            report_to=[],
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
        ),
        train_dataset=Dataset.from_list(ROWS),
        processing_class=tokenizer,
    )
    batch = next(iter(trainer.get_train_dataloader()))
    theirs = trainer.compute_loss(policy, dict(batch))
    their_gradients = torch.autograd.grad(theirs, list(policy.parameters()), allow_unused=True)

    with torch.no_grad():
        ref_chosen, ref_rejected = summed_logps(trainer.ref_model, batch)
    chosen, rejected = summed_logps(policy, batch)
    ours = dpo(chosen, rejected, ref_chosen, ref_rejected, beta=0.3).per_pair.mean()
    our_gradients = torch.autograd.grad(ours, list(policy.parameters()), allow_unused=True)

    assert abs(float(ours) - 0.6931) > 0.01, "policy and reference must differ for this to prove"
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    for found, wanted in zip(our_gradients, their_gradients, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-6)
