"""Questions to a chat model: several at once, none twice, each cost counted."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

from earmark.endpoint import Endpoint
from earmark.endpoint.chat import Completion, completion
from earmark.errors import InputError, KnobError
from earmark.formats.files.answers import AnswerFile
from earmark.judges.judge import Failed, Score, failed, number
from earmark.storage.cache_folder import cache_folder
from earmark.storage.digests import of_values

Read = Callable[[Completion], float]


class Questions:
    """Questions to one chat model; verdicts that can be used are kept on disk by their content.

    Args:
        endpoint: the server.
        max_tokens: token cap of one answer.
        concurrency: requests under way at once.
        answers: the file of answers; default: one in the cache folder.

    Raises:
        KnobError: a cap or a number of requests below 1.
        InputError: the file is one of something else.
    """

    def __init__(
        self, endpoint: Endpoint, max_tokens: int, concurrency: int, answers: str | None
    ) -> None:
        for name, value in (("max_tokens", max_tokens), ("concurrency", concurrency)):
            if value < 1:
                raise KnobError(f"{name} is {value}; expected 1 or more")
        self._endpoint = endpoint
        self._max_tokens = max_tokens
        self._concurrency = concurrency
        name = of_values(endpoint.url, endpoint.model)
        self.path = Path(answers) if answers else cache_folder("judges") / f"{name}.jsonl"
        self._answers = AnswerFile(self.path)
        self._lock = Lock()
        self._spent: Counter[str] = Counter()

    def spent(self) -> Mapping[str, int]:
        """Return how many requests and tokens were spent, and how many answers were known."""
        return dict(self._spent)

    def ask(self, prompts: Sequence[str], read: Read) -> list[Score]:
        """Return what `read` makes of the answer to each prompt, or why there is nothing.

        Raises:
            SettingsError: the URL, the model or the key is wrong.
            UnreachableError: the server does not answer any more.
        """
        distinct = list(dict.fromkeys(prompts))
        with ThreadPoolExecutor(self._concurrency) as pool:
            try:
                found = list(pool.map(lambda prompt: self._one(prompt, read), distinct))
            except BaseException:
                # No other request is tried again in vain.
                self._endpoint.stop.set()
                pool.shutdown(cancel_futures=True)
                raise
        known = dict(zip(distinct, found, strict=True))
        return [known[prompt] for prompt in prompts]

    def _one(self, prompt: str, read: Read) -> Score:
        key = of_values(prompt, self._max_tokens)
        kept = self._answers.get(self._endpoint.model, key)
        try:
            if kept is not None:
                self._count(known=1)
                return number(read(Completion(kept)))
            answer = completion(self._endpoint, prompt, self._max_tokens)
            self._count(
                requests=1,
                prompt_tokens=answer.prompt_tokens,
                completion_tokens=answer.completion_tokens,
            )
            score = number(read(answer))
        except InputError as error:
            return failed(error)
        if not isinstance(score, Failed):
            self._answers.put(self._endpoint.model, key, answer.text)
        return score

    def _count(self, **counts: int) -> None:
        with self._lock:
            self._spent.update(counts)
