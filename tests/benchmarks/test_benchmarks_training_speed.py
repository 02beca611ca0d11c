"""The race of training steps in miniature: TRL really runs and hears, and what cheats is caught."""

import doctest
import gc
import json
import sys
from pathlib import Path

import pytest
import torch
from transformers import Qwen2AudioForConditionalGeneration

import attention_gpu
import test_architecture
import training_speed
import training_speed_gpu
from earmark.errors import KnobError
from training_steps import flops, names
from training_steps.earmark_step import CACHED, LIVE, TOWER_LIVE
from training_steps.environments import AbsentError, run_or_absent
from training_steps.measure import Plan, local_added_mib, measure
from training_steps.names import canonical
from training_steps.peer import peer_step
from training_steps.race import UnlikeError
from training_steps.shapes import SHAPES
from training_steps.task import Case, load_base, write_task
from training_steps.trl_step import DEFAULT, PRECOMPUTED, HearingCollator

FOLDER = Path(training_speed.__file__).parent
SMALL = Case("tiny", 40, 3)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("training_speed")


def plan(root, **others):
    return Plan(root, root / "peers", rounds=1, weighed=(), **others)


def test_a_miniature_prints_the_keys_in_its_last_line(root, capsys):
    options = ["--shapes", "tiny", "--audio-tokens", "40", "--losers", "3", "--tuning", "lora"]
    training_speed.run(
        training_speed.parsed([*options, "--repeats", "1", "--no-memory", "--out", str(root)])
    )
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last.keys() >= {"ratios", "memory", "floor"}
    ratios = last["ratios"][SMALL.name]
    assert ratios.keys() == {
        f"{a} / {b}" for a in (CACHED, TOWER_LIVE, LIVE) for b in (PRECOMPUTED, DEFAULT)
    }
    assert last["floor"][SMALL.name] > 0


def test_full_tuning_agrees_and_every_trainer_hears(root):
    measured = measure(Case("tiny", 40, 1, "full"), plan(root))
    heard = {name: way.clips_per_pair for name, way in measured.ways.items()}
    assert heard == {CACHED: 0, TOWER_LIVE: 1, LIVE: 1, PRECOMPUTED: 2, DEFAULT: 4}
    assert len({round(way.loss, 4) for way in measured.ways.values()}) == 1
    assert max(way.gradient_difference for way in measured.ways.values()) < 1e-5


class Deaf(HearingCollator):
    def torch_call(self, examples):
        batch = super().torch_call(examples)
        return {name: values for name, values in batch.items() if "feature" not in name}


class HearsSilence(HearingCollator):
    def torch_call(self, examples):
        batch = super().torch_call(examples)
        return batch | {"input_features": torch.zeros_like(batch["input_features"])}


@pytest.mark.parametrize(
    ("collator", "message"),
    [(Deaf, "no clip reached the audio tower"), (HearsSilence, "differs from|loss")],
)
def test_a_trainer_that_does_not_hear_the_clip_is_not_timed(root, collator, message):
    with pytest.raises(UnlikeError, match=message):
        measure(SMALL, plan(root, collator=collator))


def test_memory_is_that_of_one_step(root):
    added = local_added_mib(root, SMALL, CACHED)
    assert 0 < added < 200


def test_a_peer_that_cannot_run_says_why(root):
    task = write_task(load_base(root, "tiny"), root, SMALL)
    with pytest.raises(AbsentError, match=r"ms-swift .* did not run: .*'swift'"):
        peer_step("ms-swift", Path(sys.executable), task, 3)


def test_a_package_that_pypi_does_not_give_is_refused_with_what_to_do(tmp_path):
    pip = [sys.executable, "-m", "pip", "install", "--no-index", "ms-swift"]
    with pytest.raises(AbsentError, match="It needs PyPI; without it, leave --peers out"):
        run_or_absent(pip, "ms-swift")


def test_names_agree_between_versions():
    old = "base_model.model.language_model.model.layers.3.mlp.up_proj.lora_B.default.weight"
    new = "base_model.model.model.language_model.layers.3.mlp.up_proj.lora_B.default.weight"
    assert canonical(old) == canonical(new) == "layers.3.mlp.up_proj.lora_B.weight"
    assert canonical("language_model.lm_head.weight") == canonical("lm_head.weight")


def test_quick_has_two_cases_and_no_peers():
    options = training_speed.parsed(["--quick", "--peers", "ms-swift"])
    assert [case.losers for case in training_speed.cases_of(options)] == [1, 3]
    assert training_speed.peers_of(options) == ()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--shapes", "prototyp"], "did you mean 'prototype'"),
        (["--peers", "swift"], "did you mean 'ms-swift'"),
        (["--audio-tokens", "751"], "hears 750 at most"),
    ],
)
def test_bad_options_are_refused(arguments, message):
    with pytest.raises(KnobError, match=message):
        training_speed.cases_of(training_speed.parsed(arguments))


def test_the_gpu_benchmark_runs_end_to_end_on_a_cpu(capsys):
    arguments = ["--shape", "tiny", "--device", "cpu", "--cases", "2x4"]
    training_speed_gpu.run(
        training_speed_gpu.parsed([*arguments, "--repeats", "1", "--peak-tflops", "1"])
    )
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    ways = last["cases"]["2 clips of 4 s"]
    assert ways.keys() == {CACHED, LIVE, PRECOMPUTED, DEFAULT}
    assert all(0 < way["utilisation"] < 1 for way in ways.values())
    left = [x for x in gc.get_objects() if type(x) is Qwen2AudioForConditionalGeneration]
    assert not left, "the next case's models would stand beside them"


@pytest.mark.parametrize("case", ["2x9", "0x4", "4", "2x", "axb"])
def test_the_gpu_benchmark_refuses_what_is_no_case(case):
    options = training_speed_gpu.parsed(["--shape", "tiny", "--device", "cpu", "--cases", case])
    with pytest.raises(KnobError, match=r"8x4|up to 4 s"):
        training_speed_gpu.run(options)
    if case != "2x9":
        with pytest.raises(KnobError, match=r"8x4|up to 30 s"):
            attention_gpu.run(options)


def test_attention_of_a_shared_row_is_the_same_in_every_way(capsys):
    attention_gpu.run(attention_gpu.parsed(["--device", "cpu", "--cases", "1x4", "--repeats", "1"]))
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    ways = last["cases"]["1 clips of 4 s"]
    assert ways.keys() == {attention_gpu.MASKED, attention_gpu.PARTS}
    assert all(way["ms"] > 0 and way["error"] < 1e-5 for way in ways.values())


def test_flops_of_the_large_shape_are_those_of_its_weights():
    shape = SHAPES["qwen2-audio-7b"]
    assert flops.weights(*shape.text[:3], gated=True) == pytest.approx(6.48e9, rel=0.01)
    assert flops.tower_flops(shape, 1500) == pytest.approx(2.28e12, rel=0.1)
    case = Case("qwen2-audio-7b", 726, 1)
    assert flops.earmark_flops(shape, case, live=False) == pytest.approx(21.2e12, rel=0.03)
    assert flops.trl_flops(shape, case, live=True) == pytest.approx(70.4e12, rel=0.05)


@pytest.mark.parametrize("module", [names, flops])
def test_examples_in_docstrings(module):
    result = doctest.testmod(module)
    assert result.attempted
    assert not result.failed


@pytest.mark.parametrize("path", sorted(FOLDER.glob("training_s*/**/*.py")), ids=lambda p: p.name)
def test_the_house_rules_hold_for_the_benchmark_too(path):
    test_architecture.test_file_is_one_idea(path)
