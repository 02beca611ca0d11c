"""Make a speech corpus: sentences of the grammar, said by synthetic voices, with some noise.

Which split a sentence belongs to follows from a hash of its content, so that corpora made
separately, with other seeds, voices or languages, still share no sentence between training,
development and test. No clip is cut: a sentence too long for MAX_CLIP_S is replaced by another.
"""

import hashlib
import multiprocessing
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Literal, NamedTuple, get_args

import numpy as np

from earmark.errors import InputError, KnobError, check_seed, did_you_mean
from earmark.formats.files.lines import numbered_lines, parse_line, write_jsonl
from earmark.formats.reading import read
from earmark.progress import progress_bar
from earmark.records import MANIFEST, Utterance
from earmark.speech.audio import SAMPLE_RATE_HZ, read_audio, write_audio
from earmark.storage.outputs import check_folder, visible
from earmark.voices.grammar import Rendering, draw_mixed, draw_sentence
from earmark.voices.levels import PEAK
from earmark.voices.speakers import Distribution, Voice, conditions, speak

MAX_CLIP_S = 2.95
SPLITS = {"train": 0.8, "dev": 0.1, "test": 0.1}
CHUNK = 32
_OWN_ID = re.compile(r".*-(?:mixed|zh|en)-\d{5,}", re.DOTALL)

Split = Literal["train", "dev", "test"]
LanguageMode = Literal["mixed", "zh", "en"]
Run = Callable[..., Iterator[bool]]  # an ordered map, over processes or not


class Clip(NamedTuple):
    """One sound to be made: what is spoken, by whom, over how much noise."""

    text: str
    voice: Voice
    snr_db: float
    noise_seed: int


class Spoken(NamedTuple):
    """An utterance of a corpus and the sentence that it was made of."""

    utterance: Utterance
    rendering: Rendering


def split_of(content: str) -> Split:
    """Return the split that a sentence belongs to, for good, by a hash of its Mandarin text.

    >>> split_of("工程师应该完成计划")
    'train'
    """
    share = int.from_bytes(hashlib.sha256(content.encode()).digest()[:8]) / 2**64
    if share < SPLITS["train"]:
        return "train"
    return "dev" if share < SPLITS["train"] + SPLITS["dev"] else "test"


def coloured_noise(count: int, rng: np.random.Generator) -> np.ndarray:
    """Make noise of root mean square 1, its spectrum falling by 0 to 6 dB per octave."""
    size = 1 << count.bit_length()  # a power of two, where the transform is fast
    spectrum = np.fft.rfft(rng.standard_normal(size, dtype=np.float32))
    frequencies = np.arange(1, len(spectrum) + 1, dtype=np.float32)
    noise = np.fft.irfft(spectrum * frequencies ** -rng.uniform(0, 1))[:count].astype(np.float32)
    return noise / np.sqrt(np.mean(noise**2))


def add_noise(audio: np.ndarray, snr_db: float, rng: np.random.Generator) -> np.ndarray:
    """Add noise at a signal-to-noise ratio in decibels; scaled down where it would clip."""
    rms = np.sqrt(np.mean(audio**2))
    noisy = audio + coloured_noise(len(audio), rng) * rms * 10 ** (-snr_db / 20)
    return (noisy * min(1.0, PEAK / np.abs(noisy).max())).astype(np.float32)


def render_clip(clip: Clip) -> np.ndarray:
    """Make the sound of a clip: float32 mono at SAMPLE_RATE_HZ; equal clips sound equal."""
    audio = speak(clip.text, clip.voice)
    return add_noise(audio, clip.snr_db, np.random.default_rng(clip.noise_seed))


def _write_clip(job: tuple[Clip, Path]) -> bool:
    """Write a clip's audio and return True, or return False when it is too long to be heard."""
    clip, path = job
    audio = render_clip(clip)
    fits = len(audio) <= MAX_CLIP_S * SAMPLE_RATE_HZ
    if fits:
        write_audio(path, audio)
    return fits


