"""The fifty cases that define the default profile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.text import tokenize
from earmark.text.normalize.default_profile import PLAIN_TEXT, _folded_tokens

CASES = [
    ("iPhone15手机", "iphone15 手 机"),
    ("A股", "a 股"),
    ("don't", "don't"),
    ("don’t", "don't"),
    ("我don't知道", "我 don't 知 道"),
    ("三点 PM", "三 点 pm"),
    ("三点PM", "三 点 pm"),
    ("ＡＢＣ", "abc"),
    ("3.14", "3.14"),
    ("3.14米", "3.14 米"),
    ("1,000", "1000"),
    ("3:30", "3 30"),
    ("50%", "50%"),
    ("$20", "$20"),
    ("咖啡 ok啦", "咖 啡 ok 啦"),
    ("Kopi-O", "kopi o"),
    ("well-known的", "well known 的"),
    ("e-mail我", "e mail 我"),
    ("😂好的", "好 的"),
    ("你好，world！", "你 好 world"),
    ("hello, world.", "hello world"),
    ("“OK”吗", "ok 吗"),
    ("你好…然后", "你 好 然 后"),
    ("我 们  去", "我 们 去"),
    ("WeChat群", "wechat 群"),
    ("café", "café"),
    ("a\u0301", "á"),
    ("\u200b好", "好"),
    ("\ufeff好", "好"),
    ("好\u3000的", "好 的"),
    ("我\tOK", "我 ok"),
    ("mp3", "mp3"),
    ("B2B模式", "b2b 模 式"),
    ("U.S.A.", "u s a"),
    ("C++", "c++"),
    ("AT&T", "at&t"),
    ("2019年", "2019 年"),
    ("二〇一九年", "二 〇 一 九 年"),
    ("第1名", "第 1 名"),
    ("後來", "后 来"),
    ("后来", "后 来"),
    ("軟體", "软 体"),
    ("𠮷野家", "𠮷 野 家"),
    ("um 我 uh 觉得", "um 我 uh 觉 得"),
    ("嗯 好 的 lah", "嗯 好 的 lah"),
    ("℃", ""),
    ("①", "1"),
    ("Ⅲ", "iii"),
    ("kǎ fēi", "kǎ fēi"),
    ("コーヒー", "コ ー ヒ ー"),
    ("", ""),
    ("我的iPhone和Mac", "我 的 iphone 和 mac"),
]

OPTION_CASES = [
    ("<noise> 好", "default+seame-tags", "好"),
    ("(ppl) 好", "default+seame-tags", "好"),
    ("[UNK] 好", "default+ascend-tags", "好"),
    ("e-mail我", "default+hyphen-join", "email 我"),
    ("Kopi-O", "default+hyphen-join", "kopio"),
    ("Kopi-O", "default+hyphen-keep", "kopi-o"),
    ("café", "default+fold-accents", "cafe"),
    ("U.S.A.", "default+join-acronyms", "usa"),
    ("um 我 uh 觉得", "default+drop-fillers", "我 觉 得"),
    ("嗯 好 的 lah", "default+fold-particles", "嗯 好 的 啦"),
    ("咖啡 ok啦", "default+ok-okay", "咖 啡 okay 啦"),
    ("2019年", "default+digits-to-words", "二 零 一 九 年"),
    ("二〇一九年", "default+digits-to-words", "二 零 一 九 年"),
    ("3.14 percent", "default+digits-to-words", "three point one four percent"),
    ("我有20块", "default+digits-to-words", "我 有 二 十 块"),
    ("mp3", "default+digits-to-words", "mp3"),
    ("P P T", "default+join-letters", "ppt"),
    ("T. V.", "default+join-letters", "tv"),
    ("[noise]好<SPOKEN_NOISE>的<#s>", "default+noise-marks", "好 的"),
    ("（音樂播放中）", "default+noise-marks", ""),
    ("(laughs) ok [vocalized-noise] ♪", "default+noise-marks", "ok"),
    ("None", "default+null-text", ""),
    ("额，诶，嗯嗯 umm 我", "default+drop-fillers", "我"),
    ("恩，感恩", "default+drop-fillers", "感 恩"),
    ("嗯，余额和额度", "default+drop-fillers", "余 额 和 额 度"),
    ("um ah 啊", "default+drop-fillers", "ah 啊"),
]

REFINED = [
    ("1,2,3", "1 2 3"),  # a list, not a number
    ("1,000,000.5", "1000000.5"),
    ("2019,2020", "2019 2020"),
    ("❤️ 1️⃣", "1"),
    ("'ok' dogs' rock'n'roll", "ok dogs rock'n'roll"),
    ("100%的 US$20", "100% 的 us$20"),
    ("好\U000e0100的", "好 的"),  # a variation selector changes the glyph only
    ("hel\u00adlo", "hello"),
    ("STRASSE straße", "strasse strasse"),
    ("snake_case a/b a=b", "snake case a b a b"),
    ("我\ud800好", "我 好"),  # half of a pair, as broken JSON can hold
    ("不瞭解 明瞭", "不 了 解 明 了"),
    ("不 瞭 解，明 瞭", "不 了 解 明 了"),
    ("蕭乾", "萧 干"),
    ("萧乾", "萧 干"),
    ("打坏", "打 坏"),
    ("我⼀个⼈去", "我 一 个 人 去"),  # Kangxi radicals, as text copied from a PDF has them
    ("⾧⻛⻢", "长 风 马"),
    ("看著著名的妳", "看 着 著 名 的 你"),
]


@pytest.mark.parametrize(("text", "tokens"), CASES + REFINED)
def test_default_profile(text, tokens):
    assert tokenize(text) == tokens.split()


@pytest.mark.parametrize(("text", "profile", "tokens"), OPTION_CASES)
def test_options(text, profile, tokens):
    assert tokenize(text, profile) == tokens.split()
    assert tokenize(text) != tokens.split() or text == "mp3"


def test_there_are_fifty_cases():
    written_together = {"三点PM", "\ufeff好", "后来", "①", "Ⅲ"}
    with_a_profile = {"<noise> 好", "(ppl) 好", "[UNK] 好"}
    alone = {text for text, _ in CASES} - written_together
    assert len(alone | with_a_profile) == 50


@given(st.text(alphabet="我蕭乾後鿿abIZ '',.!?;:，。！？；：、", max_size=30))
def test_plain_text_is_split_as_folding_every_character_would(text):
    assert PLAIN_TEXT.fullmatch(text)
    assert tokenize(text) == _folded_tokens(text, "split") == _folded_tokens(text, "keep")
