"""Dictionaries by name: ours, CC-CEDICT, files, objects of the user's own, several at once."""

import pytest

from earmark.errors import InputError, KnobError
from earmark.translators.dictionaries import DICTIONARIES
from earmark.translators.dictionaries.choose import chosen_dictionary, files_of, load_dictionary
from earmark.translators.dictionaries.dictionary import Dictionary

OWN = Dictionary([("猫", "cat")], "own")


def make_own():
    return OWN


def test_every_entry_of_the_table_names_itself():
    for name in ("earmark", "grammar"):
        assert load_dictionary(name).signature.startswith(f"{name}:")
    assert {"earmark", "cedict"} <= DICTIONARIES.keys()


def test_files_and_names_are_combined_in_their_order(tmp_path):
    path = tmp_path / "a+b.tsv"
    path.write_text("大书\tbook\n", "utf-8")
    assert load_dictionary(path).signature.startswith("a_b.tsv:1@")
    assert load_dictionary(str(path)).translate("book", "zh").text == "大书"
    plain = tmp_path / "w.tsv"
    plain.write_text("大书\tbook\n", "utf-8")
    both = load_dictionary(f"{plain}+earmark")
    assert both.translate("book 今天", "zh").text == "大书今天"
    assert both.translations("book", "zh")[:2] == ("大书", "书")
    assert list(files_of(f"{plain}+earmark")) == [plain]


def test_ones_own_is_module_and_name():
    assert load_dictionary("test_choose_dictionary:OWN") is OWN
    assert load_dictionary("test_choose_dictionary:make_own") is OWN
    with pytest.raises(KnobError, match=r"should be an earmark\.translators\.Dictionary"):
        load_dictionary("math:pi")


def test_none_is_none_and_objects_are_taken_as_they_are():
    assert chosen_dictionary("none") is None
    assert chosen_dictionary(None) is None
    assert chosen_dictionary(OWN) is OWN


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(KnobError, match=r"no dictionary 'cedcit'.*cedict"):
        load_dictionary("earmark+cedcit")
    with pytest.raises(InputError, match=r"gone\.tsv"):
        load_dictionary("gone.tsv")
