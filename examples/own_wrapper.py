"""A wrapper of your own: it takes an objective and returns one, with knobs or tensors added.

In a file `wrappers.py` the same function is
`earmark train --objective dpo --wrap wrappers:with_ceiling --ceiling 2`.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import earmark
from earmark.objectives.contract.loss import Loss
from earmark.objectives.dpo import dpo
from earmark.objectives.wrappers.wrap import Inner, wrap
from earmark.voices.corpus import make_corpus


def with_ceiling(objective: Callable[..., Loss]) -> Callable[..., Loss]:
    """Learn nothing from pairs whose margin has reached a ceiling, in nats.

    Args:
        objective: any objective of pairs; its tensors and knobs stay.
        ceiling: the margin from which on a pair's loss is 0.
    """

    def run(inner: Inner, given: dict[str, Any]) -> Loss:
        loss = inner()
        return loss._replace(per_pair=loss.per_pair * (loss.margin < given["ceiling"]))

    return wrap(objective, run, knobs={"ceiling": 5.0})


zero, margins = torch.zeros(3), torch.tensor([0.0, 10.0, 30.0])
capped = with_ceiling(dpo)
print(capped(margins, zero, zero, zero, beta=0.1, ceiling=2.0).per_pair)

with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    make_corpus(folder / "corpus", count=4, language_mix={"mixed": 1.0}, workers=1)
    pairs = earmark.imitate(folder / "corpus/utterances.jsonl", mix={"omit_embedded": 1})

    run = earmark.train(
        pairs,
        "tiny-base",
        folder / "run",
        objective="dpo",
        wrappers=[with_ceiling],
        ceiling=2.0,  # a knob of the wrapper
        max_steps=2,
        per_device_train_batch_size=2,
        logging_steps=1,
        save_steps=2,
        cache_dir=str(folder / "cache"),
    )
    print((run / "log.jsonl").read_text("utf-8").splitlines()[0])
