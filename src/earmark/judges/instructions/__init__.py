"""Verifiable instructions: the 25 of IFEval (Zhou et al. 2023, arXiv 2311.07911), by their ids.

Written for this project from the published definitions. Each is a function of an answer whose
keyword-only parameters have IFEval's names; it returns whether the answer follows.
Departures: texts are compared as they are written and never as regular expressions; a Han
character is a word; marks of Chinese count beside those of English; the language is known from the
script and from common English words, so most languages in Latin letters cannot be verified.
"""

from collections.abc import Callable

from earmark.judges.instructions.case import (
    capital_word_frequency,
    english_capital,
    english_lowercase,
)
from earmark.judges.instructions.combination import repeat_prompt, two_responses
from earmark.judges.instructions.content import number_placeholders, postscript
from earmark.judges.instructions.ends import end_checker, no_comma, quotation
from earmark.judges.instructions.form import (
    constrained_response,
    json_format,
    multiple_sections,
    number_bullet_lists,
    number_highlighted_sections,
    title,
)
from earmark.judges.instructions.keywords import (
    existence,
    forbidden_words,
    frequency,
    letter_frequency,
)
from earmark.judges.instructions.language import response_language
from earmark.judges.instructions.lengths import (
    nth_paragraph_first_word,
    number_paragraphs,
    number_sentences,
    number_words,
)

CONSTRAINTS: dict[str, Callable[..., bool]] = {
    "keywords:existence": existence,
    "keywords:frequency": frequency,
    "keywords:forbidden_words": forbidden_words,
    "keywords:letter_frequency": letter_frequency,
    "language:response_language": response_language,
    "length_constraints:number_sentences": number_sentences,
    "length_constraints:number_paragraphs": number_paragraphs,
    "length_constraints:number_words": number_words,
    "length_constraints:nth_paragraph_first_word": nth_paragraph_first_word,
    "detectable_content:number_placeholders": number_placeholders,
    "detectable_content:postscript": postscript,
    "detectable_format:number_bullet_lists": number_bullet_lists,
    "detectable_format:constrained_response": constrained_response,
    "detectable_format:number_highlighted_sections": number_highlighted_sections,
    "detectable_format:multiple_sections": multiple_sections,
    "detectable_format:json_format": json_format,
    "detectable_format:title": title,
    "combination:two_responses": two_responses,
    "combination:repeat_prompt": repeat_prompt,
    "startend:end_checker": end_checker,
    "startend:quotation": quotation,
    "change_case:capital_word_frequency": capital_word_frequency,
    "change_case:english_capital": english_capital,
    "change_case:english_lowercase": english_lowercase,
    "punctuation:no_comma": no_comma,
}
