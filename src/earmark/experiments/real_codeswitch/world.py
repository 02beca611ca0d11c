"""What all runs share: the real parts, the speech of every set, and what the base model hears.

All is kept on disk and made once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from random import Random
from typing import NamedTuple

from earmark.errors import InputError
from earmark.experiments.real_codeswitch.scale import Scale
from earmark.experiments.real_codeswitch.sets import (
    DEVELOPMENT,
    PEOPLE,
    POOL,
    REPLAY,
    SNR_DB,
    SPEED,
    TESTS,
    WORDS,
    SetPlan,
    word_sentences,
)
from earmark.formats.reading import read
from earmark.records import MANIFEST, Utterance
from earmark.voices.engine import Source
from earmark.voices.sentences.draw import as_utterance, draw_sentences
from earmark.voices.spoken.make import Speaker, speak_texts
from earmark.voices.spoken.plan import Speaking

KOKORO, RECORDED = "kokoro", "recorded"


class Parts(NamedTuple):
    """Where the real parts are.

    `words` and `english_words` are folders of recorded words; `people` is a folder of recordings,
    ID.wav, with a Kaldi `text`. Without them their test sets are left out.
    """

    model: str
    kokoro: str
    words: Path | None = None
    english_words: Path | None = None
    people: Path | None = None


class Spoken(NamedTuple):
    """Utterances, the folder where their audio paths start, and the language of the prompt."""

    folder: Path
    utterances: list[Utterance]
    prompt_language: str


def recordings_of(folder: Path) -> Spoken:
    """Read recordings of people: a Kaldi `text` and ID.wav beside it.

    Raises:
        InputError: there is no text, or a recording is missing.
    """
    rows = [replace(row, audio=f"{row.id}.wav") for row in read(Utterance, folder / "text")]
    for row in rows:
        if not (folder / f"{row.id}.wav").is_file():
            raise InputError(f"{folder}: no recording {row.id}.wav, which its text names")
    return Spoken(folder, rows, "zh")


@dataclass(frozen=True)
class World:
    """The data below a folder, at a scale, and the device that models run on."""

    out: Path
    scale: Scale
    parts: Parts
    device: str = "cpu"

    @cached_property
    def pool(self) -> Spoken:
        """Return the mixed speech that seeds draw their training from."""
        return self._spoken("pool", POOL, self.scale.pool)

    @cached_property
    def replay(self) -> list[Spoken]:
        """Return speech in each language alone."""
        return [self._spoken(name, plan, self.scale.replayed) for name, plan in REPLAY.items()]

    @cached_property
    def development(self) -> Spoken:
        """Return the development set."""
        return self._spoken("development", DEVELOPMENT, self.scale.development)

    @cached_property
    def tests(self) -> dict[str, Spoken]:
        """Return the test sets, one of each for all seeds."""
        sizes = {"mixed": self.scale.mixed}
        found = {
            name: self._spoken(name, plan, sizes.get(plan.language, self.scale.alone))
            for name, plan in TESTS.items()
        }
        words, english = self.parts.words, self.parts.english_words
        if spoken := self._there(WORDS, "zh"):
            found[WORDS] = spoken
        elif words and english:
            found[WORDS] = self._words(words, english)
        if self.parts.people:
            found[PEOPLE] = recordings_of(self.parts.people)
        return found

    def training(self, seed: int) -> Spoken:
        """Return the mixed speech of a seed: a draw from the pool, in an order of its own.

        Raises:
            InputError: the pool is smaller than what is drawn.
        """
        pool = self.pool
        if len(pool.utterances) < self.scale.training:
            raise InputError(
                f"{pool.folder}: {len(pool.utterances)} utterances, expected "
                f"{self.scale.training} or more to draw from"
            )
        drawn = Random(f"training {seed}").sample(pool.utterances, self.scale.training)
        return pool._replace(utterances=drawn)

    def _spoken(self, name: str, plan: SetPlan, count: int) -> Spoken:
        """Speak the sentences of a set, or read what was spoken before."""
        if spoken := self._there(name, plan.prompt_language):
            return spoken
        drawn = draw_sentences(count, plan.language, split=plan.split, seed=plan.seed)
        speaker = Speaker(KOKORO, Source(model=self.parts.kokoro))
        speaking = Speaking(voices=plan.voices, speed=SPEED, snr_db=SNR_DB, seed=plan.seed)
        return self._made(
            name, [*map(as_utterance, drawn)], speaker, speaking, plan.prompt_language
        )

    def _words(self, words: Path, english: Path) -> Spoken:
        """Join recorded words to mixed utterances."""
        speaker = Speaker(RECORDED, Source(words=words, english_words=english))
        texts = word_sentences(words, english, self.scale.mixed)
        speaking = Speaking(voices=speaker.open().voices())
        return self._made(WORDS, texts, speaker, speaking, "zh")

    def _made(
        self,
        name: str,
        texts: Sequence[Utterance],
        speaker: Speaker,
        speaking: Speaking,
        prompt_language: str,
    ) -> Spoken:
        speak_texts(self._folder(name), texts, speaker, speaking)
        spoken = self._there(name, prompt_language)
        assert spoken is not None, "it was spoken"
        return spoken

    def _there(self, name: str, prompt_language: str) -> Spoken | None:
        """Read a set that was spoken before."""
        folder = self._folder(name)
        if not (folder / MANIFEST).is_file():
            return None
        return Spoken(folder, list(read(Utterance, folder / MANIFEST)), prompt_language)

    def _folder(self, name: str) -> Path:
        return self.out / "data" / name.replace(",", "").replace(" ", "-")
