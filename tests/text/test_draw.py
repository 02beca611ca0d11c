from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.text import tokenize
from earmark.text.draw import draw, width

TOKENS = st.lists(st.sampled_from(["我", "们", "ok", "meeting", "café", "e\u0301"]), max_size=12)


def test_a_sentence_with_every_kind_of_edit():
    drawn = draw(tokenize("我们 want 奶茶"), tokenize("他们 the 奶"))
    assert drawn == (
        "truth  我 们 want 奶 茶\n"  # as wide as the wider of the two
        "hyp    他 们 the  奶 **\n"
        "       S     S       D"
    )
    inserted = draw(["奶"], ["喝", "奶"])
    assert inserted == "truth  ** 奶\nhyp    喝 奶\n       I"


def test_nothing_to_draw_is_three_margins():
    assert draw([], []).split() == ["truth", "hyp"]


def test_a_long_one_goes_on_below():
    drawn = draw(["meeting"] * 30, ["meeting"] * 30, columns=40)
    blocks = drawn.split("\n\n")
    assert len(blocks) == 8
    assert all(width(line) <= 40 for line in drawn.split("\n"))


@given(TOKENS, TOKENS)
@settings(max_examples=100, deadline=None)
def test_the_three_lines_stand_under_each_other(truth, hyp):
    lines = draw(truth, hyp, columns=10_000).split("\n")
    assert [line[:5].strip() for line in lines] == ["truth", "hyp", ""]
    said = [cell for cell in lines[0].split()[1:] if cell.strip("*")]
    written = [cell for cell in lines[1].split()[1:] if cell.strip("*")]
    assert (said, written) == (truth, hyp)
    columns = [0]
    for one, two in zip(lines[0].split()[1:], lines[1].split()[1:], strict=True):
        columns.append(columns[-1] + max(width(one), width(two)) + 1)
    for mark, column in enumerate(columns[:-1]):
        one, two = lines[0].split()[1 + mark], lines[1].split()[1 + mark]
        below = lines[2][7 + column : 8 + column] or " "
        expected = "I" if one.strip("*") == "" else "D" if two.strip("*") == "" else "S"
        assert below == (" " if one == two else expected)
