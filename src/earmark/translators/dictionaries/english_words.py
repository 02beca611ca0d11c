"""Lists of English words that ship: function words, irregular forms, what only looks inflected."""

from importlib.resources import files


def text_of(name: str) -> str:
    """Return one of the lists as it is written.

    >>> text_of("irregular").splitlines()[1]
    'have: has had having'
    """
    return files("earmark").joinpath(f"assets/english/{name}.txt").read_text("utf-8")


def words_of(name: str) -> frozenset[str]:
    """Return one of the lists as a set."""
    return frozenset(text_of(name).split())


# Words that hold a sentence together and carry little meaning of their own.
FUNCTION_WORDS = words_of("function")
ARTICLES = frozenset(["a", "an", "the"])
# What may be within a phrase that the dictionary writes without it.
SKIPPED = ARTICLES | {
    "my", "your", "his", "her", "our", "their", "its", "this", "that", "some",
}  # fmt: skip
