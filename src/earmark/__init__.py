"""Earmark makes an Audio LLM write down what was said.

`import earmark` is all that Python needs: each name of `__all__` is loaded when it is first used,
so that scoring needs no torch. Records in memory have audio paths that start at the current
folder; `read` and `write` translate them.

Some functions have the name of a package: `earmark.train` is both the package with the trainer
and, when it is called, the function.

>>> import earmark
>>> result = earmark.score(["我想 review 一下"], ["我想一下"])
>>> round(result.to_dict()["mixed_error_rate"], 3)
0.2
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from earmark.curate.verdict import Change, Drop, Keep
    from earmark.errors import EarmarkError, InputError, KnobError
    from earmark.evaluate.compare import Comparison
    from earmark.evaluate.score import Score
    from earmark.failures.mode import Mode
    from earmark.front.building import Curated, Pairs, curate, imitate, mine, pairs_from_candidates
    from earmark.front.files import read, write
    from earmark.front.judging import Judged, judge
    from earmark.front.models import export, train, transcribe
    from earmark.front.reporting import report
    from earmark.front.sampling import sample
    from earmark.front.scoring import compare, score
    from earmark.judges.judge import Case, Judge
    from earmark.metrics.metric import Metric, metric_of_texts
    from earmark.policies.load import load_policy
    from earmark.records import Candidate, Candidates, Counts, Hypothesis, Pair, Utterance

__all__ = [
    "Candidate",
    "Candidates",
    "Case",
    "Change",
    "Comparison",
    "Counts",
    "Curated",
    "Drop",
    "EarmarkError",
    "Hypothesis",
    "InputError",
    "Judge",
    "Judged",
    "Keep",
    "KnobError",
    "Metric",
    "Mode",
    "Pair",
    "Pairs",
    "Score",
    "Utterance",
    "__version__",
    "compare",
    "curate",
    "export",
    "imitate",
    "judge",
    "load_policy",
    "metric_of_texts",
    "mine",
    "pairs_from_candidates",
    "read",
    "report",
    "sample",
    "score",
    "train",
    "transcribe",
    "write",
]

# Where each name is.
HOMES = {
    **dict.fromkeys(
        ("Utterance", "Hypothesis", "Pair", "Candidate", "Candidates", "Counts"), "records"
    ),
    **dict.fromkeys(("EarmarkError", "InputError", "KnobError"), "errors"),
    **dict.fromkeys(("Keep", "Drop", "Change"), "curate.verdict"),
    **dict.fromkeys(("Metric", "metric_of_texts"), "metrics.metric"),
    **dict.fromkeys(("judge", "Judged"), "front.judging"),
    **dict.fromkeys(("Case", "Judge"), "judges.judge"),
    "Mode": "failures.mode",
    "Score": "evaluate.score",
    "Comparison": "evaluate.compare",
    "load_policy": "policies.load",
    **dict.fromkeys(("read", "write"), "front.files"),
    **dict.fromkeys(("score", "compare"), "front.scoring"),
    **dict.fromkeys(
        ("imitate", "mine", "pairs_from_candidates", "curate", "Pairs", "Curated"), "front.building"
    ),
    **dict.fromkeys(("transcribe", "train", "export"), "front.models"),
    "report": "front.reporting",
    "sample": "front.sampling",
}
PACKAGES = ("curate", "export", "report", "sample", "train", "transcribe")


class CallablePackage(ModuleType):
    """A package that is also a function of the front door, such as `earmark.train`."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Call the function."""
        return self.__wrapped__(*args, **options)

    @property
    def __wrapped__(self) -> Any:
        """Return the function, from which `help` and notebooks read the signature."""
        name = self.__name__.removeprefix("earmark.")
        return getattr(import_module(f"earmark.{HOMES[name]}"), name)


class Front(ModuleType):
    """The module `earmark`: Python sets each subpackage as an attribute when it is imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; a package with the name of a function becomes callable."""
        if name in PACKAGES and type(value) is ModuleType:
            value.__class__ = CallablePackage
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = Front


def __getattr__(name: str) -> Any:
    """Load a name of the front door when it is first used."""
    if name in PACKAGES:
        return import_module(f"{__name__}.{name}")
    if name not in HOMES:
        raise AttributeError(f"module 'earmark' has no attribute '{name}'")
    found = getattr(import_module(f"{__name__}.{HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """List what the front door has, loaded or not."""
    return sorted(__all__)
