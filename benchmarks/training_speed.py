"""How much the shared row saves: a training step, plain and shared, interleaved in one process.

A random Qwen2-Audio of the real class: tower 4 x 256, language model 8 x 512, 375 audio tokens
(15 s), answers of 24 tokens, LoRA of rank 16, float32, one thread. Five ways to take one step,
forward and backward, on the same weights and the same pair:

  plain, live reference    one row per answer, each with its own audio tower pass and logits at
                           every position; the reference is a second forward pass
  plain, cached reference  the same without the second forward pass
  plain, cached, compact head  the same with logits at answer positions only
  shared                   one row, tower once, head on answer tokens, cached reference
  shared, cached tower     the same with the tower's output from the cache

Losses and gradients of all are compared before anything is timed. CPU seconds of the
process, median of the repeats. The last line is one JSON object with the ratios.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor
from transformers import (
    Qwen2AudioConfig,
    Qwen2AudioEncoderConfig,
    Qwen2AudioForConditionalGeneration,
    Qwen2AudioProcessor,
    Qwen2Config,
    WhisperFeatureExtractor,
)

from earmark.objectives.dpo import dpo
from earmark.policies.adapt import add_lora, disable_dropout, freeze_hearing
from earmark.policies.policy import Messages, SharedBatch
from earmark.policies.qwen2_audio import Qwen2AudioPolicy
from earmark.policies.shared_row import Answers, answer_logps, lay_out
from earmark.policies.tiny import CHAT_TEMPLATE, train_tokenizer
from earmark.progress import track

WORDS = [f"word{i}" for i in range(400)]
SECONDS, ANSWER_TOKENS, VOCABULARY = 15, 24, 32_000
PROMPT: Messages = [
    {
        "role": "user",
        "content": [{"type": "audio", "audio": "x"}, {"type": "text", "text": "word1 word2 word3"}],
    }
]


def build() -> Qwen2AudioPolicy:
    """Build the random model with a LoRA whose effect is not zero."""
    torch.manual_seed(0)
    tokenizer = train_tokenizer([" ".join(WORDS)])
    features = WhisperFeatureExtractor(feature_size=64, chunk_length=SECONDS, hop_length=160)
    processor = Qwen2AudioProcessor(
        feature_extractor=features, tokenizer=tokenizer, chat_template=CHAT_TEMPLATE
    )
    config = Qwen2AudioConfig(
        audio_config=Qwen2AudioEncoderConfig(
            num_mel_bins=64,
            d_model=256,
            encoder_layers=4,
            encoder_attention_heads=4,
            encoder_ffn_dim=1024,
            max_source_positions=SECONDS * 50,
        ),
        text_config=Qwen2Config(
            vocab_size=VOCABULARY,
            hidden_size=512,
            intermediate_size=1408,
            num_hidden_layers=8,
            num_attention_heads=8,
            num_key_value_heads=8,
        ),
        audio_token_index=tokenizer.convert_tokens_to_ids("<|AUDIO|>"),
    )
    network = Qwen2AudioForConditionalGeneration(config)
    network.set_attn_implementation("sdpa")
    policy = Qwen2AudioPolicy(network, processor)
    disable_dropout(network)
    freeze_hearing(policy)
    add_lora(policy, rank=16, alpha=32)
    for name, parameter in policy.model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.02)
    return policy


class Steps:
    """The ways to take a step on one pair with several rejected answers."""

    def __init__(self, policy: Qwen2AudioPolicy, losers: int) -> None:
        rng = np.random.default_rng(losers)
        self.policy, self.losers = policy, losers
        self.clip = rng.normal(0, 0.1, 16_000 * SECONDS).astype(np.float32)
        self.answers = [" ".join(rng.choice(WORDS, ANSWER_TOKENS - 1)) for _ in range(losers + 1)]
        self.ids = [policy.answer_ids(PROMPT, answer) for answer in self.answers]
        self.mel = policy.features(self.clip)
        with torch.no_grad():
            self.states = policy.encode(self.mel)
            with policy.model.disable_adapter():
                self.reference = self._plain_logps()
        self.prompt = policy.prompt_ids(PROMPT, [len(self.states)])
        self.rows = lay_out([Answers(self.prompt, self.ids)], policy.pad_id)

    def _plain_logps(self, compact: bool = False) -> Tensor:
        """Run one padded row per answer through the library's own forward pass."""
        ids = [self.prompt_ids + answer for answer in self.ids]
        width = max(map(len, ids))
        pad = self.policy.pad_id
        batch = torch.tensor([row + [pad] * (width - len(row)) for row in ids])
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in ids])
        mel = {
            name: values.expand(len(ids), *values.shape[1:]) for name, values in self.mel.items()
        }
        inputs = dict(input_ids=batch, attention_mask=mask, use_cache=False, **mel)
        start = len(self.prompt_ids)
        if compact:
            hidden = self.policy.parts(**inputs).last_hidden_state[:, start - 1 : -1]
            logits = self.policy.head(hidden.flatten(0, 1)).unflatten(0, hidden.shape[:2])
            start = 1
        else:
            logits = self.policy.model(**inputs).logits
        return torch.stack(
            [
                answer_logps(
                    logits[i, start - 1 : start - 1 + len(answer)], torch.tensor(answer)
                ).sum()
                for i, answer in enumerate(self.ids)
            ]
        )

    @property
    def prompt_ids(self) -> list[int]:
        return self.policy.prompt_ids(PROMPT, [len(self.states)])

    def _loss(self, logps: Tensor, reference: Tensor) -> Tensor:
        chosen, rejected = logps[:1].expand(self.losers), logps[1:]
        return dpo(
            chosen, rejected, reference[:1].expand(self.losers), reference[1:]
        ).per_pair.mean()

    def plain_live(self) -> Tensor:
        logps = self._plain_logps()
        with torch.no_grad(), self.policy.model.disable_adapter():
            reference = self._plain_logps()
        return self._loss(logps, reference)

    def plain_cached(self) -> Tensor:
        return self._loss(self._plain_logps(), self.reference)

    def plain_compact(self) -> Tensor:
        return self._loss(self._plain_logps(compact=True), self.reference)

    def shared(self) -> Tensor:
        with torch.no_grad():
            states = self.policy.encode(self.mel)
        return self._loss(
            self.policy.model(shared=SharedBatch(self.rows, [states])), self.reference
        )

    def shared_cached(self) -> Tensor:
        batch = SharedBatch(self.rows, [self.states])
        return self._loss(self.policy.model(shared=batch), self.reference)

    def ways(self) -> dict[str, Callable[[], Tensor]]:
        return {
            "plain, live reference": self.plain_live,
            "plain, cached reference": self.plain_cached,
            "plain, cached, compact head": self.plain_compact,
            "shared": self.shared,
            "shared, cached tower": self.shared_cached,
        }


