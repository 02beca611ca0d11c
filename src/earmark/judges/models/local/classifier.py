"""Sequence classifiers of transformers as reward models, in batches that equal single rows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

from earmark.errors import InputError, KnobError
from earmark.judges.judge import Failed, Score, Unscored, number, shown
from earmark.judges.models.conversation import Turns
from earmark.policies.checkpoint.folder import check_model_dir
from earmark.policies.checkpoint.hub_files import fetch
from earmark.policies.checkpoint.library_errors import one_message
from earmark.policies.checkpoint.stored_tensors import stored_tensors
from earmark.policies.checkpoint.weight_files import weight_files
from earmark.policies.checkpoint.weights_hash import weights_hash
from earmark.policies.checks.complete import bare_network
from earmark.policies.load import DTYPES, device_of

LOADER = "AutoModelForSequenceClassification"
# What libraries write for "no limit".
NO_LIMIT = 10**9


class Classifier:
    """A reward model: conversations in, raw logits out.

    Raises:
        InputError: not a whole model, a head that its weights do not have, more than one number,
            or no chat template.
        KnobError: no such device or number type, or a batch of nothing.
    """

    def __init__(self, path: str, device: str, dtype: str, batch_size: int) -> None:
        if batch_size < 1:
            raise KnobError(f"batch_size is {batch_size}; expected 1 or more")
        where = device_of(device)
        number_type = number_type_of(dtype)
        folder = checked_folder(path)
        with one_message(path, "used: its tokenizer or configuration cannot be read"):
            self._config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
            self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        with one_message(path, "loaded as a reward model"):
            tensors = [tensor for _, tensor in stored_tensors(weight_files(folder)).values()]
            # Refuses a head that would be filled with random numbers.
            bare_network(LOADER, str(folder), self._config, tensors, {})
            self._check(path)
            self._network: Any = AutoModelForSequenceClassification.from_pretrained(
                folder, dtype=number_type, use_safetensors=True, trust_remote_code=False
            )
        self._network.to(where).eval()
        self._batch_size = batch_size
        self.weights = weights_hash(folder)
        self.dtype = str(number_type).removeprefix("torch.")

    def _check(self, path: str) -> None:
        """Refuse what is no reward model, before its weights are loaded."""
        if self._config.num_labels != 1:
            raise InputError(
                f"{path}: it gives {self._config.num_labels} numbers for a text; expected a reward "
                "model, which gives one"
            )
        if not self._tokenizer.chat_template:
            raise InputError(f"{path}: its tokenizer has no chat template, so it cannot read turns")

    @torch.no_grad()
    def score(self, conversations: Sequence[Turns]) -> list[Score]:
        """Return the raw logit of each conversation; similar lengths are batched."""
        found: list[Score] = [Failed("not scored")] * len(conversations)
        rows: dict[int, list[int]] = {}
        for place, turns in enumerate(conversations):
            try:
                rows[place] = self.ids_of(turns)
            except InputError as error:
                found[place] = Failed(shown(error))
        order = sorted(rows, key=lambda place: len(rows[place]))
        for start in range(0, len(order), self._batch_size):
            few = order[start : start + self._batch_size]
            for place, logit in zip(few, self._logits([rows[p] for p in few]), strict=True):
                found[place] = number(logit)
        return found

    def ids_of(self, turns: Turns) -> list[int]:
        """Tokenize a conversation by the model's own template, with one token that begins a text.

        Raises:
            Unscored: a text holds a token that ends turns, the template refuses the turns, or they
                are longer than the model reads.
        """
        for turn in turns:
            for token in self._tokenizer.all_special_tokens:
                if token and token in turn["content"]:
                    raise Unscored(f"a turn holds {token!r}, which means something to the model")
        try:
            ids: list[int] = self._tokenizer.apply_chat_template(
                turns, tokenize=True, add_generation_prompt=False, return_dict=False
            )
        except Exception as error:  # whatever a template raises
            raise Unscored(f"the chat template refuses the turns: {error}") from error
        ids = self._one_beginning(list(ids))
        longest = self._longest()
        if len(ids) > longest:
            raise Unscored(f"prompt and answer have {len(ids)} tokens; the model reads {longest}")
        return ids

    def _one_beginning(self, ids: list[int]) -> list[int]:
        """Leave one token that begins a text, if the tokenizer writes such to any text."""
        begin = self._tokenizer.bos_token_id
        if begin is None:
            return ids
        while ids[:2] == [begin, begin]:
            ids = ids[1:]
        writes = self._tokenizer("a")["input_ids"][:1] == [begin]
        return [begin, *ids] if writes and ids[:1] != [begin] else ids

    def _longest(self) -> int:
        limits = (
            getattr(self._config, "max_position_embeddings", None),
            self._tokenizer.model_max_length,
        )
        return int(min([limit for limit in limits if limit and limit < NO_LIMIT] or [NO_LIMIT]))

    def _logits(self, rows: Sequence[list[int]]) -> list[float]:
        """Run a batch, padded on the right by a token that none of its rows has.

        The library reads the score at the last token that is not padding, and many tokenizers pad
        with the very token that ends a turn.
        """
        used = {token for row in rows for token in row}
        pad = next(token for token in range(len(used) + 1) if token not in used)
        self._network.config.get_text_config().pad_token_id = pad
        self._network.config.pad_token_id = pad
        width = max(map(len, rows))
        ids = torch.tensor([row + [pad] * (width - len(row)) for row in rows])
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
        device = self._network.device
        logits: Tensor = self._network(
            input_ids=ids.to(device), attention_mask=mask.to(device)
        ).logits  # [row, 1]
        return [float(each) for each in logits[:, 0].float()]


def checked_folder(path: str) -> Path:
    """Return the folder of a model, from the hub if need be, once its files were checked."""
    folder = Path(path)
    if not folder.is_dir():
        if path.startswith((".", "/", "~")):
            raise InputError(f"{path}: no such model folder")
        folder = fetch(path)
    check_model_dir(folder)
    return folder


def number_type_of(name: str) -> torch.dtype:
    """Return the number type of a name.

    Raises:
        KnobError: there is none.
    """
    if name == "auto":
        return torch.bfloat16 if torch.cuda.is_available() else torch.float32
    if name not in DTYPES:
        raise KnobError(f"dtype '{name}' is unknown; expected auto, {', '.join(DTYPES)}")
    return DTYPES[name]
