"""What is Whisper's own: prompts of tokens, windows, languages, and answers token by token."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from peft import LoraConfig, get_peft_model
from transformers import GenerationMixin, WhisperFeatureExtractor
from transformers.modeling_outputs import BaseModelOutput

from earmark.errors import InputError, KnobError
from earmark.policies.families.table import FAMILIES
from earmark.policies.families.whisper import WhisperPolicy
from earmark.policies.lora.merge import merge_lora
from earmark.policies.lora.put_on import put_on
from earmark.policies.next_token import Choice
from earmark.policies.plain_decoding import GREEDY, decoding_plainly
from earmark.prompting.messages import ask
from earmark.records import Utterance
from earmark.speech.audio import write_audio
from earmark.train.cache.fingerprint import of_hearing
from earmark.train.preflight.proofs import plain_logps
from earmark.transcribe.local import how_it_was_made, transcribe
from family_models import build_policy
from tiny_world import messages, noise
from whisper_random import WINDOW_S, build_whisper

ZH, EN = (f"<|{language}|><|transcribe|><|notimestamps|>" for language in ("zh", "en"))


def policy_of(english_only=False, **changed):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network, processor = build_whisper(**changed)
    network.generation_config.is_multilingual = not english_only
    network.eval().set_attn_implementation("sdpa")
    return WhisperPolicy(network, processor, FAMILIES["whisper"].facts)


def clip_of(duration_s, seed=0):
    return noise(np.random.default_rng(seed), duration_s)


def told(policy, prompt):
    return policy.tokenizer.convert_ids_to_tokens(policy.prompt_ids(prompt, [100]))


def test_a_prompt_is_the_decoders_start_with_language_and_task():
    policy = policy_of()
    start = ["<|startoftranscript|>", "<|zh|>", "<|transcribe|>", "<|notimestamps|>"]
    assert told(policy, ask(policy.facts, prefill=ZH)) == start
    policy.prefill = policy.opening("zh")
    assert told(policy, messages()) == start
    # What a pair's prompt says wins over the run's language.
    assert told(policy, ask(policy.facts, prefill=EN))[1] == "<|en|>"
    timed = ask(policy.facts, prefill="<|en|><|transcribe|>")
    assert told(policy, timed) == ["<|startoftranscript|>", "<|en|>", "<|transcribe|>"]


def test_a_system_text_is_what_was_said_before():
    policy = policy_of()
    tokens = told(policy, ask(policy.facts, "share the shop", ZH))
    assert tokens[0] == "<|startofprev|>"
    at = tokens.index("<|startoftranscript|>")
    assert policy.tokenizer.convert_tokens_to_string(tokens[1:at]) == " share the shop"
    assert tokens[at + 1] == "<|zh|>"
    with pytest.raises(InputError, match=r"has 32 tokens; expected no more than 31"):
        policy.render(ask(policy.facts, "x " * 16, ZH))
    with pytest.raises(InputError, match="none of Whisper's own"):
        policy.render(ask(policy.facts, "<|en|>", ZH))


def test_training_needs_a_language():
    policy = policy_of()
    with pytest.raises(InputError, match=r"names no language; say --language zh"):
        policy.prompt_ids(messages(), [100])


@pytest.mark.parametrize("opening", ["我", "<|zh|>", "<|fr|><|transcribe|>", "<|transcribe|>"])
def test_an_opening_without_language_and_task_is_refused(opening):
    policy = policy_of()
    with pytest.raises(InputError, match=r"begins with language and task, found .*expected a last"):
        policy.render(ask(policy.facts, prefill=opening))


def test_several_clips_or_none_are_refused():
    policy = policy_of()
    policy.prefill = ZH
    for counts in ([], [3, 4]):
        with pytest.raises(InputError, match=f"holds {len(counts)} clips; Whisper hears one"):
            policy.prompt_ids(messages(), counts)
    with pytest.raises(InputError, match="expected a message of role 'user'"):
        policy.render([*messages(), *messages()])


def test_an_answer_is_written_as_the_model_writes_it():
    policy = policy_of()
    for opening, first in ((ZH, "the shop"), (EN, " the shop")):
        ids = policy.answer_ids(ask(policy.facts, prefill=opening), "the shop")
        assert policy.written(ids[:-1]) == first
        assert ids[-1] == policy.tokenizer.eos_token_id
    with pytest.raises(InputError, match=r"holds <\|en\|>, a token of Whisper's own"):
        policy.answer_ids(ask(policy.facts, prefill=ZH), "the <|en|>")
    with pytest.raises(InputError, match=r"holds <\|0\.02\|>, a token"):
        policy.answer_ids(ask(policy.facts, prefill=ZH), "<|0.02|>the")
    timed = policy.answer_ids(ask(policy.facts, prefill="<|zh|><|transcribe|>"), "<|0.02|>the")
    assert policy.written(timed[:-1]) == "<|0.02|>the"


def test_an_english_only_checkpoint_refuses_mandarin():
    policy = policy_of(english_only=True)
    assert told(policy, messages()) == ["<|startoftranscript|>", "<|notimestamps|>"]
    assert policy.opening("en") == policy.opening("auto") == "<|notimestamps|>"
    reason = "this checkpoint of Whisper is English-only: it was trained on no other language"
    with pytest.raises(KnobError, match=reason):
        policy.opening("zh")
    with pytest.raises(InputError, match=reason):
        policy.answer_ids(messages(), "我 想 go")
    with pytest.raises(InputError, match=reason):
        policy.prompt_ids(ask(policy.facts, prefill=ZH), [100])
    (answer,) = policy.answers([ask(policy.facts)], [clip_of(1.0)], [3])
    assert answer.text.startswith("<|notimestamps|>")


def test_a_vocabulary_without_languages_is_english_only():
    network, processor = build_whisper(vocab_size=51864)
    del network.generation_config.is_multilingual
    assert not WhisperPolicy(network, processor, FAMILIES["whisper"].facts).is_multilingual


def test_a_tokenizer_of_another_model_is_refused():
    network, processor = build_whisper(decoder_start_token_id=5)
    with pytest.raises(InputError, match=r"is \d+, the model's decoder_start_token_id 5"):
        WhisperPolicy(network, processor)


def test_clips_beyond_the_window_and_too_short_are_refused():
    policy = policy_of()
    with pytest.raises(InputError, match=r"8\.10 s of audio, but this model hears 8 s at most"):
        policy.features(clip_of(WINDOW_S + 0.1))
    with pytest.raises(InputError, match=r"0\.010 s of audio is too short.*one state of 0\.02 s"):
        policy.features(clip_of(0.01))


@torch.no_grad()
def test_a_window_of_its_own_is_the_class_own_and_a_full_one_too():
    policy = policy_of()
    clip = clip_of(1.3)
    policy.hear_silence(30)
    full = policy.features(clip)["input_features"]
    assert full.shape[-1] == 100 * WINDOW_S
    expected = build_whisper_encoder(policy, full)
    torch.testing.assert_close(policy.encode({"input_features": full}), expected)


def build_whisper_encoder(policy, mel):
    """Return what an encoder that was never changed makes of a whole window."""
    network, _ = build_whisper()
    network.load_state_dict(policy.network.state_dict())
    return network.eval().model.encoder(mel).last_hidden_state[0]


@pytest.mark.parametrize("silence_s", [0.0, 1.0])
@torch.no_grad()
def test_a_short_window_is_that_of_a_model_with_so_many_positions(silence_s):
    policy = policy_of()
    policy.hear_silence(silence_s)
    features = policy.features(clip_of(1.3))
    states = round((1.3 + silence_s) * 50)
    assert policy.audio_tokens(features) == states
    smaller, _ = build_whisper(max_source_positions=states)
    own = policy.network.state_dict()
    name = "model.encoder.embed_positions.weight"
    smaller.load_state_dict({**own, name: own[name][:states]})
    expected = smaller.eval().model.encoder(features["input_features"]).last_hidden_state[0]
    torch.testing.assert_close(policy.encode(features), expected)
    assert policy.network.config.max_source_positions == 50 * WINDOW_S


def test_frames_of_a_short_window_are_those_of_the_whole_one():
    policy = policy_of()
    clip = clip_of(1.3)
    policy.hear_silence(0.5)
    short = policy.features(clip)["input_features"]
    policy.hear_silence(30)
    whole = policy.features(clip)["input_features"]
    torch.testing.assert_close(short, whole[..., : short.shape[-1]])


@torch.no_grad()
def test_a_short_window_is_the_whole_one_without_its_padding():
    """With what fills the window hidden from every layer, the states are the same.

    So padding is the whole difference; how much that is, is measured on a real model.
    """
    policy = policy_of()
    policy.hear_silence(0.5)
    features = policy.features(clip_of(1.3))
    states = policy.audio_tokens(features)
    mel = features["input_features"]
    encoder = policy.tower
    whole = F.pad(mel, (0, 100 * WINDOW_S - mel.shape[-1]))
    hidden = F.gelu(encoder.conv2(F.gelu(encoder.conv1(whole)))).mT + encoder.embed_positions.weight
    seen = torch.arange(hidden.shape[1]) < states
    for layer in encoder.layers:
        hidden = layer(hidden, seen[None, None, None])
    expected = encoder.layer_norm(hidden)[0, :states]
    torch.testing.assert_close(policy.encode(features), expected, rtol=1e-5, atol=1e-5)
    filled = encoder(whole).last_hidden_state[0, :states]
    assert (filled - expected).abs().max() > 1e-2


def test_other_silence_is_another_hearing():
    policy = policy_of()
    before = policy.hearing_options
    states = of_hearing(policy)
    policy.hear_silence(1.0)
    assert policy.hearing_options != before
    assert of_hearing(policy) != states, "cached states of another window are not taken"
    with pytest.raises(KnobError, match="silence_s is -1; expected 0 or more"):
        policy.hear_silence(-1)
    with pytest.raises(KnobError, match="silence_s 2: of no use with Qwen2Audio"):
        build_policy("qwen2_audio").hear_silence(2)
    with pytest.raises(KnobError, match="language 'zh': the prompts of Qwen2Audio"):
        build_policy("qwen2_audio").opening("zh")


def library_answer(policy, prompt, clip, tokens):
    """Write an answer by the library's general search, not by Whisper's own rules."""
    states = policy.encode(policy.features(clip))[None]
    ids = torch.tensor(
        [policy.tokenizer(policy.render(prompt), add_special_tokens=False).input_ids]
    )
    with decoding_plainly(policy.network), torch.no_grad():
        written = GenerationMixin.generate(
            policy.network,
            encoder_outputs=BaseModelOutput(last_hidden_state=states),
            decoder_input_ids=ids,
            **GREEDY,
            max_new_tokens=tokens,
        )
    return [token for token in written[0, ids.shape[1] :].tolist() if token not in policy.end_ids]


def test_greedy_answers_are_the_librarys_and_do_not_depend_on_their_batch():
    policy = policy_of()
    clips = [clip_of(duration_s, seed) for seed, duration_s in enumerate((0.4, 2.4, 1.1))]
    prompts = [
        ask(policy.facts, prefill=ZH),
        ask(policy.facts, "share the shop", ZH),
        ask(policy.facts, prefill=EN),
    ]
    together = policy.answers(prompts, clips, [9, 9, 9])
    for prompt, clip, answer in zip(prompts, clips, together, strict=True):
        assert answer.text == policy.written(library_answer(policy, prompt, clip, 9))
        assert policy.answers([prompt], [clip], [9]) == [answer]
    assert any(answer.text for answer in together)


def test_an_answer_that_meets_its_cap_is_cut():
    policy = policy_of()
    prompt, clip = ask(policy.facts, prefill=ZH), clip_of(1.0)
    long, short = policy.answers([prompt] * 2, [clip] * 2, [9, 2])
    assert short.cut
    ids = library_answer(policy, prompt, clip, 9)
    assert long.text == policy.written(ids)
    assert short.text == policy.written(ids[:2])
    with pytest.raises(InputError, match=r"has 64 positions; set the token cap .* to 60 at most"):
        policy.answers([prompt], [clip], [61])


def test_without_a_language_the_model_finds_it():
    policy = policy_of()
    prompt, clip = ask(policy.facts), clip_of(1.0)
    (answer,) = policy.answers([prompt], [clip], [5])
    states = policy.encode(policy.features(clip))[None]
    start = torch.tensor([[policy.network.config.decoder_start_token_id]])
    with torch.no_grad():
        logits = policy.network(encoder_outputs=(states,), decoder_input_ids=start).logits[0, -1]
    names = ["<|en|>", "<|zh|>", "<|yue|>"]
    best = max(names, key=lambda name: logits[policy.tokenizer.convert_tokens_to_ids(name)])
    opening = f"{best}<|transcribe|><|notimestamps|>"
    (same,) = policy.answers([ask(policy.facts, prefill=opening)], [clip], [5])
    assert answer.text == opening + same.text


def test_a_checkpoints_own_decoding_does_not_matter():
    policy = policy_of()
    prompt, clip = ask(policy.facts, prefill=ZH), clip_of(1.0)
    before = policy.answers([prompt], [clip], [6])
    policy.network.generation_config.suppress_tokens = list(range(300))
    policy.network.generation_config.forced_decoder_ids = [[1, 7]]
    assert policy.answers([prompt], [clip], [6]) == before
    named = library_answer(policy, prompt, clip, 6)[0]
    (other,) = policy.answers([prompt], [clip], [6], Choice(suppressed=(named,)))
    assert other != before[0]
    assert not other.text.startswith(before[0].text[:1])


def test_sampled_answers_depend_on_their_seed_and_not_on_their_batch():
    policy = policy_of()
    prompt = ask(policy.facts, prefill=ZH)
    clips = [clip_of(0.4), clip_of(2.0, 1)]
    choice = Choice(temperature=1.0, seeds=[[0, 1], [0, 2]])
    together = policy.answers([prompt] * 2, clips, [8] * 2, choice)
    alone = policy.answers([prompt], clips[1:], [8], choice.alone(1))
    assert alone == together[1:]
    other = policy.answers([prompt], clips[1:], [8], Choice(temperature=1.0, seeds=[[1, 2]]))
    assert other != alone


def test_a_distilled_model_with_one_decoder_layer_and_more_mel_bins_is_one_too():
    network, processor = build_whisper(encoder_layers=3, decoder_layers=1, num_mel_bins=24)
    processor.feature_extractor = WhisperFeatureExtractor(feature_size=24, chunk_length=WINDOW_S)
    network.eval().set_attn_implementation("sdpa")
    policy = WhisperPolicy(network, processor, FAMILIES["whisper"].facts)
    prompt, clip = ask(policy.facts, prefill=ZH), clip_of(1.0)
    (answer,) = policy.answers([prompt], [clip], [6])
    assert answer.text == policy.written(library_answer(policy, prompt, clip, 6))


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated")
@torch.no_grad()
def test_an_adapter_of_peft_on_both_halves_is_loaded_heard_and_merged(tmp_path):
    """Whisper is usually fine-tuned with target_modules of q_proj and v_proj, in both halves."""
    policy = policy_of()
    prompt, clip = ask(policy.facts, prefill=ZH), clip_of(1.0)
    before = plain_logps(policy, prompt, [clip], ["the shop"])
    settings = LoraConfig(r=2, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    adapted = get_peft_model(policy_of().network, settings)
    adapted.save_pretrained(tmp_path)
    policy.model = put_on(policy.network, tmp_path, base="whisper")
    ids = torch.tensor([policy.prompt_ids(prompt, [1]) + policy.answer_ids(prompt, "the shop")])
    mel = policy.features(clip)["input_features"]
    tokens = ids[0, 4:]
    logits = adapted(input_features=pad_window(mel), decoder_input_ids=ids).logits[0, 3:-1]
    policy.hear_silence(30)
    now = plain_logps(policy, prompt, [clip], ["the shop"])
    expected = logits.log_softmax(-1).gather(1, tokens[:, None]).sum()
    torch.testing.assert_close(now[0], expected, rtol=1e-4, atol=1e-4)
    assert (now - before).abs() > 1e-3
    assert not policy.hearing_is_frozen
    merge_lora(policy)
    merged = plain_logps(policy, prompt, [clip], ["the shop"])
    torch.testing.assert_close(merged, now, rtol=1e-4, atol=1e-4)


def pad_window(mel):
    """Return the whole window's spectrogram: after a clip it is as silent as at its end."""
    return torch.cat([mel, mel[..., -1:].expand(-1, -1, 100 * WINDOW_S - mel.shape[-1])], dim=2)


def test_long_audio_is_split_at_the_window(tmp_path):
    policy = policy_of()
    write_audio(tmp_path / "long.wav", clip_of(2.5 * WINDOW_S))
    utterances = [Utterance("u", audio="long.wav")]
    made_by = how_it_was_made("tiny", None, "", 4, "split")
    knobs = {"prompt": None, "prefill": ZH, "made_by": made_by, "max_new_tokens": 4}
    with pytest.raises(InputError, match=r"20\.00 s of audio, but at most 8 s can be heard"):
        transcribe(policy, utterances, tmp_path, tmp_path / "h.jsonl", **knobs)
    knobs |= {"long_audio": "split", "on_error": "stop"}
    seen, plain = [], policy.candidates

    def answers(prompts, clips, *rest):
        seen.extend(len(clip) / 16_000 for clip in clips)
        return plain(prompts, clips, *rest)

    policy.candidates = answers
    transcribe(policy, utterances, tmp_path, tmp_path / "h.jsonl", **knobs)
    assert sum(seen) == pytest.approx(20.0)
    assert max(seen) <= WINDOW_S
