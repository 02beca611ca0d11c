"""Sentences that a chat model writes, on any OpenAI-compatible endpoint.

Each request names a topic, a matrix language, a kind of switch and a few words to use, and states
the equivalence constraint (Poplack 1980): a switch only where the word order of both languages
agrees. Prompts of this kind make speech recognisers better than other prompts do (SECT, arXiv
2509.24310). Departure: the prompts of the papers are not published; these are our own.

What comes back is not trusted: each line is checked, and set aside with the reason where it is no
sentence, not mixed, too long or there already. The split of a sentence follows from its letters,
as with templates, and the requests depend on the seed alone, so that with the same file of answers
the splits can be written one after the other without a further request.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from earmark.endpoint import Endpoint
from earmark.endpoint.chat import THOUGHTS, complete
from earmark.errors import InputError, KnobError, check_seed
from earmark.formats.files.answers import AnswerFile
from earmark.records import Utterance
from earmark.voices.sentences.check import SentenceLanguage, fault, key_of, measure
from earmark.voices.sentences.concepts import Language, concepts
from earmark.voices.sentences.draw import SplitChoice, id_of, split_of
from earmark.voices.sentences.templates import DOMAINS, Switch

PER_REQUEST = 12
WORDS = 6
MANDARIN_MATRIX = 0.7
TAGS = 0.2
# Requests in a row without a new sentence, after which the model is taken to have no more.
MOST_IN_VAIN = 20

SPEAKERS = (
    "colleagues in an office in Singapore",
    "university students in Malaysia",
    "friends in Taipei",
    "colleagues at an international company in Shanghai",
    "a family in Singapore",
    "classmates at a college in Hong Kong who speak Mandarin",
)
NAMES = {"zh": "Mandarin Chinese", "en": "English"}
MIXED = (
    "Write {count} different sentences as {speakers} say them in casual talk about {domain}. They "
    "switch between Mandarin Chinese and English within the sentence: {switch}\n"
    "Obey the equivalence constraint: switch only at places where the word order of both languages "
    "agrees, so that neither grammar is broken on either side of a switch."
)
ALONE = (
    "Write {count} different sentences as {speakers} say them in casual talk about {domain}, "
    "in {matrix} alone, without a word of another language."
)
SWITCH_RULES = {
    "intrasentential": (
        "the grammar is that of {matrix}, with words and phrases of {other} in it, single ones and "
        "longer stretches."
    ),
    "tag": (
        "the sentence is in {matrix}, with a tag, an interjection or a discourse marker in {other} "
        "at its beginning or end."
    ),
}
RULES = (
    "\nEach sentence has 5 to 20 words. Mandarin is in simplified characters. No digits and no "
    "abbreviations: write numbers as words and names in full. Let some of the sentences be about: "
    "{words}.\nAnswer with one sentence a line, without numbers, quotes, translations or remarks."
)

_LIST_MARK = re.compile(r"^\s*(?:[-*•]|\d+\s*[.)、:])\s*")
_QUOTES = "\"'“”「」"
_END = re.compile(r"[.。…]+$")
_SPELLING = str.maketrans({"’": "'", "‘": "'", "–": "-", "—": "-", "、": "，", "；": "，"})


class Request(NamedTuple):
    """A prompt for the model, and what its sentences will be."""

    domain: str
    matrix: Language
    switch: Switch
    prompt: str


class Aside(NamedTuple):
    """A line that was set aside: the line, why, and the topic it was written for."""

    text: str
    reason: str
    domain: str


@dataclass
class Written:
    """The sentences that were kept, those set aside, and how many belong to other splits."""

    kept: list[Utterance] = field(default_factory=list)
    aside: list[Aside] = field(default_factory=list)
    other_splits: int = 0
    requests: int = 0

    def reasons(self) -> dict[str, int]:
        """Count why lines were set aside, the commonest first."""
        counts = Counter(row.reason.partition(":")[0] for row in self.aside)
        return dict(counts.most_common())


def request(number: int, language: SentenceLanguage, seed: int = 0) -> Request:
    """Make a request; it depends on its number, the language and the seed alone."""
    rng = Random(f"{seed} {language} {number}")
    domain = DOMAINS[number % len(DOMAINS)]
    if language == "mixed":
        matrix: Language = "zh" if rng.random() < MANDARIN_MATRIX else "en"
        switch: Switch = "tag" if rng.random() < TAGS else "intrasentential"
    else:
        matrix, switch = language, "none"
    kinds = rng.sample(sorted(concepts()), WORDS)
    drawn = [rng.choice(concepts()[kind]) for kind in kinds]
    names = {"matrix": NAMES[matrix], "other": NAMES["en" if matrix == "zh" else "zh"]}
    prompt = (ALONE if switch == "none" else MIXED).format(
        count=PER_REQUEST,
        speakers=rng.choice(SPEAKERS),
        domain=domain,
        switch=SWITCH_RULES.get(switch, "").format(**names),
        **names,
    )
    words = {
        "mixed": [f"{word.zh} ({word.en})" for word in drawn],
        "zh": [word.zh for word in drawn],
        "en": [word.en for word in drawn],
    }
    rules = RULES.format(words=", ".join(words[language]))
    return Request(domain, matrix, switch, prompt + rules)


def lines_of(answer: str) -> list[str]:
    r"""Split an answer into sentences, without the marks of a list, quotes and full stops.

    >>> lines_of("<think>hm</think>\n1. “你 send 了没有？”\n2) 我们 meeting 改到三点了。\n")
    ['你 send 了没有？', '我们 meeting 改到三点了']
    """
    lines = []
    for line in THOUGHTS.sub("", answer).splitlines():
        spelled = _LIST_MARK.sub("", line).translate(_SPELLING)
        bare = " ".join(spelled.strip().strip(_QUOTES).split())
        if bare := _END.sub("", bare).strip():
            lines.append(bare)
    return lines


def write_sentences(
    endpoint: Endpoint,
    answers: AnswerFile,
    count: int,
    language: SentenceLanguage,
    *,
    split: SplitChoice = "all",
    seed: int = 0,
    workers: int = 8,
    on_request: Callable[[int], None] = lambda kept: None,
) -> Written:
    """Let a chat model write sentences until `count` of a split are kept.

    Decoding is greedy and the requests follow from the seed, so equal answers make equal files.

    Args:
        endpoint: the model.
        answers: where answers are kept; what is there is not requested again.
        count: how many sentences to keep.
        language: `mixed`, `zh` or `en`.
        split: which split to keep; sentences of others are counted and left out.
        seed: another seed makes other requests.
        workers: requests under way at once, at most.
        on_request: is called after each request with how many sentences were kept in it.

    Raises:
        EndpointError: the model gave no usable answer.
        InputError: MOST_IN_VAIN requests in a row brought no new sentence.
        KnobError: fewer than one sentence or worker, or a seed out of range.
    """
    check_seed(seed)
    for name, value in (("count", count), ("requests at once", workers)):
        if value < 1:
            raise KnobError(f"{name} should be at least 1, found {value}")
    written, taken, in_vain = Written(), set[str](), 0
    for asked, answer in _answers(endpoint, answers, language, seed, workers):
        written.requests += 1
        before = len(written.kept), len(taken)
        for text in lines_of(answer):
            if len(written.kept) < count:
                _keep(text, asked, language, split, endpoint.model, written, taken)
        on_request(len(written.kept) - before[0])
        if len(written.kept) == count:
            return written
        in_vain = 0 if len(taken) > before[1] else in_vain + 1
        if in_vain == MOST_IN_VAIN:
            break
    raise InputError(
        f"{endpoint.url}: '{endpoint.model}' wrote no new sentence in {MOST_IN_VAIN} requests; "
        f"{len(written.kept)} of {count} were kept. Set aside: {written.reasons()}. Ask for fewer, "
        "take another seed or another model"
    )


def _answers(
    endpoint: Endpoint, kept: AnswerFile, language: SentenceLanguage, seed: int, workers: int
) -> Iterator[tuple[Request, str]]:
    """Yield requests with their answers, in order, several under way at once."""

    def answer(asked: Request) -> str:
        found = kept.get(endpoint.model, asked.prompt)
        if found is None:
            found = complete(endpoint, asked.prompt)
            kept.put(endpoint.model, asked.prompt, found)
        return found

    number = 0
    with ThreadPoolExecutor(workers) as pool:
        while True:
            batch = [request(number + i, language, seed) for i in range(workers)]
            try:
                yield from zip(batch, pool.map(answer, batch), strict=True)
            except (Exception, KeyboardInterrupt):
                # No request is worth another attempt, or a first one.
                endpoint.stop.set()
                pool.shutdown(cancel_futures=True)
                raise
            number += workers


def _keep(
    text: str,
    asked: Request,
    language: SentenceLanguage,
    split: SplitChoice,
    model: str,
    written: Written,
    taken: set[str],
) -> None:
    """Keep a sentence, or set it aside, or leave it to another split."""
    key = key_of(text)
    reason = fault(text, language) or ("a duplicate" if key in taken else None)
    if reason:
        written.aside.append(Aside(text, reason, asked.domain))
        return
    taken.add(key)
    own = split_of(key)
    if split not in ("all", own):
        written.other_splits += 1
        return
    said = measure(text)
    extra = {
        "domain": asked.domain,
        "matrix_language": asked.matrix,
        "switch_type": asked.switch,
        "written_by": model,
        "code_mixing_index": said.code_mixing_index,
        "switches": said.switches,
    }
    name = id_of(text, language)
    written.kept.append(Utterance(name, text, language=language, split=own, extra=extra))
