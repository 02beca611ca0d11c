"""The page is whole, safe and honest: nothing from outside, nothing unescaped, nothing hidden."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from report_world import NASTY, SAID, make_run, make_test_set

from earmark.errors import InputError, KnobError
from earmark.records import Hypothesis, Utterance
from earmark.report.numbers import per_cent
from earmark.report.page import make_page
from earmark.report.scoring import score_set
from earmark.report.test_set import TestSet

VOID = {"meta", "link", "img", "br", "hr", "input", "source", "path", "use", "rect"}


class Page(HTMLParser):
    """The elements and texts of a page; complains about tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[tuple[str, str]] = [("", "")]
        self.feed(html)
        assert self._open == [("", "")], f"never closed: {self._open}"

    def handle_starttag(self, tag, attrs) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append((tag, dict(attrs).get("lang") or ""))

    def handle_startendtag(self, tag, attrs) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag) -> None:
        if tag not in VOID:
            assert self._open.pop()[0] == tag

    def handle_data(self, data) -> None:
        self.texts.append((self._open[-1][1], data))

    def attributes(self, name: str) -> list[str]:
        return [attrs[name] or "" for _, attrs in self.elements if name in attrs]

    @property
    def text(self) -> str:
        return " ".join(data for _, data in self.texts)


def page_of(folder: Path) -> str:
    runs = [make_run(folder / "dpo")]
    return make_page(f"A title {NASTY}", [make_test_set(folder)], runs=runs, examples=6)


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    return page_of(tmp_path_factory.mktemp("page"))


def test_nothing_is_fetched_and_nothing_runs(html: str) -> None:
    page = Page(html)
    assert all(src.startswith("data:audio/flac;base64,") for src in page.attributes("src"))
    links = page.attributes("href") + page.attributes("xlink:href")
    assert links
    assert all(link.startswith("#") for link in links)
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "img", "iframe", "object", "embed", "link", "form"}
    assert not [name for _, attrs in page.elements for name in attrs if name.startswith("on")]
    spoken = {"aria-label", "data-tip", "title"}
    for _, attrs in page.elements:
        assert not [v for k, v in attrs.items() if k not in spoken and "://" in (v or "")]
    assert not re.search(r"@import|url\((?!#)", html)
    policy = [attrs["content"] for _, attrs in page.elements if "http-equiv" in attrs]
    assert policy
    assert policy[0].startswith("default-src 'none';")


def test_the_check_would_find_what_is_not_escaped() -> None:
    page = Page(f"<p>{NASTY}</p>")
    assert {"script", "img"} <= {tag for tag, _ in page.elements}
    assert page.attributes("src") == ["http://evil.example/x"]
    assert page.attributes("onerror") == ["alert(1)"]


def test_hostile_text_is_shown_as_text(html: str) -> None:
    assert "<script" not in html
    page = Page(html)
    assert page.text.count(NASTY) >= 3  # the title, the hypothesis as written, its made_by
    assert "{{ 7*7 }}" in page.text


def test_every_id_is_unique_and_every_link_arrives(html: str) -> None:
    page = Page(html)
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    targets = {link[1:] for link in page.attributes("href") + page.attributes("xlink:href")}
    targets |= set(re.findall(r"url\(#([^)]*)\)", html))
    assert targets <= set(ids)


def test_languages_are_marked(html: str) -> None:
    marked = Page(html).texts
    assert ("zh-Hans", "明") in marked
    assert ("en", "office") in marked
    assert not [text for lang, text in marked if lang == "en" and re.search("[一-鿿]", text)]
    assert not [text for lang, text in marked if lang == "zh-Hans" and re.search("[a-z]", text)]
    assert ("html", {"lang": "en"}) in Page(html).elements


def test_the_figures_of_the_page_are_those_of_the_score(html: str, test_set: TestSet) -> None:
    scored = score_set(test_set)
    text = Page(html).text
    for score in scored.scores.values():
        assert per_cent(score["mixed_error_rate"]) in text
        assert per_cent(score["by_language"]["en"]["rate"]) in text
        assert score["signature"] in text
    counts = scored.scores["base"]["counts"]
    row = [str(counts[kind]) for kind in ("substitutions", "deletions", "insertions")]
    assert re.search(r"\s+".join(row), text)


