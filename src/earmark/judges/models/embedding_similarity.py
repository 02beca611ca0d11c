"""How near an answer's meaning is to a right one, by any sentence encoder."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from earmark.errors import EarmarkError, InputError, KnobError
from earmark.judges.judge import (
    Case,
    Failed,
    Judge,
    Score,
    Unscored,
    failed,
    number,
    text_of,
    version_of,
)
from earmark.lookup import imported, name_of

LOCAL = "earmark.judges.models.local.sentence_encoder"

Encode = Callable[[list[str]], Any]


def embedding_similarity(
    *,
    encoder: str | Encode,
    prefix: str = "",
    batch_size: int = 32,
    device: str = "auto",
    dtype: str = "auto",
) -> Judge:
    """Score an answer by the cosine of its sentence embedding and that of the nearest truth.

    Args:
        encoder: a folder or hub id of an encoder of transformers (mean of the last states), or
            `module:name` of a function from a list of texts to an array [text, dimension], or
            of a class or an object that has such an `encode`.
        prefix: what is put before each text, such as `query: ` of E5.
        batch_size: texts that are encoded together.
        device: `cpu`, `cuda`, ... or `auto`.
        dtype: `float32`, `bfloat16`, `float16` or `auto`.

    Raises:
        InputError: no whole model there.
        KnobError: there is no such function.
    """
    if not isinstance(encoder, str):
        encode, version = _own(encoder), version_of(1, encoder=name_of(encoder), prefix=prefix)
    elif ":" in encoder:
        encode = _own(imported(encoder, "encoder"))
        version = version_of(1, encoder=encoder, prefix=prefix)
    else:
        local = import_module(LOCAL).SentenceEncoder(encoder, device, dtype, batch_size)
        encode, version = local.encode, version_of(1, weights=local.weights, prefix=prefix)

    def score(cases: Sequence[Case]) -> list[list[Score]]:
        return _score(cases, encode, prefix)

    return Judge("embedding_similarity", version, score, at_once=max(1, batch_size), kept=True)


def _own(found: Any) -> Encode:
    """Return the function of an encoder of the user's own.

    Raises:
        KnobError: it is not a function, and has no `encode`.
    """
    made = found() if isinstance(found, type) else found
    encode = getattr(made, "encode", made)
    if not callable(encode):
        raise KnobError(f"the encoder should be a function of texts, found {type(made).__name__}")
    return cast("Encode", encode)


def _score(cases: Sequence[Case], encode: Encode, prefix: str) -> list[list[Score]]:
    """Encode each text once, then compare."""
    texts = dict.fromkeys(
        text
        for case in cases
        for text in (*case.truths, *(a.text for a in case.answers if a.text is not None))
        if text.strip()
    )
    vectors = _encoded([f"{prefix}{text}" for text in texts], encode)
    known = dict(zip(texts, vectors, strict=True))
    return [[_cosine(case, answer, known) for answer in case.answers] for case in cases]


def _encoded(texts: list[str], encode: Encode) -> NDArray[np.float64]:
    """Return unit vectors [text, dimension].

    Raises:
        KnobError: the encoder returned something else.
    """
    if not texts:
        return np.zeros((0, 1))
    try:
        found = np.asarray(encode(texts), dtype=np.float64)
    except EarmarkError:
        raise
    except Exception as error:  # whatever an encoder of the user's own raises
        raise KnobError(f"the encoder fails: {type(error).__name__}: {error}") from error
    if found.ndim != 2 or len(found) != len(texts):
        raise KnobError(
            f"the encoder should return an array [text, dimension] for {len(texts)} texts, found "
            f"the shape {list(found.shape)}"
        )
    norms = np.linalg.norm(found, axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(found / norms)


def _cosine(case: Case, answer: Any, known: dict[str, NDArray[np.float64]]) -> Score:
    try:
        text = text_of(answer)
        truths = [truth for truth in case.truths if truth.strip()]
        if not truths:
            raise Unscored("no truth with a word is known; give the row a field 'truth'")
        if not text.strip():
            raise Unscored("the answer is empty, so that it has no meaning to compare")
    except InputError as error:
        return failed(error)
    found = [number(float(known[truth] @ known[text])) for truth in truths]
    good = [each for each in found if not isinstance(each, Failed)]
    return max(good) if good else found[0]
