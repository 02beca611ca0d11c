"""Instructions about length: sentences, words, paragraphs."""

import re

from earmark.judges.instructions.relation import holds, whole, word
from earmark.judges.judge import Unscored
from earmark.text.script import is_han

# A full stop within a number or an abbreviation has no blank after it.
SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s|$)|[。！？]+[”’」』）]*|\n+")
ABBREVIATIONS = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|Prof|St|vs|e\.g|i\.e|etc|No|Jr|Sr)\.(?=\s+\S)")


def number_sentences(answer: str, *, num_sentences: int, relation: str) -> bool:
    """There are at least, or less than, so many sentences.

    >>> number_sentences("One. Two! 三。四？", num_sentences=4, relation="at least")
    True
    """
    return holds(count_sentences(answer), relation, num_sentences)


def count_sentences(answer: str) -> int:
    """Count what ends with a mark of a sentence or a line, and holds a letter or a digit.

    >>> count_sentences("Dr. Li has 3.5 kg. Good! 好的。再见")
    4
    """
    parts = SENTENCE_END.split(ABBREVIATIONS.sub("", answer))
    return sum(any(c.isalnum() for c in part) for part in parts)


def number_words(answer: str, *, num_words: int, relation: str) -> bool:
    """There are at least, or less than, so many words.

    >>> number_words("one two three", num_words=3, relation="less than")
    False
    """
    return holds(count_words(answer), relation, num_words)


def count_words(answer: str) -> int:
    """Count words between blanks and marks, and each Han character as one.

    >>> count_words("don't stop 我们 now")
    6
    """
    han = sum(map(is_han, answer))
    rest = "".join(" " if is_han(char) else char for char in answer)
    return han + len(re.findall(r"\w+", rest))


def number_paragraphs(answer: str, *, num_paragraphs: int) -> bool:
    """There are so many paragraphs, divided by `***`; none of them is empty.

    >>> number_paragraphs("one *** two", num_paragraphs=2)
    True
    >>> number_paragraphs("one *** *** two", num_paragraphs=2)
    False
    """
    parts = [part.strip() for part in re.split(r"\s?\*\*\*\s?", answer)]
    inner = parts[(not parts[0]) : len(parts) - (not parts[-1])]
    return all(inner) and len(inner) == whole(num_paragraphs)


def nth_paragraph_first_word(
    answer: str, *, num_paragraphs: int, nth_paragraph: int, first_word: str
) -> bool:
    r"""There are so many paragraphs, divided by an empty line, and one begins with a word.

    >>> wanted = {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "So"}
    >>> nth_paragraph_first_word("First.\n\n\"So, then\" he said.", **wanted)
    True
    """
    parts = [part.strip() for part in re.split(r"\n\s*\n", answer) if part.strip()]
    nth = whole(nth_paragraph)
    if nth < 1 or nth > whole(num_paragraphs):
        raise Unscored(f"paragraph {nth} of {num_paragraphs}; expected one from 1 to that number")
    if len(parts) != whole(num_paragraphs):
        return False
    wanted = word(first_word).strip().lower()
    start = re.sub(r"^\W+", "", parts[nth - 1]).lower()
    if any(map(is_han, wanted)):
        return start.startswith(wanted)
    return bool(re.match(re.escape(wanted) + r"(?![^\W_])", start))