def _draw_rendering(
    rng: Random, language: LanguageMode, split: Split, taken: set[str]
) -> Rendering:
    """Draw a sentence of this split that was not taken, and take it."""
    while True:
        sentence = draw_sentence(rng)
        content = sentence.content
        if content in taken or split_of(content) != split:
            continue
        rendering = draw_mixed(rng, sentence) if language == "mixed" else sentence.render(language)
        if rendering is not None:
            taken.add(content)
            return rendering


def _languages(count: int, mix: Mapping[LanguageMode, float], rng: Random) -> list[LanguageMode]:
    """Spread `count` utterances over the languages by their shares, in random order.

    Raises:
        KnobError: no utterances, an unknown language, or shares that are not positive.
    """
    if count < 1:
        raise KnobError(f"count should be at least 1, found {count}")
    for name, share in mix.items():
        if name not in get_args(LanguageMode):
            raise KnobError(f"no language '{name}'; {did_you_mean(name, get_args(LanguageMode))}")
        if share < 0:
            raise KnobError(f"the share of '{name}' should be at least 0, found {share}")
    if sum(mix.values()) <= 0:
        raise KnobError("the language mix is empty; give at least one share above 0")
    total, done = sum(mix.values()), 0.0
    languages: list[LanguageMode] = []
    for name, share in mix.items():
        done += share
        languages += [name] * (round(count * done / total) - len(languages))
    rng.shuffle(languages)
    return languages


def make_corpus(
    out_dir: str | Path,
    *,
    count: int,
    language_mix: Mapping[LanguageMode, float],
    voices: Distribution = "train",
    split: Split = "train",
    seed: int = 0,
    exclude: Collection[str] = (),
    prefix: str | None = None,
    workers: int | None = None,
) -> list[Spoken]:
    """Write `audio/*.flac` and `utterances.jsonl` into a folder; return the utterances.

    No two utterances of a corpus share their content, nor does one occur in `exclude` (see
    `Sentence.content`). `language_mix` holds shares for `mixed`, `zh` and `en`. `prefix` begins
    each id; by default it is made of split and voices. The same arguments give the same files,
    whatever the number of `workers` (processes; by default one per core).

    Raises:
        KnobError: an argument makes no sense.
        InputError: the folder cannot be written or holds something else, or the synthesizer
            does not work.
    """
    if split not in SPLITS:
        raise KnobError(f"no split '{split}'; {did_you_mean(split, get_args(Split))}")
    check_seed(seed)
    check_folder(Path(out_dir), is_corpus(Path(out_dir)), "a corpus that was made here before")
    out, rng, taken = Path(out_dir), Random(f"{seed} {split} {voices}"), set(exclude)
    languages = _languages(count, language_mix, rng)

    def draw(index: int) -> tuple[Clip, Spoken]:
        rendering = _draw_rendering(rng, languages[index], split, taken)
        clip = _draw_clip(rng, rendering.text, voices)
        name = f"{prefix or _prefix(split, voices)}-{languages[index]}-{index:05d}"
        return clip, Spoken(_utterance(name, clip, languages[index], split), rendering)

    with progress_bar() as bar, _pool(count, workers) as run:
        task = bar.add_task(f"speaking {out.name}", total=count)
        spoken = _speak_until_all_fit(count, draw, out, run, lambda: bar.advance(task))
    write_jsonl(out / MANIFEST, [row.utterance for row in spoken])
    return spoken


def draw_renderings(
    count: int, mix: Mapping[LanguageMode, float], split: Split, seed: int
) -> list[tuple[LanguageMode, str]]:
    """Draw sentences of a split that share no content, as (language, text).

    Raises:
        KnobError: an argument makes no sense.
    """
    if split not in SPLITS:
        raise KnobError(f"no split '{split}'; {did_you_mean(split, get_args(Split))}")
    check_seed(seed)
    rng, taken = Random(f"{seed} {split}"), set[str]()
    languages = _languages(count, mix, rng)
    return [(each, _draw_rendering(rng, each, split, taken).text) for each in languages]


