"""Each shipped preset is read, is valid, and gives way to what the user says."""

import pytest

from earmark.cli.train import command, presets, read_files_first
from earmark.errors import InputError, KnobError
from earmark.objectives.contract.choose import choose_objective

# Rank of the LoRA (0: whole model), learning rate, beta and pairs a step: arXiv 2605.23975.
PAPER = {
    "codeswitch-meralion2": (0, 1e-6, 0.5, 256),
    "codeswitch-phi4-multimodal": (0, 5e-6, 0.05, 256),
    "codeswitch-qwen2-audio": (256, 3e-5, 0.3, 64),
}


@pytest.fixture
def read():
    """Return what `earmark train` makes of its options, before anything is run."""

    def options(*more):
        tokens = ["--pairs", "pairs.jsonl", "--out", "run", *more]
        read_files_first(tokens)
        _, bound, _ = command.parse_args(tokens, exit_on_error=False, print_error=False)
        return bound.arguments

    before = command.config
    yield options
    command.config = before


def test_the_papers_rows_are_there():
    assert presets().keys() == PAPER.keys()


@pytest.mark.parametrize("name", PAPER)
def test_each_preset_is_valid_and_is_the_papers_row(read, name):
    given = read("--preset", name)
    settings, knobs = given["settings"], given["knobs"]
    chosen = choose_objective(given["objective"], 0.0, dict(knobs), [], [])
    step = settings.per_device_train_batch_size * settings.gradient_accumulation_steps
    beta = chosen.contract.knobs["beta"]
    assert (settings.lora_rank, settings.learning_rate, beta, step) == PAPER[name]
    assert settings.num_train_epochs == 1
    assert settings.trust_remote_code is False
    assert "/" in given["model"]


def test_what_is_given_wins_over_the_file_and_the_file_over_the_preset(read, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("beta: 0.2\nlearning_rate: 1.0e-4\nseed: 7\n")
    preset = ["--preset", "codeswitch-qwen2-audio"]
    given = read(*preset, "--config", str(file), "--learning-rate", "2e-4", "--model", "tiny-base")
    assert given["model"] == "tiny-base"
    assert given["settings"].learning_rate == 2e-4
    assert given["settings"].seed == 7
    assert float(given["knobs"]["beta"]) == 0.2
    assert given["settings"].lora_rank == 256


def test_an_unknown_preset_and_a_missing_file_are_refused(read):
    with pytest.raises(KnobError, match="did you mean 'codeswitch-qwen2-audio'"):
        read("--preset=codeswitch-qwen2audio")
    with pytest.raises(InputError, match="no such configuration file"):
        read("--config", "nowhere.yaml")
