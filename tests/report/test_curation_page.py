"""The page about a chain: its numbers, and that texts of strangers stay texts."""

import json
from dataclasses import replace

import curation_world as world
from earmark.cli import app
from earmark.formats.files.lines import write_jsonl
from earmark.report.curation import make_page, shift_tables, summary_table


def test_the_page_has_reasons_sources_tasks_and_shares_before_and_after(tmp_path):
    pairs = world.pairs(120)
    hostile = "<script>alert(1)</script>\x1b[2J"
    pairs[0] = replace(pairs[0], source=hostile)
    write_jsonl(tmp_path / "pairs.jsonl", pairs)
    command = ["curate", str(tmp_path / "pairs.jsonl"), str(tmp_path / "kept.jsonl")]
    chain = "order:criterion=reward,percentile:criterion=reward:per=task,first_word_leak:seen=3"
    page = ["--by", chain, "--control", "--report", str(tmp_path / "page.html")]
    for _ in range(2):
        app([*command, *page], result_action="return_value")
    result = json.loads((tmp_path / "kept.jsonl.tally.json").read_text("utf-8"))
    html = (tmp_path / "page.html").read_text("utf-8")
    assert html == make_page(result)
    assert "<script" not in html
    assert "\x1b" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;‹U+001B›[2J" in html
    assert "default-src 'none'" in html
    flipped = sum(pair.scores["reward"][0] < pair.scores["reward"][1] for pair in pairs)
    rows = {row[0]: row[1:] for row in summary_table(result).rows}
    share = f"{100 * flipped / 120:.1f} %"
    below = rows["chosen below rejected by reward"]
    assert below[:2] == (share, "0.0 %")
    assert below[2] != "0.0 %", "the control has flipped pairs too"
    assert rows["pairs"][1] == rows["pairs"][2] == str(result["kept"])
    titles = [table.title for table in shift_tables(result)]
    assert titles == [
        "Sources",
        "Tasks",
        "Languages",
        "Failure modes",
        "Difficulty",
        "Input quality",
        "Safety",
    ]
    for word in (
        "Why order:criterion=reward dropped",
        "not above the rejected answer",
        "side guess",
    ):
        assert word in html
