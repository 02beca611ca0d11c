"""The page is whole, safe and honest: nothing from outside, nothing unescaped, nothing hidden."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from report_world import NASTY, SAID, make_run, make_sides, make_test_set, make_written

from earmark.errors import InputError, KnobError
from earmark.records import Hypothesis, Utterance
from earmark.report.numbers import per_cent
from earmark.report.page import make_page
from earmark.report.scoring import score_set
from earmark.report.test_set import TestSet
from earmark.translators.dictionaries.shipped import load_earmark

STOPS_OF_A_PLAYER = 6  # as counted in Chromium 156
VOID = {"meta", "link", "img", "br", "hr", "input", "source", "path", "use", "rect"}


class Page(HTMLParser):
    """The elements and texts of a page; complains about tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.tab_stops: list[str] = []
        self._open: list[tuple[str, str]] = [("", "")]
        self._folded: list[bool] = []
        self.feed(html)
        assert self._open == [("", "")], f"never closed: {self._open}"

    def handle_starttag(self, tag, attrs) -> None:
        self.elements.append((tag, dict(attrs)))
        # What a closed fold holds cannot be reached, except its own summary.
        if sum(self._folded) <= (tag == "summary"):
            if tag in ("summary", "audio") or (tag == "a" and "href" in dict(attrs)):
                self.tab_stops += [tag] * (STOPS_OF_A_PLAYER if tag == "audio" else 1)
            elif dict(attrs).get("tabindex") == "0":
                self.tab_stops.append(tag)
        if tag not in VOID:
            self._open.append((tag, dict(attrs).get("lang") or ""))
            self._folded.append(tag == "details" and "open" not in dict(attrs))

    def handle_startendtag(self, tag, attrs) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag) -> None:
        if tag not in VOID:
            assert self._open.pop()[0] == tag
            self._folded.pop()

    def handle_data(self, data) -> None:
        if self.elements and self.elements[-1][0] == "style":
            return
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
    scored = score_set(test_set, dictionary=load_earmark())
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
    classes = page.attributes("class")
    assert classes.count("example") == len(SAID)
    # Both systems are in each; nothing written and no hypothesis are two things.
    assert classes.count("who") == len(SAID) * len(test_set.hyps)
    assert classes.count("system") == len(SAID) * len(test_set.hyps)
    assert len(page.attributes("src")) == 5
    assert "No sound: " in page.text
    assert "no such audio file" in page.text


def test_what_systems_wrote_alike_stands_once() -> None:
    written = {"base": ["走了", "go home"], "dpo": ["走了", "go house"]}
    page = Page(make_page("Title", [make_written("set", ["走吧", "go homes"], written)]))
    classes = page.attributes("class")
    assert (classes.count("who"), classes.count("system")) == (4, 3)


def test_a_long_loop_is_folded_and_counted(html: str) -> None:
    assert "+36 more" in html
    assert " 对" * 60 in Page(html).text


def test_the_curves_are_there(html: str) -> None:
    labels = Page(html).attributes("aria-label")
    for title in ("Loss", "Reward margin", "Preference accuracy"):
        assert f"Training curve: {title}" in labels
    assert "dpo rejected" in Page(html).text


def test_the_same_input_gives_the_same_page(html: str, tmp_path: Path) -> None:
    assert page_of(tmp_path) == html


def test_several_sets_follow_one_system(test_set: TestSet) -> None:
    other = replace(test_set, name="held out")
    page = Page(make_page("Two", [score_set(test_set), other], examples=0))
    assert "Mixed error rate [95 % interval]" in page.text
    assert "Mixed error rate of dpo minus that of base." in page.text
    assert "Examples" not in page.text
    assert not page.attributes("src")


def test_the_focus_can_be_chosen_and_says_why(test_set: TestSet) -> None:
    hyps = {**test_set.hyps, "mix": test_set.hyps["base"]}
    sets = [score_set(replace(test_set, name=name, hyps=hyps)) for name in ("a", "b")]
    own = Page(make_page("Two", sets, examples=0, focus="mix", focus_why="as planned")).text
    assert "Mixed error rate of mix, as planned, minus that of base. Every system" in own
    found = Page(make_page("Two", sets, examples=0)).text
    assert "Mixed error rate of dpo, of the 2 systems" in found
    assert "picked after seeing that result" in found
    with pytest.raises(KnobError, match="did you mean 'dpo'"):
        make_page("Two", sets, focus="dpoo")


def four_sets(folder: Path) -> list[TestSet]:
    """Make four test sets with sound, twelve utterances and four systems each."""
    base = make_test_set(folder)
    truths = [replace(t, id=f"{t.id}{half}") for half in "ab" for t in base.truths]
    hyps = {
        system: [replace(hyp, id=f"{hyp.id}{half}") for half in "ab" for hyp in base.hyps[like]]
        for system, like in {"base": "base", "sft": "dpo", "dpo": "dpo", "ipo": "base"}.items()
    }
    return [replace(base, name=f"set {n}", truths=truths, hyps=hyps) for n in range(4)]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("large")
    return make_page("Four", four_sets(folder), runs=[make_run(folder / "dpo")])


