"""`earmark transcribe` asks each family in its own words, and takes its marks off again."""

import pytest

from earmark.policies.families.table import FAMILIES
from earmark.prompting.answer import Answer
from earmark.records import Utterance
from earmark.speech.audio import write_audio
from earmark.transcribe.local import how_it_was_made, transcribe
from family_models import build_policy
from tiny_world import noise

PREFIX = "language Chinese<asr_text>"


@pytest.fixture
def clip(tmp_path, rng):
    write_audio(tmp_path / "a.wav", noise(rng, 1.0))
    return tmp_path


def run(policy, folder, **options):
    """Return the hypothesis and the prompts as the model saw them."""
    seen, render = [], policy.render

    def watching(*given):
        seen.append(render(*given))
        return seen[-1]

    policy.render = watching
    made_by = how_it_was_made("tiny", None, "", 4, "refuse", options.get("prefill", ""))
    options = {"prompt": None, "made_by": made_by, "max_new_tokens": 4, **options}
    rows = [Utterance("a", audio="a.wav")]
    return transcribe(policy, rows, folder, folder / "hyp.jsonl", **options)[0], seen


@pytest.mark.parametrize("name", ["qwen2_audio", "qwen2_5_omni_thinker", "qwen3_asr"])
def test_the_familys_own_prompt_is_used_when_none_is_given(name, clip):
    facts = FAMILIES[name].facts
    _, (seen,) = run(build_policy(name), clip)
    assert facts.prompt in seen
    assert (facts.system or "") in seen
    assert seen.endswith("assistant\n")


def test_a_prompt_of_ones_own_wins(clip):
    _, (seen,) = run(build_policy("qwen2_audio"), clip, prompt="Write it down.")
    assert "Write it down." in seen
    assert FAMILIES["qwen2_audio"].facts.prompt not in seen


def test_marks_are_taken_off_and_the_raw_text_is_kept(clip, monkeypatch):
    policy = build_policy("qwen3_asr")
    monkeypatch.setattr(policy, "candidates", lambda *_: [[Answer(f"{PREFIX}今天 meet")]])
    hypothesis, _ = run(policy, clip)
    assert (hypothesis.text, hypothesis.raw_text) == ("今天 meet", f"{PREFIX}今天 meet")


def test_what_the_answer_is_made_to_begin_with_is_recorded(clip):
    hypothesis, (seen,) = run(build_policy("qwen3_asr"), clip, prefill="language None<asr_text>")
    assert seen.endswith("assistant\nlanguage None<asr_text>")
    assert hypothesis.made_by["prefill"] == "language None<asr_text>"
