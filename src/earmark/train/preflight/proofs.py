"""Prove, before training, that the fast step is right and that the audio is heard.

Other trainers have been seen to train an audio model on text alone, without a warning. Here the
first rows are compared with the plain computation, the tower's calls are counted, and two
clips are swapped: what does not change anything is not heard.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from earmark.errors import EarmarkError
from earmark.policies.audio import AudioPolicy
from earmark.policies.policy import Clip, Messages, Policy
from earmark.policies.rows.shared_row import answer_logps
from earmark.train.data.batch import Row, Rows, shared_batch
from earmark.train.data.examples import EncodedPair, EncodedPairs

# Largest accepted difference per answer token, in nats: rounding, well below any real mistake
# (positions that do not restart move a sum of 24 tokens by 0.01 nat and more in float32).
# In nats: for each token of an answer, and for the answer as a whole. A logit of 25 is rounded by
# up to 0.06 in bfloat16, which the mean over a short answer's tokens does not even out.
PER_TOKEN = {torch.float32: 1e-4, torch.bfloat16: 0.05, torch.float16: 0.02}
PER_ANSWER = {torch.float32: 0.0, torch.bfloat16: 0.25, torch.float16: 0.05}

# So many pairs are searched for another clip to swap in.
LOOKED_AT = 100

# What other audio must move a summed log-probability by, at least, in nats.
SMALLEST_MOVE = 1e-3


class CheckError(EarmarkError):
    """A proof before training failed; training would have been silently wrong."""


@torch.no_grad()
def check_first_rows(policy: Policy, pairs: Sequence[EncodedPair], rows: Sequence[Row]) -> float:
    """Compare the shared rows with the plain forward pass of the same policy.

    Returns the largest difference found, in nats per answer token.

    Raises:
        CheckError: they differ by more than rounding, or the tower never ran.
    """
    with counted_calls(policy) as calls:
        plain = [
            plain_logps(policy, side.messages, [clip.read() for clip in side.clips], side.answers)
            for pair in pairs
            for side in pair.sides
        ]
    if policy.hears and not calls:
        raise CheckError(
            "no clip reached the audio tower in the model's own forward pass: it would be trained "
            "on text alone. The processor or the chat template of this model drops the audio"
        )
    batch = shared_batch(rows, policy.pad_id).to(policy.device)
    shared = policy.model(shared=batch)
    return compare(shared, torch.cat(plain), batch.rows.lengths, policy.network.dtype)


def plain_logps(
    policy: Policy, messages: Messages, clips: Sequence[Clip], answers: Sequence[str]
) -> Float[Tensor, " candidate"]:
    """Return the summed log-probability of each answer, in nats, one forward pass each.

    Slow, and the measure of what is right: the shared row is compared with it.
    """
    prompt, tokens = policy.plain_inputs(messages, clips), policy.tokens_input
    start = prompt[tokens].shape[1]
    sums = []
    for answer in answers:
        ids = torch.tensor([policy.answer_ids(messages, answer)], device=policy.device)
        inputs = dict(prompt)
        inputs[tokens] = torch.cat([prompt[tokens], ids], dim=1)
        if "attention_mask" in prompt:
            inputs["attention_mask"] = torch.ones_like(inputs[tokens])
        # [token, vocabulary]: each place predicts the next token, the prompt's last one the first.
        logits = policy.model(**inputs, use_cache=False).logits[0, start - 1 : -1]
        sums.append(answer_logps(logits, ids[0]).sum())
    return torch.stack(sums)


def compare(shared: Tensor, plain: Tensor, lengths: Tensor, dtype: torch.dtype) -> float:
    """Return the largest difference per token of two lists of summed log-probabilities.

    Raises:
        CheckError: the difference is more than rounding in this number type.
    """
    found = (shared - plain).abs()
    worst = float((found / lengths).max())
    if not is_rounding(found, lengths, dtype):
        raise CheckError(
            f"the shared row differs from the plain forward pass by {worst:.2e} nat per token, "
            f"more than rounding to {dtype} explains. Training would be wrong, so it does "
            "not start. Please report the model and the version of transformers"
        )
    return worst


def is_rounding(found: Tensor, lengths: Tensor, dtype: torch.dtype) -> bool:
    """Return whether differences of summed log-probabilities are small enough to be rounding."""
    return bool((found <= PER_TOKEN[dtype] * lengths + PER_ANSWER[dtype]).all())


@torch.no_grad()
def check_audio_is_heard(policy: Policy, pairs: EncodedPairs) -> None:
    """Give a pair another pair's audio, or noise when there is no other: its answers must move.

    The other audio is brought to the length of its own, since a mere change of length would
    move the positions, and with them the log-probabilities, of a model that hears nothing. Of a
    pair whose sides have clips of their own, each must move.

    Raises:
        CheckError: the log-probabilities stay as they are.
    """
    pair = pairs[0]
    keys = {clip.key() for clip in pair.clips}
    others = (clip for i in range(min(len(pairs), LOOKED_AT)) for clip in pairs[i].clips)
    other = next((clip for clip in others if clip.key() not in keys), None)
    sound = other.read() if other else np.random.default_rng(0).normal(0, 0.1, 16_000)
    for side in pair.sides:
        own = [clip.read() for clip in side.clips]
        swapped = [np.resize(sound, len(clip)).astype(np.float32) for clip in own]
        before = plain_logps(policy, side.messages, own, side.answers)
        after = plain_logps(policy, side.messages, swapped, side.answers)
        if float((before - after).abs().max()) < SMALLEST_MOVE:
            raise CheckError(
                f"pair '{pair.id}': other audio leaves the log-probabilities as they were: the "
                "model does not hear. Check the processor, the chat template and the audio files"
            )


@torch.no_grad()
def check_sides_are_kept_apart(policy: Policy, pairs: EncodedPairs, rows: Rows) -> bool:
    """Swap the clips of a pair's two sides in the fast step: its log-probabilities must move.

    Else a side would be trained as an answer to the clip of the other. Returns whether there is a
    pair with two prompts, of those that are looked at, whose clips can be swapped.

    Raises:
        CheckError: the log-probabilities stay as they are.
    """
    for number in range(min(len(rows), LOOKED_AT)):
        if len(pairs[number].sides) < 2:
            continue
        row = rows[number]
        swapped = _swapped(row)
        if swapped is None:
            continue
        before, after = (
            policy.model(shared=shared_batch([each], policy.pad_id).to(policy.device))
            for each in (row, swapped)
        )
        if float((before - after).abs().max()) < SMALLEST_MOVE:
            raise CheckError(
                f"pair '{row.id}': its sides have different clips, but to swap them leaves the "
                "log-probabilities as they were, so that a side would be trained with the clip of "
                "the other. Please report the model and the version of transformers"
            )
        return True
    return False


def _swapped(row: Row) -> Row | None:
    """Return a row of two prompts with the prompts of its sides swapped, and their clips.

    None where the two have the same clips, or not as many.
    """
    half = len(row.audio) // 2
    keys = list(row.clip_keys)
    if not half or len(row.audio) % 2 or keys[:half] == keys[half:]:
        return None
    first, second = row.sides
    sides = [first._replace(prompt=second.prompt), second._replace(prompt=first.prompt)]
    return row._replace(sides=sides, audio=[*row.audio[half:], *row.audio[:half]])


def check_start(
    policy: Float[Tensor, "candidate token"],
    reference: Float[Tensor, "candidate token"],
    lengths: Int[Tensor, " candidate"],
    dtype: torch.dtype,
) -> None:
    """Check that every log-ratio is 0 at step 0, where the policy is its own reference.

    Args:
        policy: log-probabilities of the policy, in nats; one column of sums, or one a token.
        reference: the same of the reference.
        lengths: tokens of each candidate.
        dtype: what the policy computes in.

    Raises:
        CheckError: the reference does not belong to this policy, or the policy draws at random.
    """
    ratios = (policy.float().sum(1) - reference.float().sum(1)).abs()
    worst = float((ratios / lengths).max())
    if not is_rounding(ratios, lengths, dtype):
        raise CheckError(
            f"at the start, policy and reference differ by {worst:.2e} nat per token. Where the "
            "reference is cached, the cache belongs to other weights: remove the reference folder "
            "in cache_dir and run again. Where it is live, this model draws at random while it "
            "trains, so that no two passes agree; please report the model"
        )


@contextmanager
def counted_calls(policy: Policy) -> Iterator[list[str]]:
    """Collect an entry for each run of the audio tower; nothing where there is none."""
    calls: list[str] = []
    if not isinstance(policy, AudioPolicy):
        yield calls
        return
    handle = policy.tower.register_forward_hook(lambda *_: calls.append("tower"))
    try:
        yield calls
    finally:
        handle.remove()
