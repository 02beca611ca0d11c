"""A chat model as a judge: marks by a rubric, or a comparison of every two answers.

In a comparison each two answers are shown in both orders, and the two verdicts are averaged: a
model that prefers a place gives ½ and ½. Decoding is greedy. Answers are untrusted: a verdict that
is not the wanted JSON is no score.
"""

from collections.abc import Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import NamedTuple

from earmark.endpoint import Endpoint
from earmark.errors import InputError, KnobError
from earmark.judges.judge import Case, Failed, Judge, Score, Unscored, failed, version_of
from earmark.judges.llm.prompts import (
    MOST_CHARACTERS,
    RUBRIC,
    checked_rubric,
    choose_prompt,
    mark_prompt,
)
from earmark.judges.llm.questions import Questions
from earmark.judges.llm.verdict import choice_of, mark_of
from earmark.judges.models.conversation import SPOKEN, Turns, conversation_of
from earmark.storage.digests import of_values
from earmark.storage.regular import open_regular

LOW, HIGH = 1, 10
MODES = ("rubric", "pairwise")


def llm_judge(
    *,
    endpoint: str,
    model: str,
    mode: str = "rubric",
    rubric: str = RUBRIC,
    rubric_file: str | None = None,
    use_truth: bool = True,
    spoken: str = SPOKEN,
    max_tokens: int = 512,
    concurrency: int = 8,
    retries: int = 6,
    timeout_s: float = 120.0,
    answers: str | None = None,
) -> Judge:
    """Score an answer by a chat model's mark from 1 to 10, or by the share of comparisons it wins.

    The server speaks the OpenAI protocol; its key is read from the environment.

    Args:
        endpoint: its base URL, such as http://localhost:8000/v1.
        model: the served name.
        mode: `rubric` marks each answer, `pairwise` compares every two of a row in both orders.
        rubric: the criterion in words.
        rubric_file: a file with the criterion, in place of `rubric`.
        use_truth: show the right answers too, where they are known.
        spoken: the field with the words of the prompt's clips; `truth` takes the right answer.
        max_tokens: token cap of a verdict.
        concurrency: requests under way at once.
        retries: how often a failed request is sent again.
        timeout_s: seconds for one request.
        answers: the file that keeps verdicts; default: one in the cache folder.

    Raises:
        KnobError: another mode, or a rubric that cannot be.
        UnreachableError: no server answers.
    """
    if mode not in MODES:
        raise KnobError(f"mode should be {' or '.join(MODES)}, found '{mode}'")
    criterion = checked_rubric(_read(rubric_file) if rubric_file else rubric)
    served = Endpoint(endpoint, model, retries=retries, timeout_s=timeout_s)
    questions = Questions(served, max_tokens, concurrency, answers)
    served.check_reachable()
    judging = Judging(questions, criterion, use_truth, spoken)
    version = version_of(
        1,
        served=model,
        mode=mode,
        rubric=of_values(criterion)[:8],
        truth=use_truth,
        spoken=spoken,
        max_tokens=max_tokens,
    )
    score = judging.mark if mode == "rubric" else judging.compare
    at_once = max(2, concurrency)
    return Judge("llm_judge", version, score, at_once, kept=True, spent=judging.spent)


def _read(path: str) -> str:
    """Read a rubric.

    Raises:
        InputError: it cannot be read as text.
    """
    try:
        with open_regular(Path(path), "a text file") as file:
            return file.read(4 * MOST_CHARACTERS).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: the rubric cannot be read as UTF-8: {error}") from error


class Duel(NamedTuple):
    """A comparison to be made: a case, and which of its answers are shown as A and B."""

    case: int
    first: int
    second: int
    prompt: str