def gradient(policy: Qwen2AudioPolicy, way: Callable[[], Tensor]) -> tuple[float, Tensor]:
    policy.model.zero_grad()
    loss = way()
    loss.backward()
    parts = [p.grad.flatten() for p in policy.model.parameters() if p.grad is not None]
    return float(loss.detach()), torch.cat(parts)


def compare(steps: Steps) -> float:
    """Return the largest relative gradient difference to the plain way; refuse if it is real."""
    results = [gradient(steps.policy, way) for way in steps.ways().values()]
    loss, expected = results[0]
    worst = max(float((found - expected).norm() / expected.norm()) for _, found in results)
    assert all(abs(other - loss) < 1e-5 for other, _ in results), [x for x, _ in results]
    assert worst < 1e-4, worst
    return worst


def measure(steps: Steps, repeats: int) -> dict[str, float]:
    """Return the median CPU seconds of each way, interleaved."""
    times: dict[str, list[float]] = {name: [] for name in steps.ways()}
    for _ in track(range(repeats), f"{steps.losers} rejected", total=repeats):
        for name, way in steps.ways().items():
            start = time.process_time()
            gradient(steps.policy, way)
            times[name].append(time.process_time() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    policy = build()
    ratios: dict[str, dict[str, float]] = {}
    for losers in (1, 3):
        steps = Steps(policy, losers)
        worst = compare(steps)
        medians = measure(steps, repeats)
        slowest = medians["plain, live reference"]
        table = Table(title=f"{losers} rejected, {len(steps.states)} audio tokens")
        for column in ("step", "CPU s", "pairs / CPU s", "times the first"):
            table.add_column(column, justify="left" if column == "step" else "right")
        for name, seconds in medians.items():
            cells = (f"{seconds:.2f}", f"{losers / seconds:.2f}", f"{slowest / seconds:.2f}")
            table.add_row(name, *cells)
        Console().print(table)
        print(f"largest relative gradient difference to the plain step: {worst:.1e}")
        ratios[f"{losers} rejected"] = {k: round(slowest / v, 2) for k, v in medians.items()}
    print(json.dumps({"ratios": ratios}))


if __name__ == "__main__":
    main()
