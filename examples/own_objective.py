"""An objective of your own: its signature says which tensors it is given and which knobs it has.

In a file `losses.py` the same function is `earmark train --objective losses:offset_dpo --offset 1`.
"""

import tempfile
from pathlib import Path

from torch import Tensor
from torch.nn.functional import logsigmoid

import earmark
from earmark.objectives.contract.loss import Loss
from earmark.voices.corpus import make_corpus


def offset_dpo(
    chosen: Tensor,
    rejected: Tensor,
    ref_chosen: Tensor,
    ref_rejected: Tensor,
    *,
    beta: float = 0.1,
    offset: float = 0.0,
) -> Loss:
    """Prefer the chosen answer by at least an offset, in nats; all tensors are [pair]."""
    margin = beta * ((chosen - ref_chosen) - (rejected - ref_rejected))
    return Loss(-logsigmoid(margin - offset), margin)


with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    make_corpus(folder / "corpus", count=4, language_mix={"mixed": 1.0}, workers=1)
    pairs = earmark.imitate(folder / "corpus/utterances.jsonl", mix={"omit_embedded": 1})

    run = earmark.train(
        pairs,
        "tiny-base",
        folder / "run",
        objective=offset_dpo,
        offset=1.0,  # a knob of the objective
        max_steps=2,
        per_device_train_batch_size=2,
        logging_steps=1,
        save_steps=2,
        cache_dir=str(folder / "cache"),
    )
    print((run / "log.jsonl").read_text("utf-8").splitlines()[0])
