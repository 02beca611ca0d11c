import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.errors import KnobError
from earmark.text import tokenize
from earmark.text.normalize.options import OPTIONS
from earmark.text.profiles import PROFILES, parse_profile

ESPNET = [
    ("Hello-World 3.14", "hello world 3 14"),
    ("我ok", "我ok"),
    ("我don't知道", "我don't 知 道"),
    ("我\x07ok", "我ok"),
    ("好 我\x07ok", "好 我 ok"),
    ("第1名", "第1 名"),
    ("ａｂｃ", "abc"),
    ("hello", "hello"),
    ("ｌook", "ook"),
    ("é", "e"),
    ("(ppl) (ppb) 好 <v-noise>", "<noise> 好 <noise>"),
    ("<unl> a", "<unk> a"),
    ("好的！真的？", "好 的 ！ 真 的 ？"),
    ("後來", "後 來"),
    ("😂好", "😂 好"),
]

WENET = [
    ("hello, world", "HELLO WORLD"),
    ("don’t", "DON'T"),
    ("well-known的", "WELL KNOWN 的"),
    ("3.14", "314"),
    ("café", "CAF É"),
    ("ＡＢＣ", "A ＢC"),
    ("<noise> 好", "好"),
    ("你好…然后", "你 好 … 然 后"),
    ("\u200b好", "\u200b 好"),
    ("😂好的", "😂 好 的"),
    ("iPhone15手机", "IPHONE15 手 机"),
]

ASCEND = [
    ("don't", "don ' t"),
    ("don’t", "dont"),
    ("well-known", "well - known"),
    ("[UNK]", "[ unk ]"),
    ("3.14", "314"),
    ("50%", "50"),
    ("AT&T", "at & t"),
    ("你好，World！", "你 好 world"),
]


@pytest.mark.parametrize(
    ("profile", "text", "tokens"),
    [("espnet-seame", *case) for case in ESPNET]
    + [("wenet-tal", *case) for case in WENET]
    + [("ascend", *case) for case in ASCEND],
)
def test_the_recipes_of_others(profile, text, tokens):
    assert tokenize(text, profile) == tokens.split(" ")


ALPHABET = (
    "我好後來乾蕭〇々𠮷 \t\n\u200b\u3000'’‘-.,:;/%$+#&<>[]()~!？！，。、…12905abcXYZ"
    "éßİŉΐＡｌ１①Ⅲ℃ｶﾞカ゛\u3099\u0301\u0345😂️olkpsmunk"
)
TEXTS = st.one_of(
    st.text(alphabet=ALPHABET, max_size=25),
    st.text(max_size=12),
    st.lists(
        st.sampled_from(
            ["(ppl)", "<noise>", "ppl", "<unk>", "ok", "U.S.A.", "1,000", "3.14", "20", "lah", "嗯"]
        )
        | st.text(alphabet=ALPHABET, max_size=4),
        max_size=8,
    ).map("".join),
)
NAMES = [*PROFILES, *(f"default+{option}" for option in OPTIONS)]


@pytest.mark.parametrize("profile", NAMES)
@given(text=TEXTS)
@settings(max_examples=150, deadline=None)
def test_tokens_joined_by_blanks_are_the_same_tokens(profile, text):
    tokens = tokenize(text, profile)
    assert tokenize(" ".join(tokens), profile) == tokens
    assert all(tokens)


@given(text=TEXTS)
@settings(max_examples=150, deadline=None)
def test_case_width_and_blanks_do_not_matter_to_the_default(text):
    plain = text.replace("İ", "").replace("ŉ", "")
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in plain)
    assert tokenize(wide) == tokenize(plain)
    assert tokenize(plain.upper()) == tokenize(plain.lower()) or "\u0345" in plain
    assert tokenize(f" {plain}\n") == tokenize(plain)


def test_a_profile_is_written_one_way():
    assert str(parse_profile("default+drop-fillers+seame-tags+drop-fillers")) == (
        "default+seame-tags+drop-fillers"
    )


@pytest.mark.parametrize(
    ("profile", "says"),
    [
        ("defualt", "did you mean 'default'"),
        ("default+drop-filers", "did you mean 'drop-fillers'"),
        ("ascend+hyphen-keep", "default profile"),
        ("default+hyphen-keep+hyphen-join", "not with hyphen-join"),
        ("", "no profile"),
    ],
)
def test_a_wrong_profile_is_refused_with_the_nearest_name(profile, says):
    with pytest.raises(KnobError, match=says):
        tokenize("好", profile)