def test_the_bad_cases_are_there_and_the_rule_is_told(html: str) -> None:
    text = Page(html).text
    assert "Worse than base" in text
    assert "Largest improvement over base" in text
    assert "By rule, not by hand, 6 per test set." in text
    for failure in ("omission", "translation", "hallucination", "empty"):
        assert failure in text


def test_every_system_is_shown_for_every_example(html: str, test_set: TestSet) -> None:
    page = Page(html)
    examples = [attrs for _, attrs in page.elements if attrs.get("class") == "example"]
    rows = [attrs for _, attrs in page.elements if attrs.get("class") == "system"]
    assert len(examples) == len(SAID)
    assert len(rows) == len(SAID) * len(test_set.hyps)
    assert len(page.attributes("src")) == 5
    assert "No sound: " in page.text
    assert "no such audio file" in page.text


def test_a_long_loop_is_folded_and_counted(html: str) -> None:
    assert "+36 more" in html
    assert 'data-tip="36 more insertions, shown only in the text as written"' in html
    assert " 对" * 60 in Page(html).text


def test_the_curves_are_there(html: str) -> None:
    labels = Page(html).attributes("aria-label")
    for title in ("Loss", "Reward margin", "Preference accuracy"):
        assert f"Training curve: {title}" in labels
    assert "dpo rejected" in Page(html).text


def test_the_same_input_gives_the_same_page(html: str, tmp_path: Path) -> None:
    again = page_of(tmp_path)
    # The clip that is not there is named by its path, which differs between the two folders.
    assert re.sub(r"No sound: \S+", "", again) == re.sub(r"No sound: \S+", "", html)


def test_several_sets_follow_one_system(test_set: TestSet) -> None:
    other = replace(test_set, name="held out")
    page = Page(make_page("Two", [score_set(test_set), other], examples=0))
    assert "Mixed error rate [95 % interval]" in page.text
    assert "from base to dpo." in page.text
    assert "Examples" not in page.text
    assert not page.attributes("src")


def test_the_focus_can_be_chosen_and_says_why(test_set: TestSet) -> None:
    hyps = {**test_set.hyps, "sft": test_set.hyps["base"]}
    sets = [score_set(replace(test_set, name=name, hyps=hyps)) for name in ("a", "b")]
    own = Page(make_page("Two", sets, examples=0, focus="sft", focus_why="as planned")).text
    assert "from base to sft, as planned. Every system" in own
    assert "as many errors" in own
    found = Page(make_page("Two", sets, examples=0)).text
    assert "from base to dpo, of the 2 systems" in found
    assert "picked after seeing that result" in found
    with pytest.raises(KnobError, match="did you mean 'dpo'"):
        make_page("Two", sets, focus="dpoo")


def test_one_system_alone_has_a_page(test_set: TestSet) -> None:
    alone = replace(test_set, hyps={"base": test_set.hyps["base"]})
    text = Page(make_page("One", [alone], examples=2)).text
    assert "Most errors" in text
    assert "Mixed error rate of base." in text


def test_truths_without_tokens_have_a_page() -> None:
    truths = [Utterance("1", ""), Utterance("2", "……")]
    hyps = {name: [Hypothesis("1", "喂"), Hypothesis("2", "")] for name in ("a", "b")}
    text = Page(make_page("Silence", [TestSet("silence", truths, hyps)])).text
    assert "n/a" in text
    assert "the truth names no audio file" in text


def test_sets_that_do_not_match_are_refused(test_set: TestSet) -> None:
    with pytest.raises(KnobError, match="at least one test set"):
        make_page("None", [])
    other = replace(test_set, name="b", hyps={"dpo": test_set.hyps["dpo"]})
    with pytest.raises(KnobError, match="codeswitch has base, dpo; b has dpo"):
        make_page("Odd", [test_set, other])


def test_a_run_without_a_log_is_refused_before_the_work(test_set: TestSet) -> None:
    unscorable = replace(test_set, truths=[])
    with pytest.raises(InputError, match=r"log\.jsonl: not found"):
        make_page("No run", [unscorable], runs=[test_set.folder])
