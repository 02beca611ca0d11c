"""`earmark validate`: every problem of section "bad input" that data can show, by file and line."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from earmark.cli.checks.path import check_path
from earmark.cli.validate import validate
from earmark.errors import InputError
from earmark.policies.checkpoint.safetensors_file import read_header
from earmark.speech.audio import write_audio
from tiny_world import save_tiny

AUDIO = {"type": "audio", "audio": "good.wav"}
PROMPT = [{"role": "user", "content": [AUDIO, {"type": "text", "text": "Transcribe."}]}]
PAIR = {"id": "p", "prompt": PROMPT, "chosen": "我想 copy", "rejected": "我想"}


@pytest.fixture
def folder(tmp_path):
    tone = (0.3 * np.sin(np.arange(16000) / 5)).astype(np.float32)
    write_audio(tmp_path / "good.wav", tone)
    soundfile.write(tmp_path / "slow.wav", np.stack([tone, tone], axis=1), 8000)
    soundfile.write(tmp_path / "empty.wav", np.zeros(0, np.float32), 16000)
    (tmp_path / "corrupt.wav").write_bytes(b"no sound")
    data = (tmp_path / "good.wav").read_bytes()
    (tmp_path / "cut.wav").write_bytes(data[:20000])
    return tmp_path


def lines(path: Path, *rows) -> Path:
    raw = [r if isinstance(r, bytes) else json.dumps(r, ensure_ascii=False).encode() for r in rows]
    path.write_bytes(b"\n".join(raw) + b"\n")
    return path


def found(path, kind="auto", limit=50, max_seconds=None) -> list[str]:
    """Return what is listed, without the folder's name."""
    findings = check_path(path, kind, limit, max_seconds)
    return [line.replace(f"{Path(path).parent}/", "") for line in findings.lines()]


def test_a_good_file_has_no_problems_and_a_profile(folder):
    path = lines(
        folder / "u.jsonl",
        {"id": "a", "audio": "good.wav", "text": "我想 copy", "language": "mixed", "speaker": "x"},
        {"id": "b", "audio": "good.wav", "text": "好的", "language": "zh", "speaker": "y"},
    )
    assert found(path) == [
        "u.jsonl: utterances; 0 errors, 0 warnings",
        "  2 utterances, 2 speakers",
        "  0.0 minutes of audio, longest clip 1.00 s",
        "  utterances by language: mixed 1 (50%), zh 1 (50%)",
        "  tokens by language: zh 4 (80%), en 1 (20%)",
    ]


def test_all_problems_of_utterances_are_listed_with_their_line(folder):
    path = lines(
        folder / "u.jsonl",
        {"id": "a", "audio": "missing.wav", "text": "好"},
        {"id": "b", "audio": "corrupt.wav", "text": "好"},
        {"id": "c", "audio": "empty.wav", "text": "好"},
        {"id": "d", "audio": "cut.wav", "text": "好"},
        {"id": "e", "audio": "good.wav", "text": " ...", "end_s": 7},
        {"id": "f", "audoi": "good.wav", "text": "好"},
        {"id": "a", "text": "好"},
        b'{"id": "g", "text": "\xe5\xa5"}',
        b'{"id": "h"',
        {"id": "i", "audio": "slow.wav", "text": "go"},
        {"id": "j", "text": "go", "language": "zh"},
        {"id": "k"},
    )
    expected = [
        "error: u.jsonl:1: missing.wav: no such audio file",
        "error: u.jsonl:2: corrupt.wav: cannot be read as audio",
        "error: u.jsonl:3: empty.wav: the clip is empty",
        "error: u.jsonl:4: cut.wav: corrupt: its header promises 32000 bytes",
        "error: u.jsonl:5: the transcript of 'e' is empty (found ' ...')",
        "error: u.jsonl:5: good.wav: the span 0 s to 7 s does not lie in the clip",
        "warning: u.jsonl:6: 'audoi' is kept, but not used; did you mean 'audio'?",
        "error: u.jsonl:7: id 'a' was already used in line 1",
        "error: u.jsonl:8: expected UTF-8, found byte 0xe5",
        "error: u.jsonl:9: not JSON",
        "warning: u.jsonl:11: language is 'zh', but the transcript is en",
        "warning: u.jsonl: 1 clip at 8000 Hz, to be resampled to 16000 Hz",
        "warning: u.jsonl: 1 clip of several channels, to be averaged",
        "warning: u.jsonl: 1 row without text, which cannot be scored",
        "warning: u.jsonl: 3 rows without audio, which cannot be heard",
        "u.jsonl: utterances; 9 errors, 6 warnings",
    ]
    said = found(path)
    for line, start in zip(said, expected, strict=False):
        assert line.startswith(start)
    assert len(said) == len(expected) + 4, "four lines of profile follow, and nothing else"


