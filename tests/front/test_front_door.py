"""`import earmark`: what it offers, how fast, and what it leaves unloaded."""

import subprocess
import sys

import pytest

import earmark

OFFERED = ("read", "write", "score", "compare", "imitate", "mine", "curate", "load_policy")
OFFERED += ("transcribe", "train", "export", "report", "Utterance", "Hypothesis", "Pair")
HEAVY = ("torch", "transformers", "soundfile", "matplotlib", "pyarrow", "pandas", "numpy")


def run(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_it_takes_less_than_a_tenth_of_a_second_of_cpu_time():
    measured = "import time; s = time.process_time(); import earmark; e = time.process_time()"
    assert min(float(run(f"{measured}; print(e - s)")) for _ in range(3)) < 0.1


def test_importing_it_and_looking_around_loads_nothing_heavy():
    looked = f"import sys, earmark; dir(earmark); print([m for m in {HEAVY} if m in sys.modules])"
    assert run(looked) == "[]"


def test_scoring_loads_no_torch():
    scored = "import sys, earmark; earmark.score(['好的'], ['好']); print('torch' in sys.modules)"
    assert run(scored) == "False"


@pytest.mark.parametrize("name", earmark.__all__)
def test_every_name_is_there_and_listed(name):
    assert name in dir(earmark)
    assert getattr(earmark, name) is not None
    assert name == "__version__" or name in earmark.HOMES


@pytest.mark.parametrize("name", OFFERED)
def test_what_the_documents_promise_can_be_called(name):
    assert name in earmark.__all__
    assert callable(getattr(earmark, name))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'scroe'"):
        earmark.scroe  # noqa: B018


@pytest.mark.parametrize("name", earmark.PACKAGES)
@pytest.mark.parametrize(
    "before", ["", "import earmark.{name}", "from earmark.{name} import __doc__"]
)
def test_a_package_is_its_function_however_it_is_imported(name, before):
    code = f"import earmark; {before.format(name=name)}\n"
    code += f"import earmark.{name} as package; from earmark import {name}\n"
    code += f"print({name} is package, callable(earmark.{name}), package.__name__)"
    assert run(code) == f"True True earmark.{name}"


def test_a_callable_package_shows_the_signature_of_its_function():
    code = "import earmark, inspect; print(list(inspect.signature(earmark.curate).parameters))"
    assert run(code) == "['pairs', 'by', 'knobs']"
