"""Save the tiny base model to ship: an ordinary model folder, weights in half precision."""

import copy
from pathlib import Path

from earmark import __version__
from earmark.errors import InputError
from earmark.storage.atomic import follow_umask, write_text
from earmark.storage.regular import read_regular
from earmark.tiny.train import HEARING, LANGUAGES, WRITING, TinyBase

CARD = "README.md"
INTRODUCTION = """\
# The tiny base model of Earmark

A Qwen2-Audio (`Qwen2AudioForConditionalGeneration`) of {parameters:.1f} million parameters that
hears up to 3 s of synthetic English and Mandarin speech. It transcribes either language well,
and **fails on code-switching on purpose**: it drops, translates and invents words, so that
preference training has something to correct. It knows the words of one small grammar and is of no
use for real speech.

## How it was made

`earmark tiny-base --out DIR --seed {seed}`, Earmark {version}. {utterances} utterances by
espeak-ng (shares: {shares}), said by the training voices of `earmark.speech`. First
{hearing_steps} steps of CTC on what was really said, with {hearing_clips} clips each, then
{writing_steps} steps of writing, with {writing_clips} clips each: at first the truth, then, on
code-switched speech, mostly wrong labels, by a habit of the first embedded word
(`earmark.tiny.bad_habits`); and both once more at half the rate.
Speech and features took {speech_s:.0f} s, training {wall_s:.0f} s ({cpu_s:.0f} CPU seconds) on
the machine that made it. Weights are stored as float16; load them as float32.
"""


def is_tiny_base(folder: Path) -> bool:
    """Return whether a folder holds a model that `save_tiny_base` wrote."""
    try:
        card = read_regular(folder / CARD).decode("utf-8")
    except (InputError, OSError, ValueError):
        return False
    return card.startswith(INTRODUCTION.partition("\n")[0])


def save_tiny_base(made: TinyBase, out: Path, *, seed: int, utterances: int) -> None:
    """Write model, processor and model card into a folder.

    Raises:
        InputError: the folder cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        copy.deepcopy(made.model).half().save_pretrained(out)
        made.processor.save_pretrained(out)
        follow_umask(out, "*.safetensors")
    except OSError as error:
        raise InputError(
            f"{out}: the model cannot be saved: {error.strerror or error}; choose another folder"
        ) from error
    write_text(out / CARD, model_card(made, seed, utterances))


def model_card(made: TinyBase, seed: int, utterances: int) -> str:
    """Say what the model is and how it was made."""
    return INTRODUCTION.format(
        parameters=sum(p.numel() for p in made.model.parameters()) / 1e6,
        seed=seed,
        version=__version__,
        utterances=utterances,
        shares=", ".join(f"{name} {share:g}" for name, share in LANGUAGES.items()),
        hearing_steps=len(made.hearing_losses),
        hearing_clips=HEARING.clips,
        writing_steps=len(made.writing_losses),
        writing_clips=WRITING.clips,
        speech_s=made.speech_s,
        wall_s=made.wall_s,
        cpu_s=made.cpu_s,
    )
