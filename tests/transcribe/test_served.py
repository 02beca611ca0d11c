"""Served transcription, against a real tiny model behind the OpenAI protocol on loopback."""

import json
import threading

import numpy as np
import pytest
import soundfile
import torch

from earmark.cli import app
from earmark.errors import InputError, KnobError
from earmark.formats.files.lines import write_jsonl
from earmark.formats.reading import read
from earmark.policies.load import load_policy
from earmark.prompting.families import FACTS
from earmark.records import Hypothesis, Utterance
from earmark.speech.audio import read_audio, write_audio
from earmark.speech.wav import wav_bytes
from earmark.transcribe.decoding import Decoding
from earmark.transcribe.served import Asking
from openai_server import CHAT, TRANSCRIPTIONS, OpenAIServer, clip_of, serving
from tiny_world import messages, noise

PROMPT = "Transcribe the audio."
CAP = 24
SPLIT = ("--long-audio", "split", "--longest-s", 1.5)


@pytest.fixture(scope="module")
def policy():
    return load_policy("tiny-base", device="cpu")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    rng = np.random.default_rng(0)
    rows = []
    for i, duration_s in enumerate([2.5, 0.6, 1.4, 2.9, 1.0]):
        write_audio(folder / f"{i}.wav", noise(rng, duration_s))
        rows.append(Utterance(f"u{i}", text="我想 go", audio=f"{i}.wav"))
    stereo = rng.normal(0, 0.1, (44_100 * 2, 2)).astype(np.float32)
    soundfile.write(folder / "stereo.wav", stereo, 44_100)
    rows.append(Utterance("span", text="好", audio="stereo.wav", start_s=0.5, end_s=1.25))
    write_jsonl(folder / "test.jsonl", rows)
    return folder


@pytest.fixture
def server(policy):
    return OpenAIServer(ear_of(policy))


