"""Check a model or adapter folder without loading it: no torch, no code from the folder."""

from earmark.cli.checks.findings import Findings, some
from earmark.policies.checkpoint.folder import is_adapter, problems, runs_own_code


def check_model(findings: Findings) -> None:
    """Check that a folder has all parts of a model, and weights that are safe and whole."""
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
    weights = list(folder.glob("*.safetensors"))
    size = sum(path.stat().st_size for path in weights)
    findings.facts.append(f"weights: {some(len(weights), 'file')}, {size / 1e6:.1f} MB")
