"""An exported model is base and adapter in one: the same numbers, loaded by anybody's code."""

import json
import shutil

import numpy as np
import pytest
import torch
import yaml
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import AutoModelForMultimodalLM, AutoProcessor

from earmark.cli import app
from earmark.cli.train import command
from earmark.errors import InputError, KnobError
from earmark.export.loading import Loading
from earmark.export.merge import export
from earmark.export.model_card import model_card
from earmark.formats.files.lines import write_jsonl
from earmark.formats.reading import read
from earmark.policies.load import load_policy, model_path
from earmark.records import Hypothesis, Utterance
from earmark.train.preflight.proofs import plain_logps
from earmark.train.run import train
from earmark.train.settings import TrainSettings
from tiny_world import messages, noise, save_tiny, write_pairs

ANSWERS = ["we should share the 会议", "我想去 library", "the shop"]
CAP = 16


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Make a base, an adapter and a wholly trained model, by `earmark train` itself."""
    folder = tmp_path_factory.mktemp("export")
    shutil.copytree(model_path("tiny-base"), folder / "base")
    pairs = write_pairs(folder, 6)
    write_jsonl(folder / "pairs.jsonl", pairs)
    truths = [Utterance(p.id, text=p.chosen, audio=f"clip{i}.wav") for i, p in enumerate(pairs)]
    write_jsonl(folder / "test.jsonl", truths)
    for name, rank in (("lora", 4), ("whole", 0)):
        settings = TrainSettings(
            learning_rate=1e-2,
            max_steps=3,
            logging_steps=1,
            save_steps=3,
            warmup_steps=0,
            per_device_train_batch_size=3,
            lora_rank=rank,
            cache_dir=str(folder / "cache"),
        )
        train(pairs, folder, str(folder / "base"), folder / name, settings=settings)
    return folder


@pytest.fixture(scope="module")
def exported(world):
    return export(world / "lora", world / "exported", dtype="float32")


def clips():
    rng = np.random.default_rng(3)
    return [noise(rng, seconds) for seconds in (1.0, 2.2, 0.6)]


@torch.no_grad()
def outcome(policy):
    """Return log-probabilities and greedy transcripts on three clips."""
    logps = torch.stack([plain_logps(policy, messages(), [clip], ANSWERS) for clip in clips()])
    return logps, policy.transcribe([messages()] * 3, clips(), CAP)


def test_it_equals_base_and_adapter_and_not_the_base(world, exported):
    logps, written = outcome(load_policy(str(world / "base"), str(world / "lora")))
    merged_logps, merged_written = outcome(load_policy(str(exported)))
    torch.testing.assert_close(merged_logps, logps, atol=2e-4, rtol=1e-5)
    assert merged_written == written
    base_logps, base_written = outcome(load_policy(str(world / "base")))
    assert (base_logps - logps).abs().max() > 1, "the control: training moved the model"
    assert base_written != written


def test_a_run_leaves_the_names_of_published_checkpoints(world):
    """peft with transformers 4 puts an adapter on nothing, without an error, by other names."""
    stored = load_file(world / "lora/adapter_model.safetensors")
    assert len(stored) == 42
    assert all(name.startswith("base_model.model.language_model.model.layers.") for name in stored)


def test_plain_transformers_loads_it(exported):
    network = AutoModelForMultimodalLM.from_pretrained(exported, dtype=torch.float32)
    processor = AutoProcessor.from_pretrained(exported)
    text = processor.apply_chat_template(messages(), tokenize=False, add_generation_prompt=True)
    clip = clips()[1]
    inputs = processor(text=text, audio=[clip], sampling_rate=16_000, return_tensors="pt")
    with torch.no_grad():
        ids = network.generate(**inputs, max_new_tokens=CAP, do_sample=False)
    (plain,) = processor.batch_decode(ids[:, inputs["input_ids"].shape[1] :], True)
    assert [plain] == load_policy(str(exported)).transcribe([messages()], [clip], CAP)


def test_it_is_stored_as_its_base_is(world, tmp_path):
    (world / "base/preprocessor_config.json").write_text("{}")
    (world / "base/LICENSE").write_text("as you like")
    out = export(world / "lora", tmp_path / "out")
    (world / "base/preprocessor_config.json").unlink()
    with (
        safe_open(world / "base/model.safetensors", "pt") as before,
        safe_open(out / "model.safetensors", "pt") as after,
    ):
        assert sorted(before.keys()) == sorted(after.keys()), "names that other programs know"
        dtypes = {after.get_tensor(name).dtype for name in after.keys()}  # noqa: SIM118
    assert dtypes == {torch.float16}
    assert json.loads((out / "config.json").read_text())["dtype"] == "float16"
    names = {path.name for path in out.iterdir()}
    assert names >= {"README.md", "run.json", "config.json", "generation_config.json"}
    assert names >= {"processor_config.json", "tokenizer.json", "tokenizer_config.json"}
    assert names >= {"chat_template.jinja", "preprocessor_config.json", "LICENSE"}
    assert not names & {"adapter_config.json", "adapter_model.safetensors"}
    greedy = [
        json.loads((folder / "generation_config.json").read_text())
        for folder in (world / "base", out)
    ]
    assert greedy[0] == greedy[1]
    logps, _ = outcome(load_policy(str(world / "base"), str(world / "lora")))
    torch.testing.assert_close(outcome(load_policy(str(out)))[0], logps, atol=0.3, rtol=1e-2)


def test_a_whole_model_is_exported_too(world, tmp_path):
    out = export(world / "whole", tmp_path / "out", dtype="float32")
    for one, two in zip(
        outcome(load_policy(str(out))), outcome(load_policy(str(world / "whole"))), strict=True
    ):
        assert torch.equal(one, two) if isinstance(one, torch.Tensor) else one == two
    assert "trained as a whole" in (out / "README.md").read_text()
    with pytest.raises(KnobError, match="is a whole model and needs no base"):
        export(world / "whole", tmp_path / "again", model=str(world / "base"))


def test_a_whole_model_is_stored_as_its_base_is(world, tmp_path, capsys):
    assert json.loads((world / "whole/config.json").read_text())["dtype"] == "float32"
    out = export(world / "whole", tmp_path / "out")
    assert json.loads((out / "config.json").read_text())["dtype"] == "float16"
    assert "become float16, as the files of" in capsys.readouterr().err

    run = shutil.copytree(world / "whole", tmp_path / "run")
    described = json.loads((run / "run.json").read_text())
    described["model"]["name"] = str(tmp_path / "gone")
    (run / "run.json").write_text(json.dumps(described))
    out = export(run, tmp_path / "kept")
    assert json.loads((out / "config.json").read_text())["dtype"] == "float32"
    assert "keep the number type of the run, float32" in capsys.readouterr().err


def test_from_the_command_line_to_a_card_a_transcript_and_a_new_adapter(world, tmp_path):
    def run(*tokens):
        app(list(map(str, tokens)), result_action="return_value", exit_on_error=False)

    test = world / "test.jsonl"
    given = ("--utterances", test, "--max-new-tokens", CAP)
    run("transcribe", "--model", world / "base", *given, "--out", tmp_path / "b.jsonl")
    run("score", "--truth", test, "--hyp", tmp_path / "b.jsonl", "--json", tmp_path / "base.json")
    scores = ("--scores", tmp_path / "base.json")
    run("export", "--adapter", world / "lora", "--out", tmp_path / "out", *scores)

    score = json.loads((tmp_path / "base.json").read_text())
    _, header, card = (tmp_path / "out/README.md").read_text().split("---\n", 2)
    assert yaml.safe_load(header)["library_name"] == "transformers"
    assert "dpo" in yaml.safe_load(header)["tags"]
    assert score["signature"] in card
    assert f"| base | 6 | {100 * score['mixed_error_rate']:.1f} % [" in card
    described = json.loads((world / "lora/run.json").read_text())
    block = json.loads(card.split("```json\n")[1].split("```")[0])
    cache = described["settings"]["cache_dir"]
    expected = json.dumps(described).replace(cache, "…/cache").replace(f"{world}/", "…/")
    assert block == json.loads(expected)
    assert str(world) not in card
    kept = json.loads((tmp_path / "out/run.json").read_text())
    assert kept.pop("exported")["dtype"] == "float16"
    assert kept == described

    run("transcribe", "--model", tmp_path / "out", *given, "--out", tmp_path / "a.jsonl")
    adapted = ("--model", world / "base", "--adapter", world / "lora")
    run("transcribe", *adapted, *given, "--out", tmp_path / "c.jsonl")
    written = [
        [(h.id, h.text) for h in read(Hypothesis, tmp_path / f"{name}.jsonl")] for name in "abc"
    ]
    assert written[0] == written[2] != written[1]

    more = ("--max-steps", "1", "--cache-dir", tmp_path / "cache", "--out", tmp_path / "second")
    tokens = ("--pairs", world / "pairs.jsonl", "--model", tmp_path / "out", *more)
    command(list(map(str, tokens)), exit_on_error=False, result_action="return_value")
    second = load_policy(str(tmp_path / "out"), str(tmp_path / "second"))
    assert any("lora" in name for name, _ in second.model.named_parameters())


def python_of(folder, **replaced):
    """Return the Python code of a card, its paths replaced by those of this machine."""
    code = (folder / "README.md").read_text().split("```python\n")[1].split("```")[0]
    for name, path in replaced.items():
        code = code.replace(f"path/to/{name}", str(path))
    assert "path/to" not in code
    return code


# peft 0.21 asks for a property by the name that transformers 5.23 gave up.
@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated")
@pytest.mark.parametrize("name", ["lora", "whole", "exported"])
def test_the_code_of_every_card_loads_what_was_trained(world, exported, name):
    found = {}
    exec(python_of(world / name, base=world / "base", **{name: world / name}), found)
    adapted = (world / "base", world / "lora") if name == "lora" else (world / name,)
    text = found["processor"].apply_chat_template(
        messages(), tokenize=False, add_generation_prompt=True
    )
    inputs = found["processor"](
        text=text, audio=[clips()[1]], sampling_rate=16_000, return_tensors="pt"
    )
    with torch.no_grad():
        ids = found["model"].float().generate(**inputs, max_new_tokens=CAP, do_sample=False)
    (plain,) = found["processor"].batch_decode(ids[:, inputs["input_ids"].shape[1] :], True)
    expected = load_policy(*map(str, adapted)).transcribe([messages()], [clips()[1]], CAP)
    assert [plain] == expected


@pytest.mark.parametrize("name", ["lora", "whole"])
def test_a_run_has_a_card_of_its_own_and_its_checkpoints_no_blank_one(world, name):
    card = (world / name / "README.md").read_text()
    assert "[More Information Needed]" not in card
    assert "aligned on 6 preference pairs" in card
    assert "| optimizer steps | 3 (epochs 1.0) |" in card
    assert "| on the training pairs | until step 1 | until step 3 |" in card
    assert "| loss | 0.6931 |" in card
    assert str(world) not in card
    assert not (world / name / "checkpoint-3/README.md").exists()


@pytest.mark.parametrize("folder", ["lora", "lora/checkpoint-3", "whole", "exported"])
def test_weights_can_be_read_by_whom_the_umask_lets(world, exported, folder):
    (world / "probe").touch()
    usual = (world / "probe").stat().st_mode
    files = list((world / folder).glob("*.safetensors"))
    assert files
    assert {file.stat().st_mode for file in files} == {usual}


def test_a_base_is_known_by_its_weights(world, tmp_path):
    moved = shutil.copytree(world / "base", tmp_path / "elsewhere")
    load_policy(str(moved), str(world / "lora"))
    other = save_tiny(tmp_path / "other/base", seed=5)
    with pytest.raises(InputError, match=r"trained on .* not on .*other/base: its run.json has"):
        load_policy(str(other), str(world / "lora"))
    with pytest.raises(InputError, match=r"not on .*other/base"):
        export(world / "lora", tmp_path / "out", model=str(other))
    assert not (tmp_path / "out").exists()

    bare = shutil.copytree(world / "lora", tmp_path / "bare")
    (bare / "run.json").unlink()
    with pytest.raises(InputError, match=r"trained on .*base, not on .*elsewhere"):
        load_policy(str(moved), str(bare))
    out = export(bare, tmp_path / "bare-out", dtype="float32")
    assert "how it was trained is not known" in (out / "README.md").read_text()
    with pytest.raises(InputError, match=r"its run\.json has"):
        load_policy(str(other), str(world / "lora/checkpoint-3"))


def spoil(world, tmp_path, change):
    """Copy the adapter's run and change its description."""
    run = shutil.copytree(world / "lora", tmp_path / "run")
    described = json.loads((run / "run.json").read_text())
    change(described)
    (run / "run.json").write_text(json.dumps(described))
    return run


