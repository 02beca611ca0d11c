"""Translate with a chat model: any OpenAI-compatible endpoint.

The paper (arXiv 2605.23975) rewrites transcripts with Qwen3-32B; its prompts are not
published. Departure: the prompts here are our own.
"""

from random import Random

from earmark.endpoint import Endpoint
from earmark.endpoint.chat import THOUGHTS, complete
from earmark.errors import KnobError
from earmark.formats.files.answers import AnswerFile
from earmark.text import tokenize
from earmark.text.language import language_of
from earmark.text.normalize.traditional import is_traditional
from earmark.translators.translator import Target, Translation

LANGUAGE = {"zh": "Mandarin Chinese", "en": "English"}
WHOLE = (
    "The line below is a transcript of speech that may mix English and Mandarin Chinese. "
    "Rewrite it so that every word is in {language}. Keep the meaning, the register and the "
    "punctuation. Answer with the rewritten line alone.\n\n{text}"
)
PART = (
    "The line below is a transcript of speech that may mix English and Mandarin Chinese. "
    "Choose one or two short phrases in it that are not in {language} and put only those into "
    "{language}. Copy every other word and all punctuation exactly. If all of the line would "
    "end up in {language}, choose fewer words. Answer with the rewritten line alone.\n\n{text}"
)
QUOTES = {'"': '"', "“": "”", "「": "」", "'": "'"}


class ChatTranslator:
    """A translator that asks a chat model, and asks no question twice.

    `workers` bounds how many requests are under way at once; `answers` keeps what was
    answered on disk.

    Raises:
        KnobError: fewer than one worker.
    """

    def __init__(self, endpoint: Endpoint, answers: AnswerFile, workers: int = 8) -> None:
        if workers < 1:
            raise KnobError(f"{workers} chat requests at once; expected 1 or more")
        self.name = f"chat:{endpoint.model}"
        self.workers = workers
        self._endpoint = endpoint
        self._answers = answers

    def translate(self, text: str, to: Target) -> Translation:
        """Put the whole text into one language; words left in the other are named.

        Raises:
            EndpointError: the model gave no usable answer.
        """
        answer = self._ask(WHOLE.format(language=_language(text, to), text=text), text)
        left = (token for token in tokenize(answer) if language_of(token) not in (to, "other"))
        return Translation(answer, tuple(left))

    def translate_part(self, text: str, to: Target, rng: Random) -> Translation | None:
        """Let the model choose a phrase or two and translate those.

        Raises:
            EndpointError: the model gave no usable answer.
        """
        del rng  # the model chooses; it decodes greedily, so the choice is the same each time
        return Translation(self._ask(PART.format(language=_language(text, to), text=text), text))

    def _ask(self, prompt: str, text: str) -> str:
        """Return the cleaned answer, from the file when it is there."""
        model = self._endpoint.model
        answer = self._answers.get(model, prompt)
        if answer is None:
            answer = complete(self._endpoint, prompt)
            self._answers.put(model, prompt, answer)
        return clean_answer(answer, text)


def _language(text: str, to: Target) -> str:
    """Name the language to write, and the characters where the text has Traditional ones.

    >>> _language("我們 meeting", "zh"), _language("我們 meeting", "en")
    ('Mandarin Chinese in Traditional characters', 'English')
    """
    characters = " in Traditional characters" if to == "zh" and is_traditional(text) else ""
    return LANGUAGE[to] + characters


def clean_answer(answer: str, text: str) -> str:
    r"""Strip a model's thoughts, line breaks, and quotes that the text itself does not have.

    >>> clean_answer("<think>easy</think>\n“我们开会”\n", "let's meet")
    '我们开会'
    """
    line = " ".join(THOUGHTS.sub("", answer).split())
    closing = QUOTES.get(line[:1])
    if closing and len(line) > 1 and line.endswith(closing) and not text.startswith(line[0]):
        line = line[1:-1].strip()
    return line
