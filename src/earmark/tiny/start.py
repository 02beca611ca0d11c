"""Make the model that training starts from: two halves, and a projector that has learnt to hear.

Clips are heard once by the frozen encoder; its states are kept on disk. Then the projector learns
alone (`tiny/listen.py`), which costs little, and the model is written as an ordinary folder.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from earmark.errors import InputError
from earmark.evaluate.score import score
from earmark.policies.checkpoint.weights_hash import hash_of_model
from earmark.policies.families.qwen2_audio import Qwen2AudioPolicy
from earmark.policies.load import device_of
from earmark.progress import note, track
from earmark.prompting.families import FACTS
from earmark.prompting.messages import ask
from earmark.records import Hypothesis, Utterance
from earmark.storage.atomic import atomic_folder, write_text
from earmark.storage.digests import of_values
from earmark.text.script import is_han
from earmark.tiny.halves import join, token_space
from earmark.tiny.listen import Corpus, Ear, Listening, listen
from earmark.train.cache.features import FeatureCache
from earmark.train.data.clip import ClipRef

HEARD = "heard-by-ctc.json"
# A tokenizer that knows Mandarin has a token for a character or for several; one that does not
# spells each in two or three bytes.
MOST_TOKENS_PER_HAN = 1.5
LICENCES = ("LICENSE*", "LICENCE*", "NOTICE*")


class Clips(NamedTuple):
    """Clips and the text of each."""

    clips: Sequence[ClipRef]
    texts: Sequence[str]


def make_start(
    out: Path,
    whisper: str,
    language_model: str,
    training: Clips,
    development: Mapping[str, Clips],
    plan: Listening,
    *,
    cache: Path,
    device: str,
) -> dict[str, float]:
    """Write the model that training starts from, unless it is there.

    Returns the error rate of each development set, written by CTC alone: what can be heard before
    the language model has learnt anything.

    Args:
        out: the model's folder; it appears when it is whole.
        whisper: folder or hub id of a Whisper checkpoint.
        language_model: folder or hub id of a causal language model.
        training: what the projector learns from.
        development: sets by name, not learnt from.
        plan: how long it learns; its seed draws the projector.
        cache: where states and checkpoints are kept.
        device: cpu, cuda, ... or auto.

    Raises:
        InputError: halves or speech that cannot be used.
    """
    kept = cache / HEARD
    if out.is_dir() and kept.is_file():
        found: dict[str, float] = json.loads(kept.read_text("utf-8"))
        return found
    joined = join(whisper, language_model, seed=plan.seed)
    policy = Qwen2AudioPolicy(joined.model, joined.processor, FACTS["qwen2_audio"])
    check_writes(policy, training.texts, language_model)
    model: Any = joined.model
    model.to(device_of(device))
    corpus = hear(policy, training, cache)
    held = {name: hear(policy, clips, cache) for name, clips in development.items()}
    vocabulary = sorted({token for truth in corpus.truths for token in truth})
    projector = model.model.multi_modal_projector.linear
    ear = Ear(projector, token_space(model), vocabulary).to(model.device)
    halves = [hash_of_model(path) or path for path in (whisper, language_model)]
    inputs = of_values(halves, [clip.key() for clip in training.clips], corpus.truths)
    listen(ear, corpus, plan, cache / "listening", inputs)
    rates = {}
    for name, heard in held.items():
        written = [policy.tokenizer.decode(ear.write(states)) for states in heard.states]
        rates[name] = rate_of(development[name].texts, written)
        note(f"{name}: {100 * rates[name]:.1f} % wrong by CTC alone, before the model writes")
    write_text(kept, json.dumps(rates) + "\n")
    model.to("cpu")
    with atomic_folder(out) as folder:
        model.save_pretrained(folder)
        joined.processor.save_pretrained(folder)
        copy_licences({"encoder": whisper, "language-model": language_model}, folder)
    return rates


def check_writes(policy: Qwen2AudioPolicy, texts: Sequence[str], path: str) -> None:
    """Refuse Mandarin for a language model that has no tokens for it.

    Raises:
        InputError: its tokenizer spells Han characters in bytes.
    """
    han = ["".join(filter(is_han, text)) for text in texts]
    characters = sum(map(len, han))
    ids = (policy.tokenizer(text, add_special_tokens=False)["input_ids"] for text in han if text)
    tokens = sum(map(len, ids))
    if tokens > MOST_TOKENS_PER_HAN * characters:
        raise InputError(
            f"{path}: its tokenizer writes {tokens / characters:.1f} tokens for a Han character, "
            "so the model was not trained on Mandarin; take one that was, such as Gemma 3, or give "
            "English speech alone"
        )


@torch.no_grad()
def hear(policy: Qwen2AudioPolicy, spoken: Clips, cache: Path) -> Corpus:
    """Return the encoder's states of clips, in half precision, and the tokens of their texts.

    Raises:
        InputError: a clip that cannot be heard.
    """
    kept = FeatureCache(cache, policy)
    found: list[Tensor] = []
    for clip in track(spoken.clips, "hearing", total=len(spoken.clips)):
        key = clip.key()
        states = kept.get(key)
        if states is None:
            sound = clip.read()
            policy.check_length(sound, where=clip.path)
            states = policy.encode(policy.features(sound)).cpu()
            kept.add(key, states)
        found.append(states.half())
    prompt = ask(policy.facts)
    # Without the end of the answer, which nobody says.
    return Corpus(found, [policy.answer_ids(prompt, text)[:-1] for text in spoken.texts])


def rate_of(truths: Sequence[str], written: Sequence[str]) -> float:
    """Return the mixed error rate of texts, a fraction."""
    ids = [str(number) for number in range(len(truths))]
    said = [Utterance(id_, text) for id_, text in zip(ids, truths, strict=True)]
    hyps = [Hypothesis(id_, text) for id_, text in zip(ids, written, strict=True)]
    found = score(said, hyps, over="utterance", failures=False)
    return float(found.to_dict()["mixed_error_rate"])


def copy_licences(halves: Mapping[str, str], folder: Path) -> None:
    """Copy the licences and notices of both halves, each named after its half."""
    for name, path in halves.items():
        for pattern in LICENCES:
            for file in sorted(Path(path).glob(pattern)) if Path(path).is_dir() else ():
                shutil.copyfile(file, folder / f"{file.stem}-{name}{file.suffix}")
