"""What a judge of text reads of a prompt that was spoken: the words, never a mark for sound."""

from collections.abc import Mapping
from typing import Any

from earmark.judges.judge import Answer, Case, Unscored, text_of
from earmark.pairs.rules import PLACEHOLDER, form_problems

SPOKEN = "spoken_text"
TRUTH = "truth"

Turns = list[dict[str, str]]


def conversation_of(case: Case, answer: Answer, spoken: str = SPOKEN) -> Turns:
    """Return the turns of a prompt and the answer as texts; system turns are left out.

    Args:
        case: the row.
        answer: one of its answers.
        spoken: the field that has the words of the prompt's clips: a text, or a list with one for
            each clip; `truth` takes the right answer, for prompts that ask for a transcript.

    Raises:
        Unscored: there is no prompt, or the words of a clip are not known.
    """
    messages = case.prompt if answer.prompt is None else answer.prompt
    for problem in form_problems([dict(message) for message in messages]):
        raise Unscored(problem)
    turns = [message for message in messages if message.get("role") != "system"]
    if not turns:
        raise Unscored("the row has no prompt")
    words = iter(_spoken(case, turns, spoken))
    read = [{"role": str(m["role"]), "content": _text(m["content"], words)} for m in turns]
    return [*read, {"role": "assistant", "content": text_of(answer)}]


def _spoken(case: Case, turns: list[Any], field: str) -> list[str]:
    """Return the words of each clip of a prompt."""
    clips = sum(_is_clip(part) for message in turns for part in _parts(message["content"]))
    if not clips:
        return []
    found: Any = case.truth if field == TRUTH else case.facts.get(field)
    texts = [found] if isinstance(found, str) else found
    if not isinstance(texts, list) or not all(isinstance(t, str) and t.strip() for t in texts):
        raise Unscored(
            f"the prompt has {clips} clips, and the field '{field}' has not their words; a judge "
            "of text cannot hear"
        )
    if len(texts) != clips:
        raise Unscored(f"the field '{field}' has the words of {len(texts)} clips of {clips}")
    return texts


def _parts(content: Any) -> list[Any]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def _is_clip(part: Mapping[str, Any]) -> bool:
    return part.get("type") == "audio"


def _text(content: Any, words: Any) -> str:
    """Join the texts of a message, the words of a clip in its place."""
    texts = [next(words) if _is_clip(part) else part["text"] for part in _parts(content)]
    joined = "\n".join(text.strip() for text in texts if text.strip())
    if PLACEHOLDER in joined:
        raise Unscored(f"the prompt says {PLACEHOLDER}, which is no word of it")
    return joined