def ear_of(policy):
    """Decode with the real model as a server does: by the fields of the request alone."""
    lock = threading.Lock()

    def hear(clip, fields):
        options = {"do_sample": False}
        if float(fields["temperature"]):
            torch.manual_seed(fields["seed"])
            options = {
                "do_sample": True,
                "temperature": fields["temperature"],
                "top_p": fields["top_p"],
                "top_k": max(fields["top_k"], 0),
                "num_return_sequences": fields["n"],
            }
        with lock, torch.no_grad():
            inputs = policy.plain_inputs(messages(text=fields.get("prompt", PROMPT)), [clip])
            written = policy.network.generate(
                **inputs,
                max_new_tokens=int(fields["max_completion_tokens"]),
                repetition_penalty=float(fields["repetition_penalty"]),
                **options,
            )
        return policy.processor.tokenizer.batch_decode(
            written[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True
        )

    return hear


def transcribe(corpus, out, *more, rows="test.jsonl"):
    given = ["transcribe", "--utterances", str(corpus / rows), "--out", str(out)]
    given += ["--max-new-tokens", str(CAP), *map(str, more)]
    app(given, result_action="return_value", exit_on_error=False, print_error=False)
    return list(read(Hypothesis, out)) if out.exists() else []


def said(hypotheses):
    return [(hyp.id, hyp.text, hyp.raw_text) for hyp in hypotheses]


def test_a_served_transcript_is_the_local_one(server, corpus, tmp_path):
    local = transcribe(corpus, tmp_path / "local.jsonl", "--model", "tiny-base")
    with serving(server) as url:
        to = ("--endpoint", url, "--model", "tiny")
        by_form = transcribe(corpus, tmp_path / "form.jsonl", *to, "--prompt", PROMPT)
        by_chat = transcribe(corpus, tmp_path / "chat.jsonl", *to, "--route", "chat")
    assert said(by_form) == said(local)
    assert said(by_chat) == said(local)
    assert len({hyp.text for hyp in local}) > 3
    paths = [asked.path for asked in server.requests]
    assert paths == [TRANSCRIPTIONS] * 6 + [CHAT] * 6
    assert not list(tmp_path.glob("*.partial"))


def test_every_request_says_how_to_decode_and_so_does_every_row(server, corpus, tmp_path):
    with serving(server) as url:
        to = ("--endpoint", url, "--model", "tiny")
        (row, *_) = transcribe(corpus, tmp_path / "form.jsonl", *to)
        knobs = ("--candidates", 2, "--temperature", 0.9, "--top-k", 40, "--seed", 7)
        transcribe(corpus, tmp_path / "chat.jsonl", *to, *knobs)
    form, chat = server.requests[0].fields, server.requests[-1].fields
    greedy = {"temperature": "0.0", "top_p": "1.0", "top_k": "-1", "repetition_penalty": "1.0"}
    cap = {"seed": "0", "n": "1", "max_completion_tokens": str(CAP)}
    assert form == {"model": "tiny", "response_format": "json", **greedy, **cap}
    sampled = {"temperature": 0.9, "top_p": 1.0, "top_k": 40, "repetition_penalty": 1.0}
    cap = {"seed": 7, "n": 2, "max_completion_tokens": CAP}
    assert chat == {"model": "tiny", "prompt": PROMPT, "stream": False, **sampled, **cap}
    assert row.made_by["decoding"] == {
        "n": 1,
        "do_sample": False,
        "temperature": 0.0,
        "top_p": 1.0,
        "top_k": 0,
        "repetition_penalty": 1.0,
        "seed": 0,
        "max_new_tokens": CAP,
    }
    assert (row.made_by["endpoint"], row.made_by["model"]) == (url, "tiny")
    assert row.made_by["prompt"] is None


def test_sound_is_sent_as_it_is_heard_here(server, corpus, tmp_path):
    with serving(server) as url:
        transcribe(corpus, tmp_path / "h.jsonl", "--endpoint", url, "--model", "tiny")
    sent = {len(asked.wav): clip_of(asked.wav) for asked in server.requests}
    whole = read_audio(corpus / "0.wav")
    assert np.array_equal(sent[44 + 2 * len(whole)], whole), "16-bit samples stay what they are"
    span = read_audio(corpus / "stereo.wav", 0.5, 1.25)
    assert len(span) == 12_000
    assert np.abs(sent[44 + 24_000] - span).max() <= 0.5 / 32768


def test_samples_beyond_full_scale_are_clipped_and_said(capsys):
    clip = np.array([1.5, -1.5, 0.25], np.float32)
    assert clip_of(wav_bytes(clip, "utterance 'loud'")).tolist() == [32767 / 32768, -1.0, 0.25]
    assert "'loud': samples up to 1.500 are set to full scale" in capsys.readouterr().err


def test_candidates_are_files_that_mining_reads(server, corpus, tmp_path):
    out = tmp_path / "h.jsonl"
    with serving(server) as url:
        to = ("--endpoint", url, "--model", "tiny", "--candidates", 3)
        transcribe(corpus, out, *to)
        many = server.requests[:]
        transcribe(corpus, tmp_path / "one.jsonl", *to, "--one-by-one", "--seed", 5)
    files = [tmp_path / f"h.{i}.jsonl" for i in (1, 2, 3)]
    rows = [list(read(Hypothesis, path)) for path in files]
    assert [[hyp.id for hyp in file] for file in rows] == [[hyp.id for hyp in rows[0]]] * 3
    assert len({tuple(said(file)) for file in rows}) == 3, "candidates differ"
    assert [file[0].made_by["candidate"] for file in rows] == [1, 2, 3]
    assert {asked.fields["n"] for asked in many} == {3}
    assert len(many) == 6
    single = server.requests[6:]
    assert sorted(asked.fields["seed"] for asked in single) == sorted([5, 6, 7] * 6)
    assert {asked.fields["n"] for asked in single} == {1}
    (row, *_) = read(Hypothesis, tmp_path / "one.3.jsonl")
    assert (row.made_by["decoding"]["seed"], row.made_by["decoding"]["n"]) == (7, 1)
    hyps = [word for path in files for word in ("--hyps", str(path))]
    given = ["--utterances", str(corpus / "test.jsonl"), "--out", str(tmp_path / "p.jsonl")]
    app(["pairs", "mined", *given, *hyps, "--several"], result_action="return_value")
    pairs = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    assert max(len(pair["rejected"]) for pair in pairs) > 1
    written = {hyp.raw_text for file in rows for hyp in file}
    assert all(set(pair["rejected"]) <= written for pair in pairs)


def test_a_clip_too_long_for_the_served_model_is_refused_or_split(server, corpus, tmp_path):
    with serving(server) as url:
        to = ("--endpoint", url, "--model", "tiny", "--longest-s", 1.5)
        with pytest.raises(InputError, match=r"utterance 'u0': .*at most 1\.5 s can be heard"):
            transcribe(corpus, tmp_path / "h.jsonl", *to)
        assert server.requests == []
        rows = transcribe(corpus, tmp_path / "h.jsonl", *to, "--long-audio", "split")
    assert len(rows) == 6
    assert max(len(clip_of(asked.wav)) for asked in server.requests) <= 24_000
    seconds = sum(len(clip_of(asked.wav)) for asked in server.requests) / 16_000
    assert seconds == pytest.approx(2.5 + 0.6 + 1.4 + 2.9 + 1.0 + 0.75)


def test_the_longest_clip_is_the_familys_unless_said():
    assert Asking().limit_s == 30.0
    assert Asking(family="qwen3_omni_moe").limit_s == 2400.0
    assert Asking(family="qwen3_omni_moe", longest_s=60.0).limit_s == 60.0


def test_marks_are_removed_from_the_text_and_kept_in_the_raw_text(corpus, tmp_path):
    server = OpenAIServer(lambda clip, fields: ["language Chinese<asr_text>今天 <|zh|>好"])
    mark = r"^\s*language [^<\n]*<asr_text>"
    with serving(server) as url:
        to = ("--endpoint", url, "--model", "tiny", "--route", "chat", "--mark", mark)
        (row, *_) = transcribe(corpus, tmp_path / "h.jsonl", *to)
    assert row.text == "今天 好"
    assert row.raw_text == "language Chinese<asr_text>今天 <|zh|>好"
    assert row.made_by["marks"] == [mark]


def test_marks_of_each_part_are_removed(corpus, tmp_path):
    server = OpenAIServer(lambda clip, fields: ["language English<asr_text>go"])
    with serving(server) as url:
        to = ("--endpoint", url, "--model", "tiny", "--route", "chat", "--family", "qwen3_asr")
        rows = transcribe(corpus, tmp_path / "h.jsonl", *to, *SPLIT)
    assert {word for row in rows for word in row.text.split()} == {"go"}
    counts = [row.raw_text.count("language English<asr_text>go") for row in rows]
    assert counts == [len(row.text.split()) for row in rows]
    assert max(counts) > 1


@pytest.mark.parametrize("family", sorted(FACTS.keys() - {"voxtral", "meralion2"}))
def test_a_family_is_asked_in_its_own_words_order_and_system_text(corpus, tmp_path, family):
    facts = FACTS[family]
    server = OpenAIServer(lambda clip, fields: ["go"])
    with serving(server) as url:
        to = ("--endpoint", url, "--model", "tiny", "--route", "chat", "--family", family)
        (row, *_) = transcribe(corpus, tmp_path / "h.jsonl", *to)
    fields = server.requests[0].fields
    assert fields["prompt"] == facts.prompt
    assert ("audio_first" not in fields) == facts.audio_first
    system = [{"role": "system", "content": facts.system}] if facts.system else None
    assert fields.get("before") == system
    assert (row.made_by["family"], row.made_by["prompt"]) == (family, facts.prompt)


def test_what_a_family_takes_no_instruction_for_is_its_system_text(corpus, tmp_path):
    server = OpenAIServer(lambda clip, fields: ["go"])
    with serving(server) as url:
        to = ("--endpoint", url, "--model", "tiny", "--route", "chat", "--family", "qwen3_asr")
        transcribe(corpus, tmp_path / "h.jsonl", *to, "--prompt", "Names: Li")
    fields = server.requests[0].fields
    assert fields["prompt"] == ""
    assert fields["before"] == [{"role": "system", "content": "Names: Li"}]


def test_what_is_skipped_goes_to_one_file_named_by_out(corpus, tmp_path):
    with open(corpus / "bad.jsonl", "w") as file:
        file.write((corpus / "test.jsonl").read_text() + '{"id": "x", "audio": "x.wav"}\n')
    out, aside = tmp_path / "h.jsonl", tmp_path / "h.jsonl.skipped.jsonl"
    server = OpenAIServer(lambda clip, fields: ["go"] * fields["n"])
    with serving(server) as url:
        to = ("--endpoint", url, "--model", "tiny", "--candidates", 2, "--on-error", "skip")
        transcribe(corpus, out, *to, rows="bad.jsonl")
        (row,) = map(json.loads, aside.read_text().splitlines())
        assert "'x'" in row["reason"]
        transcribe(corpus, out, *to)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"h.1.jsonl", "h.2.jsonl"}, "nothing was skipped now"


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"decoding": {"candidates": 2}}, "would all be the same"),
        ({"decoding": {"candidates": 2, "temperature": 1.0}}, "transcription route gives one"),
        ({"decoding": {"candidates": 0}}, "candidates is 0; expected 1 or more"),
        ({"decoding": {"temperature": -1.0}}, "expected 0"),
        ({"decoding": {"top_p": 0.0}}, "top_p is 0"),
        ({"kind": "transformers"}, "ignores all decoding fields"),
        ({"kind": "openai", "decoding": {"top_k": 5}}, "top_k 5: a server of kind 'openai'"),
        ({"concurrency": 0}, "concurrency is 0"),
        ({"longest_s": 0.0}, "longest_s is 0"),
        ({"marks": ("(",)}, "not a regular expression"),
        ({"route": "chat", "prompt": "Write.", "language": "zh"}, "transcription route alone"),
        ({"route": "chat", "prompt": ""}, "needs an instruction"),
        ({"family": "qwen2_5_omi"}, "family 'qwen2_5_omi' is unknown; did you mean 'qwen2_5_omni'"),
        ({"route": "chat", "family": "voxtral"}, "say --route transcriptions"),
        ({"route": "chat", "family": "meralion2"}, "a form that chat messages cannot have"),
    ],
)
def test_what_cannot_be_asked_is_refused(knobs, message):
    decoding = knobs.pop("decoding", {})
    with pytest.raises(KnobError, match=message):
        Asking(decoding=Decoding(**decoding), **knobs)


def test_options_of_the_other_way_are_refused(corpus, tmp_path):
    with pytest.raises(KnobError, match="--one-by-one: only with --endpoint"):
        transcribe(corpus, tmp_path / "h.jsonl", "--model", "tiny-base", "--one-by-one")
    to = ("--endpoint", "http://127.0.0.1:9/v1", "--model", "m", "--adapter", "run")
    with pytest.raises(KnobError, match="--adapter: of no use with --endpoint"):
        transcribe(corpus, tmp_path / "h.jsonl", *to)
