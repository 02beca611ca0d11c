"""Help, names and wrong options answer before anything heavy is imported, with or without torch."""

import subprocess
import sys
from inspect import signature
from typing import get_type_hints

import pytest

from earmark.cli import COMMANDS, main
from earmark.cli.convert import convert
from earmark.cli.options.scoring import ScoringOptions
from earmark.cli.pairs import imitate, mined
from earmark.cli.startup import catalog
from earmark.cli.train import check_knobs, value_of
from earmark.cli.train import command as train_command
from earmark.errors import KnobError
from earmark.evaluate.score import SetAside
from earmark.failures import MODES
from earmark.formats.reading import OnError
from earmark.formats.schema.kinds import Kind
from earmark.judges import JUDGES
from earmark.lookup import summary_of
from earmark.objectives import OBJECTIVES, WRAPPERS
from earmark.objectives.contract.explain import papers, summary
from earmark.objectives.contract.signature import contract
from earmark.objectives.weightings import WEIGHTINGS
from earmark.translators.dictionaries.choose import DEFAULT

# What computes and reads; it takes longer to import than a help text may take.
WORK = (
    *("numpy", "rapidfuzz", "opencc", "yaml", "earmark.text", "earmark.failures"),
    *(
        "earmark.curate",
        "earmark.judges",
        "earmark.evaluate",
        "earmark.speech",
        "earmark.voices",
        "earmark.formats",
    ),
)
# The formats that this help text names are those of the table.
NAMED_BY_TABLES = {"convert --help": "earmark.formats"}
HEAVY = ("torch", "transformers", "peft", "accelerate", "soundfile", "soxr", "matplotlib", "jinja2")
# Runs several command lines in one process in which heavy packages cannot be imported, and prints
# the exit code of each with what of WORK was imported until then, and the CPU seconds of all.
ALONE = f"""
import resource, sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {HEAVY}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name.split(".")[0])
sys.meta_path.insert(0, Blocked())
from earmark.cli import main
for line in sys.stdin.read().splitlines():
    sys.argv = ["earmark", *line.split()]
    try:
        main()
    except SystemExit as end:
        print("code", end.code, line)
        print("loaded", *[name for name in {WORK} if name in sys.modules])
used = resource.getrusage(resource.RUSAGE_SELF)
print("cpu", used.ru_utime + used.ru_stime)
"""