def test_problems_beyond_the_limit_are_counted_errors_first(folder):
    rows = [{"id": f"{i}", "text": "go", "language": "zh"} for i in range(5)]
    rows += [{"id": f"e{i}", "text": ""} for i in range(5)]
    said = found(lines(folder / "u.jsonl", *rows), limit=3)
    assert [line.split(":")[0] for line in said[:3]] == ["error"] * 3
    assert said[3] == "... and 8 more; --limit N shows more"
    assert said[4] == "u.jsonl: utterances; 5 errors, 6 warnings"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rejected": None}, "field 'rejected' should be"),
        ({"rejected": [], "chosen": ""}, "there is neither a chosen nor a rejected answer"),
        ({"rejected": "我想 copy "}, "rejected answer 1 equals chosen"),
        ({"rejected": ["我", ""]}, "rejected answer 2 is empty; if silence is the failure meant"),
        ({"failure_modes": ["omission", "loop"]}, "2 failure modes for 1 rejected answer; give"),
        ({"scores": {"mer": [0.5]}}, r"pair 'p' has 1 scores for 'mer', of 2 candidates"),
        (
            {"scores": {"mer": [0.5, math.nan]}},
            r"pair 'p' has scores for 'mer' that are not all finite numbers: [0.5, nan]",
        ),
        (
            {"scores": {"mer": [math.inf, 0.5]}},
            r"pair 'p' has scores for 'mer' that are not all finite numbers: [inf, 0.5]",
        ),
        ({"prompt": []}, "the prompt has no audio"),
        ({"prompt": [*PROMPT, {"role": "user"}]}, "a prompt message should be an object with role"),
        (
            {"prompt": [{"role": "user", "content": [AUDIO, {"type": "image"}]}]},
            "a content part should be",
        ),
        (
            {"prompt": [{"role": "user", "content": [{"type": "audio", "audio": "no.wav"}]}]},
            "pair 'p': no.wav: no such audio file",
        ),
        (
            {"prompt": [{"role": "user", "content": [AUDIO | {"end_s": 9}]}]},
            "pair 'p': good.wav: the span 0 s to 9 s does not lie in the clip",
        ),
        ({"rejected": ["a", None]}, "field 'rejected' should be a text or a list of texts"),
        (
            {"prompt": [{"role": "human", "content": [AUDIO]}]},
            "the role of a prompt message should",
        ),
        ({"prompt": [{"role": "User", "content": [AUDIO]}]}, "the role of a prompt message should"),
        (
            {"prompt": [{"role": None, "content": [AUDIO]}]},
            "the role of a prompt message should be system, user or assistant, found None",
        ),
        (
            {
                "prompt": [
                    {"role": "user", "content": [AUDIO, {"type": "text", "text": "<audio>!"}]}
                ]
            },
            "the text of the prompt says <audio>",
        ),
        (
            {"prompt": [{"role": "user", "content": [AUDIO | {"end": 1}]}]},
            "unknown key 'end' in a part of type audio, which has audio, end_s, start_s, type; did "
            "you mean 'end_s'",
        ),
        (
            {"prompt": [{"role": "user", "content": [AUDIO | {"end_s": True}]}]},
            "end_s of a clip should be a number of seconds, found True",
        ),
    ],
)
def test_problems_of_pairs(folder, change, message):
    path = lines(folder / "p.jsonl", PAIR | {"id": "ok"}, PAIR | change)
    said = found(path)
    assert any(line.startswith(f"error: p.jsonl:2: {message}") for line in said), said
    assert not any("p.jsonl:1:" in line for line in said)
    assert "p.jsonl: pairs; 1 error, 0 warnings" in said


