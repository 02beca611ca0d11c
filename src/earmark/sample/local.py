"""Candidates from a model in this process: a prompt and its clips are read once for all of them."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from earmark.errors import InputError
from earmark.policies.audio import AudioPolicy, deaf
from earmark.policies.checks.short_audio import check_long_enough
from earmark.policies.checks.truncated_audio import check_end_is_heard
from earmark.policies.next_token import Choice
from earmark.policies.policy import Policy
from earmark.prompting.answer import Answer
from earmark.prompting.clean import clean
from earmark.records import Candidate
from earmark.sample.candidate import candidate_of
from earmark.sample.check import check_longest
from earmark.sample.plan import Hearing, Prompt
from earmark.sample.writer import Made, Make
from earmark.storage.digests import short_hash
from earmark.transcribe.decoding import Decoding
from earmark.transcribe.token_cap import cap_of


class Manner(NamedTuple):
    """How candidates are written.

    `candidates` is recorded of what wrote them, `choice` says which tokens are never written,
    `batch_size` how many answers are decoded together.
    """

    decoding: Decoding
    choice: Choice
    batch_size: int
    wrote: dict[str, Any]


class Wanted(NamedTuple):
    """A prompt that is to be read: its place among all, and which hearing of it."""

    place: int
    prompt: Prompt
    number: int

    @property
    def hearing(self) -> Hearing:
        """Return its messages and clips."""
        return self.prompt.hearings[self.number]

    def seed(self, seed: int, candidate: int) -> list[int]:
        """Return what a candidate is drawn by, as `transcribe` does: not by its batch."""
        return [seed, candidate, short_hash(self.prompt.row.id) % 2**64, self.number]


def check_askable(policy: Policy, prompt: Prompt) -> None:
    """Refuse a prompt that this model cannot be given.

    Raises:
        InputError: clips for a model of text, a clip beyond what is heard, or a prompt that its
            chat template does not take.
    """
    if any(hearing.sounds for hearing in prompt.hearings):
        if not isinstance(policy, AudioPolicy):
            raise InputError(deaf(policy.network))
        check_longest(policy.longest_clip_s)(prompt)
    for hearing in prompt.hearings:
        policy.check_prompt(hearing.messages)


def maker(policy: Policy, prompts: Sequence[Prompt], manner: Manner) -> Make:
    """Return what samples the candidates of prompts."""
    return partial(_make, policy, prompts, manner)


def _make(
    policy: Policy, prompts: Sequence[Prompt], manner: Manner, todo: Sequence[int]
) -> Generator[Made]:
    """Yield candidates prompt by prompt; the longest first, as they need most memory."""
    ordered = sorted(todo, key=lambda place: -prompts[place].duration_s)
    if ordered and prompts[ordered[0]].duration_s:
        _check_longest(policy, prompts[ordered[0]])
    for places in _batches(prompts, ordered, manner):
        wanted = [
            Wanted(place, prompts[place], number)
            for place in places
            for number in range(len(prompts[place].hearings))
        ]
        try:
            found = _write(policy, wanted, manner)
        except InputError:
            # One of them cannot be answered: each by itself says which.
            for place in places:
                yield _alone(policy, prompts[place], place, manner)
            continue
        for place in places:
            yield Made(place, _candidates(policy, prompts[place], found[place], manner))


def _batches(
    prompts: Sequence[Prompt], ordered: Sequence[int], manner: Manner
) -> Iterator[list[int]]:
    """Yield prompts that are answered together; the candidates of one are never divided."""
    batch: list[int] = []
    answers = 0
    for place in ordered:
        own = len(prompts[place].hearings) * manner.decoding.candidates
        if batch and answers + own > manner.batch_size:
            yield batch
            batch, answers = [], 0
        batch.append(place)
        answers += own
    if batch:
        yield batch


def _alone(policy: Policy, prompt: Prompt, place: int, manner: Manner) -> Made:
    wanted = [Wanted(place, prompt, number) for number in range(len(prompt.hearings))]
    try:
        found = _write(policy, wanted, manner)
    except InputError as problem:
        return Made(place, [], problem)
    return Made(place, _candidates(policy, prompt, found[place], manner))


def _write(
    policy: Policy, wanted: Sequence[Wanted], manner: Manner
) -> dict[int, list[list[Answer]]]:
    """Return the answers to each hearing of some prompts, by the place of the prompt.

    Raises:
        InputError: one of them cannot be answered.
    """
    each, decoding = manner.decoding.candidates, manner.decoding
    clips = [sound.read() for one in wanted for sound in one.hearing.sounds]
    for clip in clips:
        if isinstance(policy, AudioPolicy):
            check_long_enough(policy, clip)
    caps = [
        cap_of(decoding.max_new_tokens, sum(s.duration_s for s in one.hearing.sounds))
        for one in wanted
    ]
    seeds = [one.seed(decoding.seed, number) for one in wanted for number in range(each)]
    choice = replace(manner.choice, seeds=seeds)
    messages = [one.hearing.messages for one in wanted]
    found: dict[int, list[list[Answer]]] = {}
    for one, answers in zip(
        wanted, policy.candidates(messages, clips, caps, each, choice), strict=True
    ):
        found.setdefault(one.place, []).append(answers)
    return found


def _candidates(
    policy: Policy, prompt: Prompt, answers: Sequence[Sequence[Answer]], manner: Manner
) -> list[Candidate]:
    tidy = partial(clean, marks=policy.facts.marks) if prompt.transcribes else None
    return [
        candidate_of(answer, hearing, manner.wrote, tidy)
        for hearing, own in zip(prompt.hearings, answers, strict=True)
        for answer in own
    ]


def _check_longest(policy: Policy, prompt: Prompt) -> None:
    """See whether the end of the longest clip is heard, before hours of work on cut clips.

    Raises:
        InputError: the processor cuts it.
    """
    sounds = [sound for hearing in prompt.hearings for sound in hearing.sounds]
    longest = max(sounds, key=lambda sound: sound.duration_s)
    if isinstance(policy, AudioPolicy):
        try:
            check_end_is_heard(policy, longest.read())
        except InputError as error:
            raise InputError(f"'{prompt.row.id}': {error}") from error
