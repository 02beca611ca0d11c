"""Check a model or adapter folder without loading it, and without running code from it."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from earmark.cli.checks.findings import Findings, some
from earmark.errors import InputError
from earmark.policies.checkpoint.folder import SETTINGS, is_adapter, problems, runs_own_code
from earmark.policies.checkpoint.json_object import read_object

# Imports torch, and so only where it is installed and there is something to compare.
LOAD = "earmark.policies.load"
NEEDED = ("torch", "transformers", "peft")


def check_model(findings: Findings) -> None:
    """Check that a folder has all parts of a model, and weights that are safe and whole.

    A model that passes is compared with its class, as far as the libraries are installed.
    """
    folder = findings.path
    findings.kind = "adapter" if is_adapter(folder) else "model"
    for problem in problems(folder):
        where, _, message = problem.partition(": ")
        findings.error(where, message)
    if runs_own_code(folder):
        findings.warn(
            str(folder / "config.json"),
            "the model brings Python code of its own; it is not run unless you ask for it with "
            "--trust-remote-code",
        )
    elif not findings.counts["error"]:
        _compare_with_class(findings)
    weights = [path for path in folder.glob("*.safetensors") if path.is_file()]
    size = sum(path.stat().st_size for path in weights)
    findings.facts.append(f"weights: {some(len(weights), 'file')}, {size / 1e6:.1f} MB")


def _compare_with_class(findings: Findings) -> None:
    """Check all that `train` and `transcribe` check before they load the weights.

    An adapter is compared with its base model if that is a folder here.
    """
    base = ""
    if findings.kind == "adapter":
        base = str(read_object(findings.path / SETTINGS)[0].get("base_model_name_or_path"))
        if not Path(base).is_dir():
            findings.facts.append(f"its tensors were not compared with its base: no folder {base}")
            return
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        findings.facts.append(
            f"its tensors were not compared with its class, which needs {', '.join(missing)}: "
            "install earmark with its [train] extra"
        )
        return
    try:
        load = import_module(LOAD)
        parts = load.read_parts(base or str(findings.path))
        if base:
            load.check_adapter(parts, findings.path, base)
    except InputError as error:
        where, _, message = str(error).partition(": ")
        findings.error(where, message)