def is_corpus(folder: Path) -> bool:
    """Return whether a folder holds a corpus of `make_corpus`, or what an interrupted one left."""
    manifest = folder / MANIFEST
    if manifest.is_file():
        first = next((raw for _, raw in numbered_lines(manifest)), b"")
        try:
            row = parse_line(first, str(manifest))
        except InputError:
            return False
        id_ = str(row.get("id")) if isinstance(row, dict) else ""
        return bool(_OWN_ID.fullmatch(id_)) and row.get("audio") == f"audio/{id_}.flac"
    clips = visible(folder / "audio")
    return visible(folder) == ["audio"] and all(_OWN_ID.fullmatch(Path(c).stem) for c in clips)


def _speak_until_all_fit(
    count: int,
    draw: Callable[[int], tuple[Clip, Spoken]],
    out: Path,
    run: Run,
    advance: Callable[[], None],
) -> list[Spoken]:
    """Draw and write clips, and draw again in place of those that are too long."""
    made: dict[int, Spoken] = {}
    while missing := [i for i in range(count) if i not in made]:
        drawn = [draw(i) for i in missing]
        jobs = [(clip, out / str(row.utterance.audio)) for clip, row in drawn]
        for i, (_, row), fits in zip(missing, drawn, run(_write_clip, jobs), strict=True):
            if fits:
                made[i] = row
                advance()
    return [made[i] for i in range(count)]


def _prefix(split: Split, voices: Distribution) -> str:
    """Begin the ids of a corpus, so that corpora of other splits and voices can be joined."""
    return split if voices == "train" else f"{split}-{voices}"


def _draw_clip(rng: Random, text: str, voices: Distribution) -> Clip:
    """Draw who says a text, and the noise."""
    source = conditions(voices)
    return Clip(text, source.draw(rng), rng.uniform(*source.snr_db), rng.getrandbits(32))


def _utterance(name: str, clip: Clip, language: str, split: Split) -> Utterance:
    """Describe a clip in the manifest; its id is also the name of its file."""
    return Utterance(
        id=name,
        text=clip.text,
        audio=f"audio/{name}.flac",
        language=language,
        speaker=clip.voice.speaker,
        split=split,
    )


def cores() -> int:
    """Count the cores this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
    return len(allowed(0)) if allowed else os.cpu_count() or 1


@contextmanager
def _pool(count: int, workers: int | None) -> Iterator[Run]:
    """Yield an ordered map over processes, or the plain one when few clips are to be made.

    Raises:
        InputError: the processes do not start, or are killed.
    """
    workers = workers or cores()
    if workers == 1 or count < 2 * CHUNK:
        yield map
        return
    with processes(workers) as pool:
        yield partial(pool.map, chunksize=CHUNK)


@contextmanager
def processes(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Yield processes that make speech.

    Raises:
        InputError: the processes do not start, or are killed.
    """
    # Spawned, not forked: the progress bar is a thread, and torch may have more of them.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn) as pool:
        try:
            yield pool
        except BrokenProcessPool as error:
            raise InputError(
                "the processes that make speech did not start, or were killed. A script that "
                "makes speech needs its work below `if __name__ == '__main__':`, since each "
                "process imports the script; or pass workers=1"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def read_corpus(folder: str | Path) -> Iterator[tuple[Utterance, np.ndarray]]:
    """Yield each utterance of a corpus with its sound, float32 mono at SAMPLE_RATE_HZ.

    Raises:
        InputError: the manifest or a sound cannot be read.
    """
    for utterance in read(Utterance, Path(folder) / MANIFEST):
        assert utterance.audio is not None, "make_corpus gives every utterance a sound"
        yield utterance, read_audio(Path(folder) / utterance.audio)
