"""Tokenize an answer as a model writes it: after its prompt, not as a text of its own.

Tokenizers such as SentencePiece begin a text with a blank that is not there. An answer
tokenized alone begins with it (`▁hi`), while a model that continues after `assistant:` and the
end of a line writes `hi`. Byte-level tokenizers add nothing, so their answers are left alone.
"""

from typing import Any

from earmark.errors import InputError

# What stands for a blank in the pieces of SentencePiece and of byte-level tokenizers.
BLANKS = ("▁", "Ġ")
SHOWN = 20


def continuation_ids(tokenizer: Any, prompt: str, answer: str) -> list[int]:
    """Return the tokens of an answer after the tokens of its prompt.

    Args:
        tokenizer: a tokenizer of transformers.
        prompt: the rendered prompt, up to where the answer begins.
        answer: the text that continues from there.

    Raises:
        InputError: the tokenizer begins texts with a blank, and joins the end of this prompt
            with the beginning of the answer, so that no token begins where the answer does.
    """
    alone: list[int] = tokenizer(answer, add_special_tokens=False)["input_ids"]
    first = tokenizer.convert_ids_to_tokens(alone[:1])
    if not first or not str(first[0]).startswith(BLANKS) or answer[0].isspace():
        return alone
    before = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    whole = tokenizer(prompt + answer, add_special_tokens=False)["input_ids"]
    if whole[: len(before)] != before:
        raise InputError(
            f"the tokenizer joins the end of the prompt, {prompt[-SHOWN:]!r}, with the beginning "
            f"of the answer {answer[:SHOWN]!r}, so the model could not write this answer after "
            "its prompt; let the prompt, or the last assistant message in it, end otherwise: "
            "without a blank"
        )
    return whole[len(before) :]
