"""`earmark tiny-base`: train the tiny Audio LLM that ships with Earmark from scratch."""

from pathlib import Path

from earmark.cli.startup.later import later
from earmark.errors import KnobError
from earmark.progress import note, output

figures = later("earmark.recipes.tiny_base:figures")
make_tiny_base = later("earmark.recipes.tiny_base:make_tiny_base")
targets = later("earmark.recipes.tiny_base:targets")

# Those of `earmark.tiny.train`, which a test compares: importing it takes seconds.
UTTERANCES, HEARING_STEPS, WRITING_STEPS = 10_000, 2000, 1300


def tiny_base(
    *,
    out: Path,
    seed: int = 1,
    utterances: int = UTTERANCES,
    hearing_steps: int = HEARING_STEPS,
    writing_steps: int = WRITING_STEPS,
    workers: int | None = None,
) -> None:
    """Train the tiny Audio LLM that ships with Earmark from scratch, and measure it.

    It makes its own speech, trains for about seventeen CPU minutes, and writes an ordinary
    Hugging Face model folder with half-precision weights and a model card.

    Args:
        out: the model folder to write.
        seed: draws the speech, the first weights and the order of training.
        utterances: how many clips to train on.
        hearing_steps: steps of the first stage, CTC on the audio tower.
        writing_steps: steps of the second stage, the whole model.
        workers: processes that make speech; by default one per core.

    Raises:
        KnobError: a number that is too small.
    """
    for name, value, least in (
        ("utterances", utterances, 1),
        ("hearing-steps", hearing_steps, 1),
        ("writing-steps", writing_steps, 1),
    ):
        if value < least:
            raise KnobError(f"--{name} should be at least {least}, found {value}")
    measured = make_tiny_base(
        out,
        seed=seed,
        utterances=utterances,
        hearing_steps=hearing_steps,
        writing_steps=writing_steps,
        workers=workers,
    )
    output.print(figures(measured), end="", soft_wrap=True)
    for target, reached in targets(measured).items():
        note(f"{'reached' if reached else 'MISSED '}: {target}")
    note(f"{out}: use it as --model {out}")