def test_a_keyboard_reaches_the_end_in_sixty_steps(large: str) -> None:
    page = Page(large)
    assert page.attributes("class").count("example") == 48
    assert 20 < len(page.tab_stops) <= 60


def test_the_first_stop_skips_to_the_result(html: str) -> None:
    page = Page(html)
    links = [attrs for tag, attrs in page.elements if tag == "a"]
    assert page.tab_stops[0] == "a"
    assert links[0] == {"class": "skip", "href": "#main"}
    assert ("main", {"id": "main"}) in page.elements


def test_every_region_and_figure_has_a_label_of_its_own(large: str) -> None:
    page = Page(large)
    labels = page.attributes("aria-label")
    regions = [attrs["aria-label"] for _, attrs in page.elements if attrs.get("role") == "region"]
    assert len(regions) >= 20
    assert len(labels) == len(set(labels))
    assert len(page.attributes("aria-labelledby")) == len(set(page.attributes("aria-labelledby")))


def test_every_column_has_a_heading(large: str) -> None:
    headings = re.findall(r'<th scope="(?:col|row)">(.*?)</th>', large)
    assert len(headings) > 100
    assert "" not in [heading.strip() for heading in headings]


def test_the_examples_come_before_the_tables(large: str) -> None:
    html = large
    places = [html.index(f'<h2 id="{id_}') for id_ in ("result", "examples", "numbers", "made")]
    assert places == sorted(places)
    start, end = places[0], html.index('<article class="example">')
    assert "<table" not in html[start:end]
    assert "<details" not in html[start:end]
    # Of 48 examples two stand open: where it helped most, and where it harmed most.
    shown = html[end : html.index("<details class=")]
    assert shown.count('<article class="example">') == 2
    assert "Worse than base" in shown


def test_texts_cannot_turn_the_page_around_or_hide(test_set: TestSet) -> None:
    hostile = "abc\u202edef\u2066\x1b[2J\ud83d"
    rows = [replace(hyp, text=hostile, made_by={"x": hostile}) for hyp in test_set.hyps["base"]]
    own = replace(test_set, name=hostile, hyps={hostile: rows, "dpo": test_set.hyps["dpo"]})
    html = make_page(hostile, [own], examples=6)
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", html
    )
    assert html.count("abc‹U+202E›def‹U+2066›‹U+001B›[2J‹U+D83D›") >= 10
    html.encode("utf-8")


def test_answers_are_isolated_from_the_text_around_them(html: str) -> None:
    style = html[html.index("<style>") : html.index("</style>")]
    isolated = re.findall(r"([^{}]*)\{[^{}]*unicode-bidi: isolate", style)
    names = " ".join(isolated)
    for part in (".marks", ".raw", ".truth", ".t", "dd", "td", "th", "summary", "svg text"):
        assert part in names


def test_no_path_of_this_machine_is_on_the_page(tmp_path: Path) -> None:
    base = make_test_set(tmp_path)
    truths = [replace(t, audio=str(tmp_path / f"gone/{t.audio}")) for t in base.truths]
    made_by = {"model": str(tmp_path / "runs/dpo"), "args": ["--model", str(tmp_path / "runs/x")]}
    rows = [replace(hyp, made_by=made_by) for hyp in base.hyps["base"]]
    html = make_page("Paths", [replace(base, truths=truths, hyps={"base": rows})], examples=6)
    assert "No sound: …/6.wav: no such audio file" in html
    assert "<dd>…/dpo</dd>" in html
    assert str(tmp_path) not in html
    assert str(tmp_path) not in make_page("Paths", [base], examples=6)


def test_notes_on_the_scores_are_beside_the_result(test_set: TestSet) -> None:
    rows = [replace(hyp, text=f"<|zh|>{hyp.text}") for hyp in test_set.hyps["dpo"]]
    html = make_page("Marks", [replace(test_set, hyps={**test_set.hyps, "dpo": rows})], examples=2)
    start, end = html.index('<h2 id="result"'), html.index('<h2 id="examples-title"')
    assert "codeswitch: dpo: 5 of 5 hypotheses hold marks" in html[start:end]
    # One loop of 60 words is most of what base does wrong.
    assert "base: utterance &#39;3&#39; has 60 errors" in html[end:]


def test_two_sets_of_one_name_are_refused(test_set: TestSet) -> None:
    with pytest.raises(KnobError, match="two test sets are called 'codeswitch'"):
        make_page("Two", [test_set, test_set])


def test_sets_with_different_controls_are_refused() -> None:
    one, other = make_sides("a"), make_sides("b")
    with pytest.raises(KnobError, match="a has sft; b has dpo"):
        make_page("Two", [score_set(one), score_set(other, control="dpo")])


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
