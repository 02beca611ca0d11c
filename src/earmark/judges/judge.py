"""What a judge is: it maps a prompt, its answers and the truth to a number per answer."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from earmark.endpoint import SettingsError, UnreachableError
from earmark.errors import InputError

Messages = Sequence[Mapping[str, Any]]
REASON = 300


class Unscored(InputError):
    """A judge cannot score a row or an answer; the text says why."""


class Failed(NamedTuple):
    """In the place of a score: why there is none."""

    why: str


Score = float | Failed


class Answer(NamedTuple):
    """One answer that is judged.

    Attributes:
        text: what it says; None where it is sound alone.
        sounds: its parts that are sound, each with the path `audio`, and a span if it has one.
        prompt: the prompt that it answers, where that is not the row's, such as another clip.
    """

    text: str | None
    sounds: tuple[Mapping[str, Any], ...] = ()
    prompt: Messages | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """What a judge is given: the prompt, the answers, and what is known of the truth.

    Attributes:
        id: of the row.
        prompt: messages with typed parts.
        answers: in the order of the row; of a pair the chosen one is first.
        truths: right answers, the main one first; empty where none is known.
        language: of the truth.
        facts: what else the row says: its annotations and its extra fields.
        folder: where relative paths start.
    """

    id: str
    prompt: Messages
    answers: tuple[Answer, ...]
    truths: tuple[str, ...] = ()
    language: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    folder: Path = Path()

    @property
    def truth(self) -> str:
        """Return the main right answer.

        Raises:
            Unscored: none is known.
        """
        if not self.truths:
            raise Unscored("no truth is known; give the row a field 'truth'")
        return self.truths[0]


def text_of(answer: Answer) -> str:
    """Return what an answer says.

    Raises:
        Unscored: it is sound alone.
    """
    if answer.text is None:
        raise Unscored("the answer has no text; transcribe its sound first")
    return answer.text


@dataclass(frozen=True)
class Judge:
    """A judge whose knobs are set.

    Attributes:
        name: under which its scores are written, unless the user names another criterion.
        version: what two scores must share to be compared: a number and the knobs that matter.
        score: from cases to one list per case, with a number or `Failed` for each answer.
        at_once: how many rows it is given at once, at most.
        kept: whether scores are kept on disk while a run is under way, because they cost much.
        spent: what it has spent so far, such as tokens; empty where nothing is counted.
    """

    name: str
    version: str
    score: Callable[[Sequence[Case]], Sequence[Sequence[Score]]]
    at_once: int = 64
    kept: bool = False
    spent: Callable[[], Mapping[str, int]] = dict

    @property
    def signature(self) -> str:
        """Return name and version, as they are recorded."""
        return f"{self.name}|{self.version}"


def version_of(number: int, **knobs: Any) -> str:
    """Write a version: its number, and the knobs on which a score depends.

    >>> version_of(1, cap=1.0, profile="default")
    'v:1|cap:1|profile:default'
    """
    written = [f"{k}:{v:g}" if isinstance(v, float) else f"{k}:{v}" for k, v in knobs.items()]
    return "|".join([f"v:{number}", *written])


def by_answer(name: str, version: str, one: Callable[[Case, Answer], float]) -> Judge:
    """Make a judge from a function that scores one answer, or raises InputError.

    >>> judge = by_answer("words", "v:1", lambda case, answer: len(text_of(answer).split()))
    >>> judge.score([Case("a", [], (Answer("two words"), Answer(None)))])
    [[2.0, Failed(why='the answer has no text; transcribe its sound first')]]
    """

    def score(cases: Sequence[Case]) -> list[list[Score]]:
        return [[attempt(partial(one, case, answer)) for answer in case.answers] for case in cases]

    return Judge(name, version, score)


def by_case(name: str, version: str, all_of: Callable[[Case], Sequence[Any]]) -> Judge:
    """Make a judge from a function that scores all answers of a case, or raises InputError."""

    def score(cases: Sequence[Case]) -> list[list[Score]]:
        return [scores_of(case, all_of) for case in cases]

    return Judge(name, version, score)


def scores_of(case: Case, all_of: Callable[[Case], Sequence[Any]]) -> list[Score]:
    """Return the scores of a case, `Failed` for each answer where the judge failed."""
    try:
        found = list(all_of(case))
    except InputError as error:
        return [failed(error)] * len(case.answers)
    if len(found) != len(case.answers):
        why = f"it gave {len(found)} scores for {len(case.answers)} answers"
        return [Failed(why)] * len(case.answers)
    return [number(each) for each in found]


def attempt(one: Callable[[], Any]) -> Score:
    """Return a score, or why there is none."""
    try:
        return number(one())
    except InputError as error:
        return failed(error)


def failed(error: InputError) -> Failed:
    """Return an error as a failure on a row; what would fail on every row is raised.

    Raises:
        SettingsError: the URL, the model or the key of a server is wrong.
        UnreachableError: the server does not answer.
    """
    if isinstance(error, SettingsError | UnreachableError):
        raise error
    return Failed(shown(error))


def shown(error: Exception) -> str:
    """Return the text of an error, cut to the length of a reason."""
    text = str(error)
    return text if len(text) <= REASON else f"{text[:REASON]}..."


def number(value: Any) -> Score:
    """Return a number that is finite as a float, anything else as a failure.

    >>> number(1), number(float("nan")), number("good")
    (1.0, Failed(why='it gave nan, which is not a finite number'), \
Failed(why="it gave 'good', which is not a finite number"))
    """
    if isinstance(value, Failed):
        return value
    try:
        if not isinstance(value, str | bytes) and math.isfinite(value):
            return float(value)
    except (TypeError, ValueError, OverflowError):
        pass
    return Failed(f"it gave {repr(value)[:80]}, which is not a finite number")