def test_the_card_says_where_the_lora_was():
    settings = {"lora_rank": 4, "lora_targets": ".*tower.*"}
    loading = Loading("Qwen2AudioForConditionalGeneration")
    card = model_card("m", "base", "float32", {"settings": settings}, {}, loading=loading)
    assert "A LoRA of rank 4 on the layers that match `.*tower.*` was merged" in card
    run = {"settings": {**settings, "lora_targets": ""}}
    card = model_card("m", "base", "float32", run, {}, loading=loading)
    assert "A LoRA of rank 4 on the language model was merged" in card


def test_what_cannot_be_exported_is_refused(world, exported, tmp_path):
    with pytest.raises(InputError, match="something is there already"):
        export(world / "lora", exported)
    with pytest.raises(InputError, match="no such folder; expected a run"):
        export(tmp_path / "nowhere", tmp_path / "out")
    with pytest.raises(InputError, match=r"neither an adapter .* nor a model"):
        export(world / "cache", tmp_path / "out")
    with pytest.raises(InputError, match="this run has not ended"):
        export(spoil(world, tmp_path, lambda run: run.pop("finished")), tmp_path / "out")
    (tmp_path / "odd.json").write_text('{"signature": "x"}')
    with pytest.raises(InputError, match="not a score: utterances, mixed_error_rate"):
        export(world / "lora", tmp_path / "out", scores=[tmp_path / "odd.json"])
    with pytest.raises(InputError, match="no such file; expected what `earmark score --json`"):
        export(world / "lora", tmp_path / "out", scores=[tmp_path / "no.json"])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "file"), [("lora", "adapter_model.safetensors"), ("whole", "model.safetensors")]
)
def test_a_run_that_diverged_is_refused(world, tmp_path, name, file):
    run = shutil.copytree(world / name, tmp_path / "run")
    weights = load_file(run / file)
    first = sorted(weights)[0]
    weights[first] = torch.full_like(weights[first], float("nan"))
    save_file(weights, run / file, {"format": "pt"})
    with pytest.raises(InputError, match=r"not finite .*the run that wrote it has diverged"):
        export(run, tmp_path / "out")
    assert not list(tmp_path.glob("*out*"))


def test_a_folder_appears_only_when_it_is_whole(world, tmp_path, monkeypatch):
    def full(*_, **__):
        assert list(tmp_path.glob(".out.*.tmp/model.safetensors")), "the weights were written"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("earmark.export.merge.model_card", full)
    with pytest.raises(InputError, match="cannot be written: No space left"):
        export(world / "lora", tmp_path / "out")
    assert not list(tmp_path.iterdir())
