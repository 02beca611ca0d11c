import pytest

from earmark.text import tokenize
from earmark.text.language import language_of


@pytest.mark.parametrize(
    ("token", "language"),
    [
        ("好", "zh"), ("〇", "zh"), ("𠮷", "zh"), ("ok", "en"), ("don't", "en"), ("mp3", "en"),
        ("café", "en"), ("$20", "other"), ("2019", "other"), ("コ", "other"), ("да", "other"),
        ("c++", "en"), ("", "other"),
    ],
)  # fmt: skip
def test_script_names_the_language(token, language):
    assert language_of(token) == language


def test_a_mixed_sentence():
    languages = [language_of(token) for token in tokenize("我的iPhone和Mac")]
    assert languages == ["zh", "zh", "en", "zh", "en"]
