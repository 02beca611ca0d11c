"""One reading of a prompt for all its answers gives what a reading for each gives."""

import numpy as np
import pytest
import torch

from earmark.policies.families.text import text_policy as policy_of
from earmark.policies.next_token import Choice
from earmark.policies.plain_decoding import GREEDY, decoding_plainly
from earmark.policies.policy import SharedBatch, SharedRowPolicy
from earmark.policies.rows.shared_row import Answers, lay_out
from earmark.prompting.messages import ask, turn_of
from family_models import BESIDE_ROWS, BUILD, build_policy
from text_models import build_text
from tiny_world import noise

EACH, CAP = 3, 5
TEXT = ["qwen2", "llama", "deepseek_v3", "mistral", "falcon_h1", "gemma2"]
FAMILY = pytest.mark.parametrize("name", BUILD)
TEXT_FAMILY = pytest.mark.parametrize("name", TEXT)
SAYS = [
    [{"role": "user", "content": "Write it down."}],
    [{"role": "system", "content": "share"}, {"role": "user", "content": "the library 我 想 去"}],
]


def text_policy(name):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network, tokenizer = build_text(name)
    return policy_of(network.eval(), tokenizer)


def drawing(prompts, each=EACH, temperature=1.0):
    seeds = [[7, prompt, number] for prompt in range(prompts) for number in range(each)]
    return Choice(temperature=temperature, seeds=seeds)


def asked(policy, name):
    """Return two prompts of different lengths with a clip each, and the clips."""
    rng = np.random.default_rng(3)
    begun = policy.prefill if name in BESIDE_ROWS else ""
    prompts = [ask(policy.facts, text, begun) for text in ("", "Write down what is said.")]
    if policy.facts.takes_instruction and not policy.facts.prompt:
        prompts = [ask(policy.facts, "", begun)] * 2
    return prompts, [noise(rng, seconds) for seconds in (0.7, 2.4)]


def separate_logps(policy, messages, clips, written):
    """Score an answer by a forward pass of the library's own over prompt and answer."""
    turn_of(messages, policy.facts)
    prompt = dict(policy.process([policy.render(messages)], clips))
    tokens = policy.tokens_input
    start = prompt[tokens].shape[1]
    given = torch.tensor([[*written.begun, *written.ids]], device=policy.device)
    inputs = {**prompt, tokens: torch.cat([prompt[tokens], given], dim=1)}
    if "attention_mask" in prompt:
        inputs["attention_mask"] = torch.ones_like(inputs[tokens])
    with torch.no_grad():
        logits = policy.network(**inputs, use_cache=False).logits[0, start - 1 : -1]
    logps = logits.float().log_softmax(-1).gather(1, given[0][:, None])[:, 0]
    return logps[len(written.begun) :]


def check_equal(policy, prompts, clips):
    choice = drawing(len(prompts))
    written = policy.write(prompts, clips, [CAP] * len(prompts), EACH, choice)
    assert [len(own) for own in written] == [EACH] * len(prompts)
    for number, (messages, own) in enumerate(zip(prompts, written, strict=True)):
        mine = clips[number : number + 1]
        for one in own:
            found = torch.tensor(one.logps)
            torch.testing.assert_close(
                found, separate_logps(policy, messages, mine, one), rtol=0, atol=1e-5
            )
        alone = policy.write([messages], mine, [CAP], EACH, choice.alone(number, EACH))
        assert [one.ids for one in alone[0]] == [one.ids for one in own], "not of its batch"
    assert len({tuple(one.ids) for own in written for one in own}) > len(prompts), "all alike"
    greedy = policy.write(prompts, clips, [CAP] * len(prompts), EACH)
    singles = [
        policy.write([messages], clips[n : n + 1], [CAP])[0][0]
        for n, messages in enumerate(prompts)
    ]
    assert [[one.ids for one in own] for own in greedy] == [[one.ids] * EACH for one in singles]


@FAMILY
def test_log_probabilities_are_those_of_a_prefill_for_each(name):
    policy = build_policy(name)
    check_equal(policy, *asked(policy, name))


@TEXT_FAMILY
def test_log_probabilities_of_text_models_are_those_of_a_prefill_for_each(name):
    policy = text_policy(name)
    assert isinstance(policy, SharedRowPolicy) == (name in ("qwen2", "llama", "deepseek_v3"))
    check_equal(policy, SAYS, [])


@pytest.mark.parametrize("name", [n for n in BUILD if n not in BESIDE_ROWS])
def test_greedy_answers_are_those_of_the_librarys_own_search(name):
    policy = build_policy(name)
    prompts, clips = asked(policy, name)
    for messages, clip in zip(prompts, clips, strict=True):
        inputs = dict(policy.process([policy.render(messages)], [clip]))
        with decoding_plainly(policy.network):
            ends = {"eos_token_id": sorted(policy.end_ids)}
            made = policy.network.generate(**inputs, **GREEDY, **ends, max_new_tokens=CAP)
        expected = made[0, inputs["input_ids"].shape[1] :].tolist()
        assert policy.write([messages], [clip], [CAP])[0][0].ids == expected


def test_an_answer_that_ends_leaves_the_others_as_they_were():
    policy = text_policy("qwen2")
    whole = policy.write(SAYS, [], [9, 9], EACH, drawing(2))
    ids = [one.ids for own in whole for one in own]
    ends = ids[1][3]
    policy.end_ids = {ends}
    found = policy.write(SAYS, [], [9, 9], EACH, drawing(2))
    cut = [one[: one.index(ends) + 1] if ends in one else one for one in ids]
    assert [one.ids for own in found for one in own] == cut
    assert [one.cut for own in found for one in own] == [ends not in one for one in ids]


@FAMILY
def test_log_probabilities_are_those_that_training_computes(name):
    policy = build_policy(name)
    prompts, clips = asked(policy, name)
    for messages, clip in zip(prompts, clips, strict=True):
        (written,) = policy.write([messages], [clip], [CAP], EACH, drawing(1))
        heard = policy.encode(policy.features(clip))
        prompt = policy.prompt_ids(messages, [len(heard)], prefill="")
        rows = lay_out([Answers(prompt, [one.ids for one in written])], policy.pad_id)
        with torch.no_grad():
            expected = policy.shared_token_logps(SharedBatch(rows, [heard]))
        found = torch.tensor([logp for one in written for logp in one.logps])
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def test_the_prompt_is_read_once(monkeypatch):
    policy, read = build_policy("qwen2_audio"), []
    plain, hear = policy.language_model.forward, policy.encode

    def forward(*args, **kwargs):
        read.append(tuple(kwargs["inputs_embeds"].shape[:2]))
        return plain(*args, **kwargs)

    monkeypatch.setattr(policy.language_model, "forward", forward)
    heard = []
    monkeypatch.setattr(policy, "encode", lambda features: heard.append(1) or hear(features))
    prompts, clips = asked(policy, "qwen2_audio")
    policy.write(prompts[1:], clips[1:], [4], 8, drawing(1, 8))
    assert len(heard) == 1, "the clip is heard once"
    rows, tokens = read[0]
    assert rows == 1
    assert tokens > 30
    assert read[1:] == [(1, 8)] * 3, "then a token of each answer"
