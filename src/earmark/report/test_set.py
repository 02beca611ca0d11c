"""A test set as a report sees it: truths, what each system wrote, and how that scored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from earmark.records import Hypothesis, Utterance
from earmark.text.profiles import Profile

Json = Mapping[str, Any]

OK, ERROR = "ok", "error"


class Outcome(NamedTuple):
    """How one system did on one utterance: edit count, truth tokens, named failure."""

    errors: int
    truth_tokens: int
    failure: str
    detail: str = ""

    @property
    def capped_rate(self) -> float:
        """Return errors / truth tokens, 1 at most, so that one loop does not outweigh all else.

        >>> Outcome(30, 10, "hallucination").capped_rate, Outcome(2, 0, "error").capped_rate
        (1.0, 1.0)
        """
        return min(1.0, self.errors / max(1, self.truth_tokens))


@dataclass(frozen=True)
class TestSet:
    """A name, the truths, and the hypotheses of each system, the first to compare with.

    `folder` is where the relative audio paths of the truths start. A clip outside of it is put
    into a page only where `allow_outside`.
    """

    # Tells pytest, which collects classes called Test..., that this is none of its own.
    __test__: ClassVar[bool] = False

    name: str
    truths: Sequence[Utterance]
    hyps: Mapping[str, Sequence[Hypothesis]]
    folder: Path = Path(".")
    allow_outside: bool = False


@dataclass(frozen=True)
class ScoredSet:
    """A test set, scored.

    Attributes:
        scores: the JSON of `score` per system.
        comparisons: the JSON of `compare` with the first system, for each of the others.
        outcomes: utterance id -> system -> outcome.
        control: the system that was trained without preference, such as by SFT, if there is one.
        control_comparisons: the JSON of `compare` with the control, for each system but the
            first and the control itself.
    """

    test_set: TestSet
    profile: str | Profile
    scores: Mapping[str, Json]
    comparisons: Mapping[str, Json]
    outcomes: Mapping[str, Mapping[str, Outcome]]
    control: str | None = None
    control_comparisons: Mapping[str, Json] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return the test set's name."""
        return self.test_set.name

    @property
    def systems(self) -> list[str]:
        """Return the names of the systems; the first is the one to compare with."""
        return list(self.scores)

    @property
    def failure_modes(self) -> list[str]:
        """Return the failure labels that the scores count, in their order."""
        labels = [label for score in self.scores.values() for label in score["failure_modes"]]
        return list(dict.fromkeys(labels))

    @property
    def most_failures(self) -> int:
        """Return in how many utterances the worst system shows a named failure."""
        return max(
            sum(
                found["utterances"]
                for label, found in score["failure_modes"].items()
                if label not in (OK, ERROR)
            )
            for score in self.scores.values()
        )

    @property
    def notes(self) -> list[str]:
        """Return what the scores say beside their numbers; what is so of one system names it."""
        systems: dict[str, list[str]] = {}
        for system, score in self.scores.items():
            for text in score["notes"]:
                systems.setdefault(text, []).append(system)
        return [
            text if len(of) == len(self.scores) else f"{', '.join(of)}: {text}"
            for text, of in systems.items()
        ]

    @property
    def is_monolingual(self) -> bool:
        """Return whether every utterance that has a language has the same one."""
        truth = self.scores[self.systems[0]]["composition"]["truth"]["utterances"]
        return not truth["mixed"] and not (truth["zh"] and truth["en"])