def alone(*lines: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", ALONE],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def after(done: subprocess.CompletedProcess, what: str) -> list[str]:
    """Return what follows a word at the beginning of lines."""
    lines = done.stdout.splitlines()
    return [line.removeprefix(what).strip() for line in lines if line.split()[:1] == [what]]


def test_every_help_works_in_the_base_install_and_imports_none_of_the_work():
    helps = [f"{name} --help" for name in (*COMMANDS, "pairs imitate", "pairs mined")]
    # What one of them imports is still there for the next: those without any come first.
    helps.sort(key=lambda line: len(NAMED_BY_TABLES.get(line, "")))
    lines = ["--help", "help", "--version", "scor", "train --lr 3", *helps]
    done = alone(*lines)
    assert after(done, "code") == [
        f"{2 if line in ('scor', 'train --lr 3') else 0} {line}" for line in lines
    ], done.stderr[-2000:]
    loaded = dict(zip(lines, after(done, "loaded"), strict=True))
    assert {line: names for line, names in loaded.items() if names} == NAMED_BY_TABLES
    assert "needs" not in done.stderr
    # The limit is half a second a command; the interpreter and the parser are shared here.
    assert float(after(done, "cpu")[0]) < 0.5 * len(lines)


def test_what_help_texts_name_is_what_there_is():
    assert catalog.modes() == list(MODES)
    for options in (ScoringOptions, imitate, mined):
        types, defaults = get_type_hints(options), signature(options).parameters
        assert types["on_error"] == OnError
        assert defaults["dictionary"].default == DEFAULT
    assert get_type_hints(ScoringOptions)["set_aside"] == SetAside
    assert get_type_hints(convert)["kind"] == Kind | None
    judges = catalog.summaries("JUDGES", "earmark.judges")
    assert judges == {name: summary_of(judge) for name, judge in JUDGES.items()}


def test_typing_errors_are_answered_in_the_base_install():
    done = alone("scor", "--foo", "train", "train --pairs p --model m --out o --lr 1e-5")
    assert [code[0] for code in after(done, "code")] == ["2"] * 4, done.stderr[-2000:]
    said = " ".join(done.stderr.split())
    assert "earmark has no command 'scor'; did you mean 'score'?" in said
    assert "earmark has no option '--foo'" in said
    assert "earmark train has no option --lr" in said
    assert "it is called --learning-rate" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("train --resume", "train has no option --resume; the same command resumes a run"),
        ("train --pairs p --model m --out o --resume", "has no option --resume; the same command"),
        ("train --load-in-4bit", "has no option --load-in-4bit; quantised bases cannot be trained"),
        ("train --load_in_4bit=true", "has no option --load-in-4bit; quantised bases"),
        ("train --use-dora true", "has no option --use-dora; a plain LoRA"),
        ("train --push-to-hub", "has no option --push-to-hub; `earmark export` writes a folder"),
        ("train --lr", "has no option --lr; it is called --learning-rate"),
        ("train --lr 1e-5", "has no option --lr; it is called --learning-rate"),
        ("train --adapter", "has no option --adapter; a run begins without one"),
        ("train --adapter run", "has no option --adapter; a run begins without one"),
        ("train --objective my:own --resume", "has no option --resume; the same command"),
        ("train --learnin-rate 1", "has no option --learnin-rate; did you mean 'learning-rate'"),
        ("transcribe --load-in-8bit", "transcribe has no option --load-in-8bit; weights are"),
        ("export --push-to-hub", "export has no option --push-to-hub; `hf upload` takes"),
        ("score --hyps x", "score has no option --hyps; did you mean 'hyp'?"),
        ("score --truth t --hyp h --foo", "score has no option --foo; it is one of: dictionary,"),
        ("pairs imitate --utterance u", "imitate has no option --utterance; did you mean"),
    ],
)
def test_an_option_of_elsewhere_is_said_not_to_exist(line, said, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["earmark", *line.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert said in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("line", ["train --beta", "train --objective my:own --rank 3", "score"])
def test_options_that_exist_or_may_exist_are_left_to_the_parser(line, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["earmark", *line.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "requires an argument" in capsys.readouterr().err


def test_the_help_of_train_lists_every_weighting():
    assert list(catalog.weightings()) == list(WEIGHTINGS)
    assert f"(--weighting): {', '.join(WEIGHTINGS)}." in str(train_command.help)


@pytest.mark.parametrize("table", ["OBJECTIVES", "WRAPPERS"])
def test_the_catalog_reads_what_the_functions_say(table):
    functions = {"OBJECTIVES": OBJECTIVES, "WRAPPERS": WRAPPERS}[table]
    found = catalog.listed(table)
    assert list(found) == list(functions)
    for name, entry in found.items():
        assert entry.summary == summary(functions[name])
        assert entry.papers == papers(functions[name])
        if table == "OBJECTIVES":
            assert entry.knobs == contract(functions[name]).knobs


@pytest.mark.parametrize(
    ("knob", "hint"),
    [
        ("bta", "did you mean 'beta'"),
        ("learning_rat", "did you mean 'learning_rate'"),
        ("lr", "it is called --learning-rate"),
        ("resume", "the same command resumes"),
        ("load_in_4bit", "quantised bases cannot be trained"),
        ("use_dora", "a plain LoRA"),
        ("push_to_hub", "earmark export"),
    ],
)
def test_an_option_that_does_not_exist_is_said_not_to(knob, hint):
    option = knob.replace("_", "-")
    with pytest.raises(KnobError, match=rf"no option --{option}, and objective 'dpo'.*{hint}"):
        check_knobs("dpo", [], [knob])


def test_known_names_pass():
    check_knobs("dpo", [], ["beta"])
    check_knobs("dpo", ["js"], ["whatever the wrapper has"])
    check_knobs("mine.losses:my_dpo", [], ["strength"])
    with pytest.raises(KnobError, match="no objective 'dpoo'; did you mean 'dpo'"):
        check_knobs("dpoo", [], [])
    with pytest.raises(KnobError, match="no wrapper 'jss'"):
        check_knobs("dpo", ["jss"], [])


def test_no_arguments_at_all_have_no_value():
    assert value_of("--config", []) is None


def test_an_interrupted_run_says_that_it_resumes(monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("earmark.cli.check_name", interrupted)
    for command, said in (("train", "the same command resumes it"), ("score", "nothing was")):
        monkeypatch.setattr(sys, "argv", ["earmark", command])
        with pytest.raises(SystemExit, match="130"):
            main()
        assert said in capsys.readouterr().err
