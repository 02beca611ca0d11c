"""Options in files mean what they mean on the command line; what would be ignored is refused."""

import pytest

from earmark.cli import app
from earmark.cli.train import command, read_files_first
from earmark.errors import InputError, KnobError


@pytest.fixture
def read(tmp_path):
    """Return what `earmark train` makes of a file of options, before anything is run."""

    def options(text, *more):
        (tmp_path / "c.yaml").write_text(text)
        tokens = ["--pairs", "p", "--model", "m", "--out", "run", "--config"]
        tokens += [str(tmp_path / "c.yaml"), *more]
        read_files_first(tokens)
        _, bound, _ = command.parse_args(tokens, exit_on_error=False, print_error=False)
        return bound.arguments

    before = command.config
    yield options
    command.config = before


def test_values_are_the_texts_that_are_written(read):
    given = read(
        "max-steps: 7\nseed: 010\nlearning_rate: 1e-4\ngradient_checkpointing: yes\n"
        "wrap: [gap_filter, stacking]\nbeta: 0.10\n"
    )
    settings = given["settings"]
    assert (settings.max_steps, settings.seed, settings.learning_rate) == (7, 10, 1e-4)
    assert settings.gradient_checkpointing is True
    assert given["wrap"] == ["gap_filter", "stacking"]
    assert given["knobs"] == {"beta": 0.1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed: 1\nconfig: other.yaml", "c.yaml:2: 'config' is not read in a file; give --config"),
        ("preset: codeswitch-phi4-multimodal", "c.yaml:1: 'preset' is not read in a file; give"),
        ("max_steps: 2\nmax_steps: 3", "c.yaml:2: the key 'max_steps' is given twice"),
        ("max_steps: 2\nmax-steps: 3", "c.yaml:2: 'max-steps' is given a second time; see line 1"),
        ("seed:", "c.yaml:1: seed: expected a value, or a list of values"),
        ("settings: {seed: 3}", "c.yaml:1: settings: expected a value, or a list of values"),
        ("wrap: [[a]]", "c.yaml:1: wrap: expected a value, or a list of values"),
        ("3: 4", "c.yaml:1: expected a name as a key, found the number '3'"),
        ("null: 4", "c.yaml:1: expected a name as a key, found null"),
        ("- seed", "c.yaml: expected options such as"),
        ("seed: &x 1\nmax_steps: *x", "c.yaml:2: .*aliases are not read"),
    ],
)
def test_what_would_be_ignored_or_guessed_is_refused(read, text, message):
    with pytest.raises(InputError, match=message):
        read(text)


def test_an_empty_file_says_nothing(read):
    assert read("# nothing yet\n").keys() >= {"pairs", "model", "out"}


def test_a_fraction_of_a_step_is_refused_not_rounded(read, tmp_path):
    with pytest.raises(KnobError, match=r"c\.yaml: \[max_steps\]: expected a whole .* 1\.5"):
        read("max_steps: 1.5")
    with pytest.raises(KnobError, match=r"^--max-steps: expected a whole number, found 1\.5"):
        read("", "--max-steps", "1.5")
    with pytest.raises(KnobError, match=r"--max-steps: expected a whole number, found nan"):
        read("", "--max-steps", "nan")
    assert read("max_steps: 2.0")["settings"].max_steps == 2


def test_so_it_is_for_every_command():
    for tokens in (
        ["score", "--truth", "t", "--hyp", "h", "--show", "1.5"],
        ["pairs", "imitate", "--utterances", "u", "--out", "o", "--seed", "0.5"],
    ):
        with pytest.raises(KnobError, match=r"expected a whole number, found [01]\.5"):
            app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