@pytest.mark.parametrize(
    ("change", "message"),
    [({"rejected": []}, "there is no rejected answer"), ({"chosen": " "}, "chosen is empty")],
)
def test_single_answers_are_a_warning_since_kto_trains_on_them(folder, change, message):
    said = found(lines(folder / "p.jsonl", PAIR | {"id": "ok"}, PAIR | change))
    assert any(line.startswith(f"warning: p.jsonl:2: {message}") for line in said), said
    assert "p.jsonl: pairs; 0 errors, 1 warning" in said


def test_a_pair_without_rejected_is_recognised_as_a_pair(folder):
    row = {k: v for k, v in PAIR.items() if k != "rejected"}
    said = found(lines(folder / "p.jsonl", row))
    assert said[0] == "error: p.jsonl:1: field 'rejected' is missing; a pair needs it"


def test_good_pairs_and_what_they_warn_of(folder):
    path = lines(
        folder / "p.jsonl",
        PAIR | {"id": "1", "rejected": ["我想", ""], "failure_modes": ["omission", "empty"]},
        PAIR | {"id": "2", "rejected": ["我想，COPY", "go", "go"]},
    )
    said = found(path)
    assert said[0].startswith("warning: p.jsonl:2: rejected answer 1 differs from chosen only in")
    assert said[1] == "warning: p.jsonl:2: two rejected answers are equal"
    assert "p.jsonl: pairs; 0 errors, 2 warnings" in said
    assert "  2 pairs, 5 rejected answers, 1 clip" in said
    assert "  failure modes: omission 1, empty 1" in said


def test_a_clip_longer_than_the_model_hears(folder):
    message = "good.wav: 1.00 s of audio, but at most 0.5 s can be heard"
    rows = lines(folder / "u.jsonl", {"id": "a", "audio": "good.wav", "text": "好"})
    assert found(rows, max_seconds=0.5)[0].startswith(f"error: u.jsonl:1: {message}")
    pairs = lines(folder / "p.jsonl", PAIR)
    assert found(pairs, max_seconds=0.5)[0].startswith(f"error: p.jsonl:1: pair 'p': {message}")
    assert found(rows, max_seconds=1.5)[0] == "u.jsonl: utterances; 0 errors, 0 warnings"


def test_hypotheses_may_be_empty_but_not_doubled(folder):
    rows = [{"id": "a", "text": "", "tokens": 0}, {"id": "a", "text": "好", "tokens": 1}]
    said = found(lines(folder / "h.jsonl", *rows))
    assert said[0].startswith("error: h.jsonl:2: id 'a' was already used")
    assert said[1:] == [
        "h.jsonl: hypotheses; 1 error, 0 warnings",
        "  hypotheses: 1, of them empty: 1",
    ]
    plain = lines(folder / "t.jsonl", {"id": "a", "text": ""})
    assert "error: t.jsonl:1: the transcript of 'a' is empty" in found(plain)[0]
    assert found(plain, kind="hypotheses")[0] == "t.jsonl: hypotheses; 0 errors, 0 warnings"