class Judging:
    """What a chat model does with cases: `mark` each answer, or `compare` every two."""

    def __init__(self, questions: Questions, criterion: str, use_truth: bool, spoken: str) -> None:
        self._questions = questions
        self._criterion = criterion
        self._use_truth = use_truth
        self._spoken = spoken
        self._by_place = 0

    def spent(self) -> Mapping[str, int]:
        """Return what was spent, and how many pairs got another verdict in the other order."""
        order = {"verdicts that changed with the order": self._by_place} if self._by_place else {}
        return {**self._questions.spent(), **order}

    def mark(self, cases: Sequence[Case]) -> list[list[Score]]:
        """Mark each answer by itself."""
        found = [self._turns(case) for case in cases]
        places = [
            (row, column, turns)
            for row, answers in enumerate(found)
            for column, turns in enumerate(answers)
            if not isinstance(turns, Failed)
        ]
        prompts = [
            mark_prompt(turns, self._truths(cases[row]), self._criterion, LOW, HIGH)
            for row, _, turns in places
        ]
        marks = self._questions.ask(prompts, lambda answer: mark_of(answer, LOW, HIGH))
        scores: list[list[Score]] = [
            [each if isinstance(each, Failed) else Failed("not judged") for each in row]
            for row in found
        ]
        for (row, column, _), score in zip(places, marks, strict=True):
            scores[row][column] = score
        return scores

    def compare(self, cases: Sequence[Case]) -> list[list[Score]]:
        """Compare every two answers of each case in both orders."""
        found = [self._turns(case) for case in cases]
        duels = [d for n, case in enumerate(cases) for d in self._duels(n, case, found[n])]
        verdicts = self._questions.ask([duel.prompt for duel in duels], choice_of)
        outcome = {(d.case, d.first, d.second): v for d, v in zip(duels, verdicts, strict=True)}
        return [
            [self._share(outcome, row, column, turns) for column in range(len(turns))]
            for row, turns in enumerate(found)
        ]

    def _duels(self, number: int, case: Case, turns: Sequence[Turns | Failed]) -> list[Duel]:
        truths, made = self._truths(case), []
        for one, two in permutations(range(len(turns)), 2):
            first, second = turns[one], turns[two]
            if isinstance(first, Failed) or isinstance(second, Failed) or first == second:
                continue
            prompt = choose_prompt(first, second[-1]["content"], truths, self._criterion)
            made.append(Duel(number, one, two, prompt))
        return made

    def _share(
        self,
        outcome: Mapping[tuple[int, int, int], Score],
        row: int,
        column: int,
        turns: Sequence[Turns | Failed],
    ) -> Score:
        """Return the mean over the other answers of what this one won; ½ against an equal one."""
        own = turns[column]
        if isinstance(own, Failed):
            return own
        others = [n for n, each in enumerate(turns) if n != column]
        if any(isinstance(turns[n], Failed) for n in others):
            return Failed("another answer of the row cannot be compared")
        if not others:
            return Failed("one answer alone cannot be compared")
        won = 0.0
        for other in others:
            if turns[other] == own:
                won += 0.5
                continue
            first, second = outcome[row, column, other], outcome[row, other, column]
            for verdict in (first, second):
                if isinstance(verdict, Failed):
                    return verdict
            assert isinstance(first, float)
            assert isinstance(second, float)
            self._by_place += column < other and first != 1 - second
            won += (first + 1 - second) / 2
        return won / len(others)

    def _turns(self, case: Case) -> list[Turns | Failed]:
        """Return the conversation with each answer, or why it cannot be judged."""
        found: list[Turns | Failed] = []
        for answer in case.answers:
            try:
                turns = conversation_of(case, answer, self._spoken)
                size = sum(len(turn["content"]) for turn in turns)
                if size > MOST_CHARACTERS:
                    raise Unscored(
                        f"prompt and answer have {size} characters; {MOST_CHARACTERS} at most"
                    )
                found.append(turns)
            except InputError as error:
                found.append(failed(error))
        return found

    def _truths(self, case: Case) -> Sequence[str]:
        return case.truths if self._use_truth else ()
