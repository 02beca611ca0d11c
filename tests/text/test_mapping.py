import pytest

from earmark.errors import InputError, KnobError
from earmark.text import tokenize
from earmark.text.mapping import Mapping, load_mapping
from earmark.text.profiles import parse_profile


@pytest.fixture
def words(tmp_path):
    path = tmp_path / "my words.tsv"
    path.write_text(
        "# of our corpus\ngonna\tgoing to\n[breath]\t\n诶 呀\t哎呀\nMy Card\tmycard\n", "utf-8"
    )
    return path


def test_a_mapping_acts_on_tokens_and_on_marks(words):
    profile = parse_profile("default", load_mapping(words))
    assert tokenize("I'm gonna go", profile) == ["i'm", "going", "to", "go"]
    assert tokenize("誒呀[Breath]my card，", profile) == ["哎", "呀", "mycard"]
    assert tokenize("gonna", "default") == ["gonna"]
    assert str(profile).startswith("default+map:my_words.tsv@")


def test_a_mapping_follows_the_profile_and_its_options(words):
    shouting = parse_profile("wenet-tal", load_mapping(words))
    assert tokenize("gonna", shouting) == ["GOING", "TO"]
    with pytest.raises(KnobError, match="'um' has no token under the profile 'default\\+drop-fil"):
        tokenize("um", parse_profile("default+drop-fillers", Mapping("m", (("um", "uh"),))))


def test_the_longest_entry_is_taken_and_only_once():
    mapping = Mapping("m", (("a", "b"), ("a b", "c"), ("c", "a")))
    assert tokenize("a b a c", parse_profile("default", mapping)) == ["c", "b", "a"]


def test_the_same_entries_have_the_same_fingerprint_in_any_order():
    one, two = Mapping("m", (("a", "b"), ("c", ""))), Mapping("m", (("c", ""), ("a", "b")))
    assert str(one) == str(two) != str(Mapping("m", (("a", "b"),)))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("gonna going to\n", "m.tsv:1: expected what is written, a TAB"),
        ("a\tb\tc\n", "m.tsv:1: expected"),
        ("\tb\n", "m.tsv:1: expected"),
        ("a\tb\nA\tc\n", "m.tsv:2: 'A' occurs twice"),
        ("# nothing\n", "no entry"),
        ("", "no entry"),
    ],
)
def test_a_bad_file_is_refused(tmp_path, text, says):
    path = tmp_path / "m.tsv"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError, match=says):
        load_mapping(path)