def test_other_manifests_are_recognised(folder):
    (folder / "text").write_text("u1 我想 copy\nu2 \n", encoding="utf-8")
    assert "error: text:2: the transcript of 'u2' is empty" in found(folder / "text")[0]
    data = folder / "kaldi"
    data.mkdir()
    (data / "text").write_text("u1 好\n", encoding="utf-8")
    (data / "wav.scp").write_text(f"u1 {folder}/good.wav\nu2 none.wav\n")
    said = found(data)
    assert said[0].startswith("error: kaldi/wav.scp:2: kaldi/none.wav: no such audio file")
    nemo = lines(folder / "n.jsonl", {"audio_filepath": "none.wav", "text": "好"})
    assert found(nemo)[0].startswith("error: n.jsonl:1: none.wav: no such audio file")
    (folder / "t.tsv").write_text("id\twords\nu1\t好\n")
    assert found(folder / "t.tsv")[0].startswith("error: t.tsv: no format claims this file")
    hyps = [{"id": "a", "hyp": "好", "wer": 0.5}]
    assert found(lines(folder / "h.jsonl", *hyps), kind="hypotheses")[0].startswith("h.jsonl: hyp")
    assert "text: utterances (kaldi); 1 error, 1 warning" in found(folder / "text")
    assert "n.jsonl: utterances (nemo); 1 error, 0 warnings" in found(nemo)
    assert "text@plain: utterances (plain); 0 errors, 1 warning" in found(
        f"{folder / 'text'}@plain"
    )


def test_hypotheses_of_any_format(folder):
    (folder / "hyp.txt").write_text("S01-1 我 今 天\nS01-2 \n", encoding="utf-8")
    said = found(folder / "hyp.txt", kind="hypotheses")
    assert said[0] == "hyp.txt: hypotheses (kaldi); 0 errors, 0 warnings"
    assert said[1] == "  hypotheses: 2, of them empty: 1"
    rows = [{"id": f"u{i}", "text": "我"} for i in range(2)]
    lines(folder / "odd.manifest", *rows)
    assert found(folder / "odd.manifest")[1] == "odd.manifest: utterances; 0 errors, 1 warning"


def test_nothing_there(folder):
    assert (
        found(folder / "no.jsonl")[0]
        == "error: no.jsonl: cannot be read: No such file or directory"
    )
    assert (
        found(lines(folder / "u.jsonl", b""))[0]
        == "error: u.jsonl: the file is empty; not one usable row"
    )
    (folder / "d").mkdir()
    assert "no format claims this folder" in found(folder / "d")[0]
    with pytest.raises(InputError, match="at least one file"):
        validate()


def model(folder: Path, **extra: bytes) -> Path:
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    parts = {
        "config.json": b'{"model_type": "qwen2_audio"}',
        "processor_config.json": b"{}",
        "tokenizer.json": b"{}",
        "model.safetensors": len(header).to_bytes(8, "little") + header + bytes(8),
    }
    folder.mkdir()
    for name, data in (parts | extra).items():
        (folder / name).write_bytes(data)
    return folder


def index_of(**places: str) -> bytes:
    return json.dumps({"metadata": {}, "weight_map": places}).encode()


def test_a_whole_model_has_no_problems(tmp_path):
    said = found(save_tiny(tmp_path / "m"))
    assert said[0] == "m: model; 0 errors, 0 warnings"
    assert said[1].startswith("  weights: 1 file")


def test_a_model_is_compared_with_its_class_where_torch_is_installed(tmp_path, monkeypatch):
    folder = model(tmp_path / "m")
    assert found(folder)[0].startswith("error: m")
    monkeypatch.setattr("earmark.cli.checks.model.find_spec", lambda name: None)
    said = found(folder)
    assert said[0] == "m: model; 0 errors, 0 warnings"
    assert said[1].startswith("  its tensors were not compared with its class, which needs torch")


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("config.json", "m: a configuration is missing; expected config.json"),
        ("processor_config.json", "m: a processor is missing; expected processor_config.json or"),
        ("tokenizer.json", "m: a tokenizer is missing"),
        ("model.safetensors", "m: expected weights as *.safetensors, found none"),
    ],
)
def test_a_model_that_lacks_a_part(tmp_path, missing, message):
    folder = model(tmp_path / "m")
    (folder / missing).unlink()
    assert found(folder)[0].startswith(f"error: {message}")


