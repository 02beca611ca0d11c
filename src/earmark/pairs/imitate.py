"""Pairs by rule: chosen is the truth, rejected imitates a failure (arXiv 2605.23975)."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from random import Random
from typing import Literal, NamedTuple, TypeVar

from earmark.endpoint import EndpointError, UnreachableError
from earmark.errors import KnobError
from earmark.failures import TRANSLATING
from earmark.failures.choose import choose_mode, try_out
from earmark.failures.mix import OTHER, SPOKEN
from earmark.failures.mode import Tools
from earmark.failures.surface import surface_of
from earmark.pairs.mix import Mix
from earmark.pairs.rows import Plan, Rejected, rng_for, rows_of
from earmark.pairs.tally import Tally
from earmark.progress import note
from earmark.records import Pair, Utterance
from earmark.text import tokenize
from earmark.text.language import language_of
from earmark.translators.dictionaries.dictionary import Dictionary

Item = TypeVar("Item")
Result = TypeVar("Result")

SHORTEST_ADDITION = 8


class Attempt(NamedTuple):
    """A mode that was drawn, and the text it made or why it made none.

    `error` is what the translator said, where it failed.
    """

    mode: str
    text: str | None
    why_not: str
    error: str = ""


class Imitation(NamedTuple):
    """Which failures to imitate, with what, and how many for each utterance.

    `per_utterance` modes are drawn from the mix; with `each`, every mode of it is taken that
    often. `on_error` says what happens when the translator fails on an utterance.
    """

    mix: Mix
    tools: Tools
    per_utterance: int = 1
    each: bool = False
    on_error: Literal["stop", "skip"] = "stop"


def check_imitation(imitation: Imitation) -> None:
    """Refuse knobs that make no sense; try out modes of the user's own.

    Raises:
        KnobError: fewer than one rejected, too short a loop, translation without translator, or a
            mode that does not detect what it imitates.
    """
    if imitation.per_utterance < 1:
        raise KnobError(f"per-utterance is {imitation.per_utterance}; expected 1 or more")
    if imitation.tools.longest < SHORTEST_ADDITION:
        raise KnobError(
            f"longest is {imitation.tools.longest}; a loop or tail needs {SHORTEST_ADDITION} "
            "tokens or more to be one"
        )
    wanted = sorted(TRANSLATING.intersection(imitation.mix.modes))
    if wanted and imitation.tools.translator is None:
        raise KnobError(
            f"{' and '.join(wanted)} need a translator: a dictionary or a chat endpoint"
        )
    for name, mode in imitation.mix.own.items():
        try_out(name, mode, imitation.tools.longest)


def imitate_pairs(
    utterances: Iterable[Utterance], imitation: Imitation, plan: Plan, tally: Tally
) -> Iterator[Pair]:
    """Yield pairs whose rejected answers imitate failures drawn from the mix.

    What is drawn for an utterance depends on the seed and its id alone, so its pair does not
    change when others are added. A mode that cannot be imitated on a truth makes no pair: it is
    never replaced by another one. The tally has how many and why.

    Raises:
        EndpointError: the translator failed and `on_error` is "stop", or its server is gone.
    """
    check_imitation(imitation)
    first_error = ""

    def attempt(utterance: Utterance) -> tuple[Utterance, Random, list[Attempt]]:
        rng = rng_for(plan.seed, utterance.id)
        try:
            return utterance, rng, attempts(utterance.text or "", imitation, rng)
        except EndpointError as error:
            gone = isinstance(error, UnreachableError)
            skip = "" if gone else ", or leave such utterances out by --on-error skip"
            raise type(error)(
                f"utterance '{utterance.id}': {error}. Answers so far are kept: run again to "
                f"continue{skip}"
            ) from error

    translator = imitation.tools.translator
    workers = translator.workers if translator is not None else 1
    for utterance, rng, made in in_order(attempt, utterances, workers):
        tally.utterances += 1
        if isinstance(translator, Dictionary):
            cover(utterance.text or "", translator, tally)
        rejected = []
        for mode, text, why_not, error in made:
            if error and not first_error:
                first_error = error
                note(f"utterance '{utterance.id}': {error}; left out, as are others like it")
            if text is None:
                tally.drop(mode, why_not)
            else:
                rejected.append(Rejected(text, mode))
        yield from rows_of(utterance, rejected, plan, rng, tally)


def cover(truth: str, dictionary: Dictionary, tally: Tally) -> None:
    """Count the truth's words of each language, and those that the dictionary knows."""
    tokens = tokenize(truth)
    for language in SPOKEN:
        words = sum(language_of(token) == language for token in tokens)
        if words:
            unknown = dictionary.walk(tokens, OTHER[language])[1]
            tally.cover(language, words, words - len(unknown))


def attempts(truth: str, imitation: Imitation, rng: Random) -> list[Attempt]:
    """Draw modes and imitate each on a truth."""
    surface, made = surface_of(truth), []
    mix, count = imitation.mix, imitation.per_utterance
    modes = mix.modes * count if imitation.each else [mix.draw(rng) for _ in range(count)]
    for mode in modes:
        chosen = choose_mode(mode, mix.own)
        try:
            text = chosen.imitate(surface, rng, imitation.tools)
        except UnreachableError:
            raise
        except EndpointError as error:
            if imitation.on_error == "stop":
                raise
            why_not = "the translator gave no usable answer"
            made.append(Attempt(mode, None, why_not, str(error)))
            continue
        made.append(Attempt(mode, text, f"needs {chosen.needs}"))
    return made


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Iterator[Result]:
    """Apply a function to items, a few at once when it waits for a server; keep their order."""
    if workers <= 1:
        yield from map(function, items)
        return
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) >= 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
