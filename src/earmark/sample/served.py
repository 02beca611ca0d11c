"""Candidates from a server that speaks the OpenAI protocol: concurrently, with no torch here."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from earmark import __version__
from earmark.endpoint import Endpoint, SettingsError, UnreachableError
from earmark.errors import InputError
from earmark.prompting.answer import Answer
from earmark.prompting.clean import clean
from earmark.prompting.messages import turn_of
from earmark.records import Candidate
from earmark.sample.candidate import candidate_of
from earmark.sample.check import check_longest
from earmark.sample.plan import Hearing, Prompt
from earmark.sample.writer import Made, Make
from earmark.speech.audio import SAMPLE_RATE_HZ
from earmark.speech.wav import wav_bytes
from earmark.storage.digests import short_hash
from earmark.transcribe.decoding import Decoding, fields_for, recorded
from earmark.transcribe.openai_routes import chat
from earmark.transcribe.served import Asking
from earmark.transcribe.threads import as_they_come

# Servers keep a seed in 32 bits, some with a sign.
SEEDS = 2**31


class Served(NamedTuple):
    """A server and how requests are made.

    `logprobs` asks for the log-probability of each token, `wrote` is recorded of what wrote a
    candidate.
    """

    endpoint: Endpoint
    asking: Asking
    logprobs: bool = False

    @property
    def wrote(self) -> dict[str, Any]:
        """Return what is recorded with each candidate."""
        return {"model": self.endpoint.model}

    def made_by(self, prompt: str | None, options: dict[str, Any]) -> dict[str, Any]:
        """Return what is recorded with each row: no key is among it.

        Args:
            prompt: the instruction given with each clip of a manifest; None of other prompts.
            options: what else was chosen.
        """
        asking = self.asking
        decoding = recorded(asking.kind, "chat", asking.requests()[0])
        return {
            "model": self.endpoint.model,
            "endpoint": self.endpoint.url,
            "server": asking.kind,
            **({"family": asking.family} if asking.family else {}),
            "prompt": prompt,
            **({"marks": list(asking.marks)} if asking.marks else {}),
            "decoding": {**decoding, "n": asking.decoding.candidates},
            **({"one_by_one": True} if len(asking.requests()) > 1 else {}),
            **({"logprobs": True} if self.logprobs else {}),
            **options,
            "longest_s": asking.limit_s,
            "earmark": __version__,
        }


def check_askable(asking: Asking) -> Callable[[Prompt], None]:
    """Return what refuses prompts that a chat server cannot be given."""
    longest = check_longest(asking.limit_s)

    def check(prompt: Prompt) -> None:
        longest(prompt)
        if any(hearing.messages[-1]["role"] == "assistant" for hearing in prompt.hearings):
            raise InputError(
                "the prompt ends with a message of role 'assistant', which a chat server takes for "
                "a whole answer and not for the beginning of one; leave it out, or sample with the "
                "model loaded here, without --endpoint"
            )

    return check


def maker(served: Served, prompts: Sequence[Prompt]) -> Make:
    """Return what samples the candidates of prompts."""

    def make(todo: Sequence[int]) -> Generator[Made]:
        ask = partial(_made, served, prompts)
        return as_they_come(ask, todo, served.asking.concurrency, served.endpoint.stop)

    return make


def _made(served: Served, prompts: Sequence[Prompt], place: int) -> Made:
    """Ask for the candidates of one prompt."""
    prompt = prompts[place]
    try:
        found: list[Candidate] = []
        for number, hearing in enumerate(prompt.hearings):
            found += _candidates(served, prompt, number, hearing)
        return Made(place, found)
    except (UnreachableError, SettingsError):
        raise
    except InputError as problem:
        return Made(place, [], problem)


def _candidates(served: Served, prompt: Prompt, number: int, hearing: Hearing) -> list[Candidate]:
    clips = [sound.read() for sound in hearing.sounds]
    wavs = [wav_bytes(clip, f"'{prompt.row.id}'") for clip in clips]
    duration_s = sum(len(clip) for clip in clips) / SAMPLE_RATE_HZ
    messages = turn_of(hearing.messages, served.asking.facts).messages
    extra = {"logprobs": True} if served.logprobs else {}
    answers: list[Answer] = []
    for decoding in served.asking.requests():
        own = seeded(decoding, prompt.row.id, number).for_clip(duration_s)
        fields = fields_for(served.asking.kind, "chat", own)
        answers += chat(served.endpoint, wavs, messages, {**fields, **extra})
    marks = (*served.asking.marks, *served.asking.facts.marks)
    tidy = partial(clean, marks=marks) if prompt.transcribes or served.asking.marks else None
    return [candidate_of(answer, hearing, served.wrote, tidy) for answer in answers]


def seeded(decoding: Decoding, id_: str, number: int) -> Decoding:
    """Return the decoding with a seed of the row, so that rows are not drawn alike.

    >>> one, two = (seeded(Decoding(seed=3), id_, 0).seed for id_ in ("a", "b"))
    >>> one == two, seeded(Decoding(seed=3), "a", 0).seed == one
    (False, True)
    """
    # `decoding.seed` counts up from request to request already.
    row = short_hash(f"{number} {id_}") % SEEDS
    return replace(decoding, seed=(decoding.seed + row) % SEEDS)