def test_pickled_weights_are_refused_with_the_reason(tmp_path):
    folder = save_tiny(tmp_path / "m")
    (folder / "pytorch_model.bin").write_bytes(b"x")
    assert found(folder)[0] == "m: model; 0 errors, 0 warnings", "a pickle beside is not read"
    (folder / "model.safetensors").unlink()
    assert "found pytorch_model.bin, a pickle, which can run code" in found(folder)[0]


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"config.json": b"{"}, "error: m/config.json: not JSON"),
        ({"config.json": b"[]"}, "error: m/config.json: expected a JSON object, found list"),
        ({"config.json": b"{}"}, "error: m/config.json: no model_type"),
        ({"model.safetensors": b"abc"}, "error: m/model.safetensors: not safetensors, or cut off"),
        (
            {"model.safetensors.index.json": index_of(w="model-2.safetensors")},
            "error: m: the weights are there twice, in model.safetensors and in the files that",
        ),
        (
            {"config.json": b'{"model_type": "x", "auto_map": {}}'},
            "warning: m/config.json: the model brings Python code of its own",
        ),
    ],
)
def test_other_problems_of_models(tmp_path, extra, message):
    assert found(model(tmp_path / "m", **extra))[0].startswith(message)


def test_a_part_of_the_weights_is_missing(tmp_path):
    parts = {"model.safetensors.index.json": index_of(w="model-2.safetensors")}
    folder = model(tmp_path / "m", **parts)
    (folder / "model.safetensors").unlink()
    assert found(folder)[0].startswith("error: m: model-2.safetensors is missing, but the index")


def test_weights_that_were_cut_off(tmp_path):
    path = model(tmp_path / "m") / "model.safetensors"
    assert [tensor.name for tensor in read_header(path)] == ["w"]
    data = path.read_bytes()
    path.write_bytes(data[:-3])
    cut = f"cut off: expected {len(data)} bytes, found {len(data) - 3}"
    with pytest.raises(InputError, match=cut):
        read_header(path)


def test_an_adapter(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    (folder / "adapter_model.bin").write_bytes(b"x")
    said = found(folder)
    assert "found adapter_model.bin, a pickle" in said[0]
    assert "run: adapter; 1 error, 0 warnings" in said


def test_the_command_line(folder):
    good = lines(folder / "u.jsonl", {"id": "a", "audio": "good.wav", "text": "好"})
    bad = lines(folder / "b.jsonl", {"id": "a", "text": 3})

    def run(*paths):
        code = "import sys; from earmark.cli import main; main(); "
        check = "import sys; print(sorted({'torch', 'transformers'} & set(sys.modules)))"
        script = f"import atexit\natexit.register(lambda: exec({check!r}))\n{code}"
        command = [sys.executable, "-c", script, "validate", *map(str, paths)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    fine, wrong = run(good), run(good, bad)
    assert (fine.returncode, wrong.returncode) == (0, 1)
    assert f"{good}: utterances; 0 errors" in fine.stdout
    assert fine.stdout.endswith("[]\n"), "validate needs no torch"
    assert f"error: {bad}:1: field 'text' should be" in wrong.stdout
    assert f"{good}: utterances; 0 errors" in wrong.stdout


def test_a_model_as_transformers_saves_it_is_whole(tmp_path):
    folder = save_tiny(tmp_path / "m")
    assert found(folder)[0] == "m: model; 0 errors, 0 warnings"
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    assert found(folder)[0].startswith("error: m/model.safetensors: cut off")
