"""The sets of speech: which sentences, in which voices, and which language the prompt names."""

from pathlib import Path
from random import Random
from typing import NamedTuple

from earmark.records import Utterance
from earmark.text.script import is_han
from earmark.voices.engines.recorded import recordings
from earmark.voices.sentences.check import SentenceLanguage
from earmark.voices.sentences.draw import Split

# Voices of Kokoro. Mandarin ones read mixed sentences, with an accent in English; Mandarin by
# American voices is hardly understood by Whisper base, which is no failure of switching. The
# held-out ones are other speakers of both sexes.
TRAINING_ZH = ("zf_xiaobei", "zf_xiaoxiao", "zm_yunjian", "zm_yunxi")
TRAINING_EN = ("af_heart", "am_michael")
HELD_OUT = ("zf_xiaoni", "zf_xiaoyi", "zm_yunxia", "zm_yunyang")
SPEED = (0.9, 1.15)
SNR_DB = (15.0, 35.0)


class SetPlan(NamedTuple):
    """A set of sentences to be spoken.

    `prompt_language` is the language that Whisper's prompt names: Mandarin for mixed speech, whose
    English words it then writes in Latin letters when it writes them at all.
    """

    language: SentenceLanguage
    split: Split
    voices: tuple[str, ...]
    prompt_language: str
    seed: int = 0


POOL = SetPlan("mixed", "train", TRAINING_ZH, "zh")
REPLAY = {
    "replay-zh": SetPlan("zh", "train", TRAINING_ZH, "zh"),
    "replay-en": SetPlan("en", "train", TRAINING_EN, "en"),
}
DEVELOPMENT = SetPlan("mixed", "dev", TRAINING_ZH, "zh")
MIXED, HELD_OUT_SET, WORDS = "mixed", "mixed, other voices", "recorded words"
ENGLISH, MANDARIN, PEOPLE = "english", "mandarin", "people"
TESTS = {
    MIXED: SetPlan("mixed", "test", TRAINING_ZH, "zh"),
    # The same sentences, so that what differs is the voice.
    HELD_OUT_SET: SetPlan("mixed", "test", HELD_OUT, "zh"),
    ENGLISH: SetPlan("en", "test", TRAINING_EN, "en"),
    MANDARIN: SetPlan("zh", "test", TRAINING_ZH, "zh"),
}
# Asked otherwise, for the base model alone.
OTHER_PROMPTS = ("en", "auto")

# Words before and after the English ones, and the seed of the draw.
FEWEST, MOST = 2, 4
WORDS_SEED = 5


def word_sentences(words: Path, english: Path, count: int) -> list[Utterance]:
    """Draw utterances of Mandarin words, then English ones, then Mandarin ones again.

    They are no sentences that somebody would say; every sound in them is a person's.

    Args:
        words: folder of recorded Mandarin words.
        english: folder of recorded English words.
        count: how many.
    """
    zh = sorted(word for word in recordings(words) if all(map(is_han, word)))
    en = sorted(word for word in recordings(english) if word.isascii() and word.isalpha())
    rng = Random(WORDS_SEED)
    found = []
    for number in range(count):
        before = rng.sample(zh, rng.randint(FEWEST, MOST))
        inside = rng.sample(en, rng.choice((1, 1, 2)))
        after = rng.sample(zh, rng.randint(1, FEWEST))
        text = f"{''.join(before)} {' '.join(inside)} {''.join(after)}"
        found.append(Utterance(f"words-{number:03d}", text, language="mixed"))
    return found
