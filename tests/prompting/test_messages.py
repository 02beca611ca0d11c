"""Prompts in each family's form, what an answer begins with, and marks taken off again."""

import pytest

from earmark.errors import InputError
from earmark.policies.families.qwen2_audio import Qwen2AudioPolicy
from earmark.policies.families.table import FAMILIES
from earmark.prompting.clean import clean
from earmark.prompting.facts import Facts
from earmark.prompting.messages import ask, text_of, turn_of
from family_models import BUILD, IN_ROWS, build_policy
from tiny_world import messages, noise


def test_no_prompt_names_a_language():
    for name, family in FAMILIES.items():
        for word in ("english", "chinese", "mandarin", "中文", "英文"):
            assert word not in family.facts.prompt.lower(), name


def test_audio_and_instruction_stand_where_the_family_wants_them():
    first = ask(Facts(prompt="Write."))[0]["content"]
    assert [part["type"] for part in first] == ["audio", "text"]
    last = ask(Facts(audio_first=False), "Say it.")[0]["content"]
    assert [part["type"] for part in last] == ["text", "audio"]
    assert last[0]["text"] == "Say it."


def test_a_family_without_instructions_hears_context():
    facts = Facts(prompt="", takes_instruction=False)
    assert [m["role"] for m in ask(facts)] == ["user"]
    asked = ask(facts, "names: Li, Tan")
    assert asked[0] == {"role": "system", "content": "names: Li, Tan"}
    assert text_of(turn_of(messages(text="Transcribe."), facts).messages[0]) == ""


def test_a_text_left_out_is_said_to_be(capsys, monkeypatch):
    monkeypatch.setattr("earmark.prompting.messages._said", set())
    facts = Facts(takes_instruction=False)
    for text in ("Write it down.", "Transcribe."):
        turn_of(messages(text=text), facts)
    assert capsys.readouterr().err.count("takes no instruction") == 1


def test_a_system_text_is_put_before_a_prompt_that_has_none():
    facts = Facts(system="You listen.")
    assert turn_of(messages(), facts).messages[0] == {"role": "system", "content": "You listen."}
    own = [{"role": "system", "content": "Mine."}, *messages()]
    assert turn_of(own, facts).messages == own


def test_a_turn_of_one_string_holds_text_and_audio():
    network, processor = BUILD["qwen2_audio"]()
    del processor.audio_token
    form = "Instruction: {text} \nListen: <|AUDIO|>"
    policy = Qwen2AudioPolicy(network, processor, Facts(user_form=form, audio_token="<|AUDIO|>"))
    text = policy.tokenizer.decode(policy.prompt_ids(messages(), [2]))
    assert "Instruction: Write it down. \nListen: <|AUDIO|><|AUDIO|><|im_end|>" in text


def test_an_empty_prompt_is_refused():
    with pytest.raises(InputError, match="a prompt has no message"):
        turn_of([], Facts())


@pytest.mark.parametrize("name", IN_ROWS)
def test_a_last_assistant_message_begins_the_answer(name, rng):
    policy = build_policy(name)
    policy.prefill = ""
    heard = [len(policy.encode(policy.features(noise(rng, 1.0))))]
    begun = [*messages(), {"role": "assistant", "content": "我 想"}]
    before, after = (policy.prompt_ids(prompt, heard) for prompt in (messages(), begun))
    assert after[: len(before)] == before
    assert policy.tokenizer.decode(after[len(before) :]) == "我 想"
    ids = policy.answer_ids(begun, " the shop")
    assert policy.tokenizer.decode(ids[:-1]) == " the shop"


def test_qwen3_asr_trains_on_bare_transcripts_and_forces_no_language():
    policy = build_policy("qwen3_asr")
    text = policy.tokenizer.decode(policy.prompt_ids(messages(), [3]))
    assert text.endswith("<|im_start|>assistant\nlanguage None<asr_text>")
    assert policy.render(ask(policy.facts)).endswith("<|im_start|>assistant\n")
    policy.prefill = ""
    assert policy.tokenizer.decode(policy.prompt_ids(messages(), [3])).endswith("assistant\n")


@pytest.mark.parametrize(
    ("name", "raw", "text"),
    [
        ("qwen3_asr", "language Chinese<asr_text>今天 meet", "今天 meet"),
        ("qwen3_asr", "language None<asr_text>", ""),
        ("qwen3_asr", "the language Chinese", "the language Chinese"),
        ("meralion2", "<Speaker1>: 今天 (um) meet [ah] (the) boss", "今天 meet (the) boss"),
        ("qwen2_audio", "<|zh|>今天 meet", "今天 meet"),
        ("audioflamingo3", 'The transcription of the audio is "今天 meet".\n', "今天 meet"),
        ("audioflamingo3", "The content of the input audio is 'don't go'", "don't go"),
        ("audioflamingo3", 'The spoken content of the audio is "he said "ok"".', 'he said "ok"'),
        ("audioflamingo3", 'The spoken content of the audio is "今天 me', "今天 me"),
        ("audioflamingo3", "The spoken content of the audio is 今天.", "今天."),
        ("audioflamingo3", 'he said "ok"', 'he said "ok"'),
        (
            "audioflamingo3",
            "the boss' meeting is the bosses'.",
            "the boss' meeting is the bosses'.",
        ),
    ],
)
def test_marks_go_and_words_stay(name, raw, text):
    assert clean(raw, FAMILIES[name].facts.marks) == text
