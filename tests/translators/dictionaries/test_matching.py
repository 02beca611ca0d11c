"""Words explained by meaning: what is found, what is not, and what holds for all of it."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import settings as configure
from hypothesis import strategies as st

from earmark.text import tokenize
from earmark.text.language import language_of
from earmark.text.normalize.simplify import simplify
from earmark.translators.dictionaries.dictionary import Dictionary
from earmark.translators.dictionaries.matching import explained
from earmark.translators.dictionaries.shipped import load_earmark

# What was said, what was written, and what is explained by what, in the order of what was said.
EXPLAINED = """
会议|meeting|会议=meeting
meeting|会议|meeting=会议
meeting|开会|meeting=开会
我们明天开会|we have a meeting tomorrow|我们=we 明天=tomorrow 开会=have a meeting
图书馆|the library|图书馆=library
信用卡|my credit card|信用卡=credit card
credit card|信用卡|credit card=信用卡
天气|weather|天气=weather
weekend|周末|weekend=周末
周末|week end|周末=week end
week end|周末|week end=周末
书店|book shop|书店=book shop
bookshop|书店|bookshop=书店
冰淇淋|icecream|冰淇淋=icecream
下雨|it is raining|下雨=raining
raining|下雨|raining=下雨
rained|下雨了|rained=下雨
两本书|two books|两=two 书=books
three|三|three=三
三|3|三=3
3|three|3=three
fifteen|十五|fifteen=十五
十五|15|十五=15
二十块钱|20 dollars|二十=20 块钱=dollars
百分之五十|fifty percent|百分之五十=fifty percent
百分之五十|50%|百分之五十=50%
二零一九年|2019 year|二零一九=2019 年=year
一百五十|one hundred and fifty|一百五十=one hundred and fifty
三点|three o'clock|三点=three o'clock
第三个|the third|第三个=third
三万|thirty thousand|三万=thirty thousand
两千|2000|两千=2000
twenty first|第二十一|twenty first=第二十一
我去了|i went|我=i 去=went
他买了|he bought|他=he 买=bought
孩子们|the children|孩子们=children
the children|孩子|children=孩子
women|女人|women=女人
teeth|牙齿|teeth=牙齿
feet|脚|feet=脚
studying|学习|studying=学习
studies|学习|studies=学习
cities|城市|cities=城市
boxes|箱子|boxes=箱子
stopped|停止|stopped=停止
running|跑步|running=跑步
making|制造|making=制造
bigger|大|bigger=大
happiest|高兴|happiest=高兴
easily|容易|easily=容易
cheaper|便宜|cheaper=便宜
我没关系|never mind|没关系=never mind
never mind|没关系|never mind=没关系
怎么办|what to do|怎么办=what to do
为什么|why|为什么=why
why|为什么|why=为什么
don't worry|放心|don't worry=放心
洗手|wash my hands|洗手=wash my hands
洗手|wash your hands|洗手=wash your hands
打电话给他|call him|打电话=call 他=him
放弃|give up|放弃=give up
gave up|放弃|gave up=放弃
等我|waited for me|等=waited for 我=me
because|因为|because=因为
我的朋友|my friend|我的=my 朋友=friend
my friend|我朋友|friend=朋友
very good|很好|very=很 good=好
很好|very good|很=very 好=good
我很累|i am very tired|我=i 很=very 累=tired
新加坡|singapore|新加坡=singapore
in singapore|在新加坡|in=在 singapore=新加坡
北京|beijing|北京=beijing
星期一|monday|星期一=monday
next week|下周|next week=下周
next week|下个星期|next week=下个星期
明年|next year|明年=next year
咖啡|coffee|咖啡=coffee
chocolate|巧克力|chocolate=巧克力
老師|teacher|老師=teacher
圖書館|library|圖書館=library
teacher|老師|teacher=老師
我們喜歡音樂|we like music|我們=we 喜歡=like 音樂=music
how much|多少钱|how much=多少钱
他们在教室里学习|they study in the classroom|他们=they 在=in 教室=classroom 学习=study
i want to eat noodles|我想吃面条|i want to=我想 eat=吃 noodles=面条
please wait a moment|请等一下|please=请 wait a moment=等一下
he is a doctor|他是医生|he=他 is=是 doctor=医生
the dog barks|狗叫|dog=狗
it doesn't matter|没关系|it doesn't matter=没关系
I'm sorry|对不起|i'm sorry=对不起
can't|不能|can't=不能
air-conditioning|冷气|air conditioning=冷气
part-time|兼职|part time=兼职
deadline|截止日期|deadline=截止日期
password|密码|password=密码
上网|go online|上网=go online
download|下载|download=下载
headache|头疼|headache=头疼
打羽毛球|play badminton|打羽毛球=play badminton
"""
# Sound-alikes, parts of other words, words that only look inflected, other meanings.
UNEXPLAINED = """
waiter|为他
cushion|枯省
museum|妙贼木
office|奥菲斯
project|破杰克
budget|巴结
deadline|带来
meeting|米听
design|低赛
report|里坡
computer|看皮特
manager|马内者
schedule|是个酒
weekend|为肯的
sure|秀尔
party|怕题
coffee|考飞
bus|八斯
plan|不烂
very|外瑞
thank you|三克油
goodbye|古德白
listen|李森
house|号死
lesson|来审
teacher|题车
table|太薄
water|我特
money|马尼
happy|海匹
student|死丢等
question|奎斯琴
doctor|打可特
market|马可
office|我飞
老板|lawn ban
外面|why man
我们|woman
你好|knee how
他们|tar men
谢谢|she she
不要|boo your
今天|gin ten
明天|mean ten
北京|bay jean
朋友|pun yo
吃饭|chew fun
老师|lao sure
知道|jaw dow
天气|ten chee
时候|she hope
学校|show shore
大学|big
大学|he is big
马上|horse
不对|not now
下雨|under
开车|open
水果|water
上班|on
日本|day
小心|small
手机|hand
东西|east
西红柿|red
火车|fire
牛奶|cow
电影|shadow
白天|white
会议|will
生气|born
meeting|会
teacher|老
big|大学
water|水果
fire|火车
hand|手机
day|日本
white|白天
under|下雨
open|开车
red|西红柿
horse|马上
heart|小心
会议|we will
number|三
four|五
15|十六
五十|fifteen
三|thirteen
news|新
goods|好
waiter|等
letter|让
flower|流
morning|毛您
nothing|事
during|时
sing|罪
bus|但
thing|薄
species|特别
summer|总和
corner|玉米
dinner|声
paper|怕破
shower|显示
number|麻木
today i eat|图书馆
我喜欢音乐|the bank is closed
我爱你|weather report
"""


def words_of(tokens):
    return ("" if language_of(tokens[0]) == "zh" else " ").join(tokens)


def found(said, written, dictionary):
    said, written = tokenize(said), tokenize(written)
    pairs = [f for to in ("en", "zh") for f in explained([(said, written)], to, dictionary)[0]]
    return [
        f"{words_of([said[p] for p in f.said])}={words_of([written[p] for p in f.written])}"
        for f in sorted(pairs)
    ]


@pytest.mark.parametrize("case", EXPLAINED.strip().splitlines())
def test_what_means_the_same_is_found(case):
    said, written, expected = case.split("|")
    assert " ".join(found(said, written, load_earmark())) == simplify(expected)


@pytest.mark.parametrize("case", UNEXPLAINED.strip().splitlines())
def test_what_means_something_else_is_not(case):
    said, written = case.split("|")
    assert found(said, written, load_earmark()) == []


def test_enough_examples():
    assert len(EXPLAINED.strip().splitlines()) >= 80
    assert len(UNEXPLAINED.strip().splitlines()) >= 80


def test_other_stretches_explain_words_but_no_single_characters_and_no_function_words():
    sides = [(["the", "river"], ()), (list("上个月涨水"), ["rose", "last", "month"])]
    first, second = explained(sides, "en", load_earmark())
    assert first == []
    assert [(f.said, f.stretch, f.written) for f in second] == [
        ((0, 1, 2), 1, (1, 2)),
        ((3,), 1, (0,)),
    ]
    words = load_earmark()
    assert explained([(list("图书馆"), []), ([], ["library"])], "en", words)[0] == [
        ((0, 1, 2), 1, (0,))
    ]
    assert explained([(list("书"), []), ([], ["book"])], "en", words) == [[], []]
    assert explained([(list("因为"), []), ([], ["because"])], "en", words) == [[], []]


def test_each_written_word_explains_one_said_word_the_nearest():
    words = Dictionary([("会议", "meeting"), ("开会", "meeting")], "words")
    sides = [(list("会议开会"), ["meeting"])]
    assert explained(sides, "en", words) == [[((0, 1), 0, (0,))]]
    sides = [(["meeting"], []), (["meeting"], list("会议"))]
    assert explained(sides, "zh", words) == [[], [((0,), 1, (0, 1))]]


def test_the_longest_comes_first():
    words = Dictionary([("信用", "credit"), ("卡", "card"), ("信用卡", "credit card")], "words")
    assert explained([(list("信用卡"), ["credit", "card"])], "en", words) == [
        [((0, 1, 2), 0, (0, 1))]
    ]


def test_a_single_character_is_a_word_or_all_of_its_word_is_explained():
    words = Dictionary([("大", "big"), ("学", "study"), ("大学", "university")], "words")
    assert found("大学", "big", words) == []
    assert found("大学", "big study", words) == ["大=big", "学=study"]


def test_tokens_of_other_profiles_are_understood():
    words = Dictionary([("图书馆", "library"), ("知名", "well-known")], "words")
    assert explained([(list("圖書館"), ["LIBRARY"])], "en", words) == [[((0, 1, 2), 0, (0,))]]
    assert explained([(["well-known"], list("知名"))], "zh", words) == [[((0,), 0, (0, 1))]]


def test_nothing_is_found_where_nothing_stands():
    assert explained([], "en", load_earmark()) == []
    assert explained([([], []), (["ok"], [])], "zh", load_earmark()) == [[], []]
    assert explained([(list("会议"), list("会义"))], "zh", load_earmark()) == [[]]


HAN = "我想去图书馆明天下雨三十五百"
ENGLISH = "library tomorrow rain I want to go book one thirty 5 35"
TOKENS = st.sampled_from([*HAN, *ENGLISH.split()])
STRETCHES = st.lists(
    st.tuples(st.lists(TOKENS, max_size=6), st.lists(TOKENS, max_size=6)), max_size=4
)


@configure(max_examples=150, deadline=None)
@given(STRETCHES, st.sampled_from(["zh", "en"]))
def test_every_token_is_used_once_and_explained_by_the_other_language(stretches, to):
    said_places, written_places = [], []
    result = explained(stretches, to, load_earmark())
    assert len(result) == len(stretches)
    for number, each in enumerate(result):
        for one in each:
            said = [stretches[number][0][p] for p in one.said]
            written = [stretches[one.stretch][1][p] for p in one.written]
            assert said
            assert written
            assert to not in {language_of(token) for token in said}
            assert {language_of(token) for token in written} <= {to, "other"}
            said_places += [(number, p) for p in one.said]
            written_places += [(one.stretch, p) for p in one.written]
    assert len(said_places) == len(set(said_places))
    assert len(written_places) == len(set(written_places))


@configure(max_examples=60, deadline=None)
@given(STRETCHES, st.sampled_from(["zh", "en"]), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(stretches, to, rng: Random):
    shuffled = list(ROWS)
    rng.shuffle(shuffled)
    first = explained(stretches, to, Dictionary(ROWS))
    assert explained(stretches, to, Dictionary(shuffled)) == first


ROWS = [
    ("我", "I"), ("我", "me"), ("想", "want to"), ("想", "want"), ("去", "go"), ("去", "go to"),
    ("图书", "book"), ("图书馆", "library"), ("书", "book"), ("明天", "tomorrow"), ("雨", "rain"),
    ("下雨", "rain"), ("一", "one"), ("我想", "I want to"), ("三", "three"),
]  # fmt: skip
