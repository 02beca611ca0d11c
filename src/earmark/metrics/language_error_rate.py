"""Error rate of the tokens of one language; an insertion has the language of what was written."""

from earmark.metrics.columns import LANGUAGE_LETTERS, Columns
from earmark.metrics.metric import Metric, Rows
from earmark.text.language import Language


def language_error_rate(language: Language) -> Metric:
    """Make the metric of one language.

    >>> language_error_rate("zh").name
    'zh'
    """
    letter = LANGUAGE_LETTERS[language]

    def rows(columns: Columns) -> Rows:
        """Count errors and truth tokens of the language: [answer, 2]."""
        return columns.rows(columns.truth.letters == letter, columns.languages == letter)

    return Metric(language, rows)
