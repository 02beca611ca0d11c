import pytest

from earmark import __version__
from earmark.errors import InputError
from earmark.evaluate.signature import RECIPES, check_comparable, signature, token_cap
from earmark.records import Hypothesis
from earmark.text.mapping import Mapping
from earmark.text.normalize.options import OPTIONS
from earmark.text.profiles import PROFILES, parse_profile
from earmark.translators.dictionaries.dictionary import Dictionary


def capped(cap):
    return Hypothesis("a", "好", made_by={"decoding": {"max_new_tokens": cap}})


def test_it_says_what_was_done():
    parts = signature("default").split("|")
    assert parts[0] == "mixed_error_rate"  # jiwer's mer is the match error rate
    assert {"norm:default-2", "han:char", "latin:word", "t2s:opencc", "empty:insertions"} <= {
        *parts
    }
    assert parts[-1] == "v:" + ".".join(__version__.split(".")[:2])
    assert "cap:256" in signature("default", [capped(256)])
    words = Dictionary([("好", "good")], "words")
    assert "dictionary:words:1@ae7c439a" in signature("default", dictionary=words).split("|")
    assert "hyphen:join" in signature("default+hyphen-join")


def test_every_profile_and_option_has_one_of_its_own():
    assert RECIPES.keys() == PROFILES.keys()
    profiles = [*PROFILES, *(f"default+{option}" for option in OPTIONS)]
    assert len({signature(profile) for profile in profiles}) == len(profiles)
    assert signature("default+ok-okay+drop-fillers") == signature("default+drop-fillers+ok-okay")


def test_a_mapping_is_named_with_a_fingerprint_of_its_entries():
    one, two = (Mapping("words.tsv", (("gonna", new),)) for new in ("going to", "go"))
    first, second = (signature(parse_profile("default", each)) for each in (one, two))
    assert f"norm:default-2+map:{one}|" in first
    assert str(one).startswith("words.tsv@")
    assert first != second
    with pytest.raises(InputError, match="cannot be compared"):
        check_comparable(first, second)


def test_mixed_caps_are_refused():
    assert token_cap([]) is None
    assert token_cap([Hypothesis("a", "好")]) is None
    with pytest.raises(InputError, match=r"different token caps \(128, 256\)"):
        signature("default", [capped(128), capped(256)])
    with pytest.raises(InputError, match=r"\(128, unknown\)"):
        signature("default", [capped(128), Hypothesis("b", "好")])


def test_equal_signatures_compare():
    check_comparable(signature("default"), signature("default"))
    with pytest.raises(InputError, match="cannot be compared"):
        check_comparable(signature("default"), signature("ascend"))
