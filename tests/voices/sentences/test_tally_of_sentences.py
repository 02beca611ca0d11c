"""The table of sentences: means and shares by hand, a row for each kind, languages alone last."""

from earmark.records import Utterance
from earmark.voices.sentences.tally import laid_out, mixing


def row(text, language, matrix, switch, **extra):
    known = {"matrix_language": matrix, "switch_type": switch, **extra}
    return Utterance(text, text, language=language, extra=known)


ROWS = [
    # 6 Han characters and 2 words; 4 switches; index 2 / 8.
    row("那份 report 你 submit 了没有？", "mixed", "zh", "intrasentential", template="office-001"),
    # 6 Han characters and 1 word; 2 switches; index 1 / 7.
    row("我很 busy 你先走吧", "mixed", "zh", "intrasentential", template="office-002"),
    # 4 Han characters and 4 words; 1 switch; index 4 / 8.
    row("See you at lunch, 好不好呀", "mixed", "en", "tag", template="office-002"),
    row("see you at lunch", "en", "en", "none", template="office-003"),
    row("我们下午三点开会", "zh", "zh", "none", template="office-004"),
]


def test_means_and_shares_by_hand():
    assert laid_out(ROWS)["rows"] == [
        ["en, tag", "1", "8.0", "0.500", "1.00", "100/0/0/0"],
        ["zh, intrasentential", "2", "7.5", "0.196", "3.00", "0/50/0/50"],
        ["all mixed", "3", "7.7", "0.298", "2.33", "33/33/0/33"],
        None,
        ["en alone", "1", "4.0", "", "", ""],
        ["zh alone", "1", "8.0", "", "", ""],
    ]
    assert laid_out(ROWS)["note"].endswith("4 templates were filled.")


def test_sentences_of_no_template_name_none():
    written = [row("我很 busy 你先走吧", "mixed", "zh", "tag", written_by="writer")]
    table = laid_out(written)
    assert table["rows"] == [["zh, tag", "1", "7.0", "0.143", "2.00", "0/100/0/0"]]
    assert "templates" not in table["note"]


def test_counts_are_sums():
    counted = mixing(ROWS)
    assert (counted.sentences, counted.templates, counted.tokens) == (5, 4, 35)
    assert (counted.switches, counted.with_switches) == (7, (1, 1, 0, 1))
