"""English words written in Han by sound, as transliterations are and as recognizers do.

A word's phones are cut into consonant and vowel; each becomes the syllable of Mandarin nearest to
it that has a character below; a consonant without a vowel gets the syllable that Mandarin puts in
for it (please, 普利斯). The characters are those of names and of everyday writing, by our choice.
"""

from collections.abc import Iterator
from random import Random

from earmark.text.pronunciation.classes import CODA_R, VOWELS
from earmark.text.pronunciation.spelling import phones_from_letters, plain_letters
from earmark.text.pronunciation.tables import phones_of

# Syllables with the characters that they are written with, the most usual first.
_WRITTEN = """
a 阿啊 ai 艾爱埃 an 安 ang 昂 ao 奥 ba 巴吧 bai 拜白 ban 班 bang 邦帮 bao 保包 bei 贝 ben 本 bi 比
bian 边 biao 标 bie 别 bin 宾 bing 冰 bo 波博 bu 布不 ca 擦 cai 采 can 灿 cang 仓 cao 曹 ce 测
cha 查 chai 柴 chan 产 chang 昌 chao 超 che 彻车 chen 陈 cheng 程 chi 驰吃 chong 冲 chou 抽
chu 楚出 chuan 川 chun 春 ci 茨 cong 聪 cu 粗 da 达大 dai 戴代 dan 丹单 dang 当 dao 道 de 德的
deng 登 di 迪蒂 dian 电 diao 雕 die 迭 ding 丁 diu 丢 dong 东 dou 斗 du 杜 duan 段 dui 对 dun 顿
duo 多 e 厄 en 恩 er 尔儿 fa 法发 fan 凡 fang 方 fei 菲费 fen 芬 feng 丰 fo 佛 fou 否 fu 弗夫
ga 嘎 gai 盖该 gan 甘 gang 冈刚 gao 高 ge 格哥 gei 给 gen 根 geng 更 gong 贡公 gou 狗 gu 古谷
gua 瓜 guai 怪 guan 关 gui 圭 gun 棍 guo 果 ha 哈 hai 海 han 汉 hang 航 hao 豪好 he 赫和 hei 黑
hen 很 heng 亨 hong 洪红 hou 后侯 hu 胡虎 hua 华 huai 怀 huan 欢 hui 惠 hun 混 huo 霍活 ji 基吉
jia 加家 jian 简 jiang 江 jiao 角 jie 杰 jin 金 jing 京 jiu 久 ju 居 jun 军 ka 卡 kai 凯开
kan 坎看 kang 康 kao 考靠 ke 克科 ken 肯 kong 孔 kou 寇口 ku 库 kua 夸 kuai 快 kuan 宽 kui 奎
kun 昆 kuo 阔 la 拉 lai 莱来 lan 兰 lang 朗 lao 劳老 le 乐了 lei 雷 leng 冷 li 利里 lia 俩 lian 连
liang 良 liao 廖 lie 列 lin 林 ling 灵 liu 柳 long 隆龙 lou 楼 lu 卢路 lun 伦 luo 罗洛 ma 马妈
mai 迈麦 man 曼 mang 芒 mao 毛猫 mei 梅美 men 门 meng 蒙 mi 米 mian 面 miao 妙 mie 灭 min 敏
ming 明 mo 莫 mou 谋 mu 姆木 na 纳那 nai 奈 nan 南 nang 囊 nao 瑙 ne 讷 nei 内 nen 嫩 neng 能
ni 尼你 nian 年 niao 鸟 nie 涅 nin 您 ning 宁 niu 纽牛 nong 农 nu 努 nuan 暖 nuo 诺 ou 欧 pa 帕
pai 派 pan 潘 pang 庞 pao 泡 pei 佩 pen 喷 peng 彭 pi 皮 pian 片 piao 飘 pin 品 ping 平 po 坡破
pu 普 qi 奇七 qia 恰 qian 前 qiang 强 qiao 乔 qie 切 qin 琴 qing 青 qiu 丘 qu 曲 ran 然 rang 让
rao 绕 re 热 ren 仁 ri 日 rong 荣 rou 柔 ru 如 rui 瑞 run 润 ruo 若 sa 萨 sai 赛 san 三散 sang 桑
sao 骚 se 瑟色 sen 森 sha 莎沙 shai 晒 shan 山 shang 尚上 shao 少 she 舍 shen 申神 sheng 生
shi 史是 shou 手 shu 舒书 shua 刷 shuai 帅 shun 顺 shuo 硕 si 斯丝 song 松 sou 搜 su 苏 suan 算
sui 岁 sun 孙 suo 索 ta 塔他 tai 泰太 tan 坦 tang 汤 tao 陶 te 特 teng 腾 ti 提体 tian 天 tiao 条
tie 铁 ting 廷 tong 通 tou 头 tu 图 tuan 团 tui 推 tun 吞 tuo 托 wa 瓦 wai 外 wan 万 wang 旺
wei 维为 wen 温 weng 翁 wo 沃我 wu 伍 xi 西希 xia 夏 xian 先 xiang 香 xiao 肖小 xie 谢 xin 辛新
xing 兴 xiong 雄 xiu 秀休 xu 徐 xuan 轩 ya 亚 yan 严 yang 杨 yao 姚要 ye 耶也 yi 伊一 yin 因
ying 英 yo 哟 yong 永 you 尤有 yu 于 yuan 元 yun 云 za 杂 zai 在 zan 赞 zang 脏 zao 早 ze 泽
zen 怎 zeng 增 zha 扎 zhai 宅 zhan 詹 zhang 张 zhao 赵 zhe 哲这 zhen 珍 zheng 正 zhi 芝之 zhong 中
zhou 周 zhu 朱 zhua 抓 zhuan 专 zhun 准 zhuo 卓 zi 兹子 zong 宗 zou 邹 zu 祖 zui 最 zun 尊 zuo 佐
"""
WRITTEN = dict(zip(_WRITTEN.split()[::2], _WRITTEN.split()[1::2], strict=True))

# Initials for each consonant, and finals for each vowel, alone and before a nasal: nearest first.
INITIALS = {
    "b": "b", "p": "p", "m": "m", "f": "f", "v": "w f", "d": "d", "t": "t", "D": "d z", "T": "s x",
    "n": "n", "l": "l", "r": "l r", "g": "g", "k": "k", "h": "h x", "s": "s x", "z": "z x s",
    "S": "sh x", "Z": "r zh x", "C": "ch q", "J": "zh j", "y": "y", "w": "w", "G": "g n",
    "": "",
}  # fmt: skip
FINALS = {
    "a": "a", "@": "ai a e", "^": "a", "x": "e a i ei", "o": "uo o ao ou e", "W": "ao", "Y": "ai",
    "e": "ei ai e ie i", "3": "e a uo o", "E": "ei i ai", "I": "i ei", "i": "i ei", "O": "ou uo o",
    "8": "uo o", "U": "u", "u": "u ou iu",
}  # fmt: skip
NASAL_FINALS = {
    "a": "ang an", "@": "an", "^": "an ang", "x": "en an in un", "o": "ong ang eng", "W": "ang",
    "e": "en an in", "3": "en un", "I": "in en", "i": "in en ing", "O": "ong eng an", "U": "un en",
    "u": "un ong en",
}  # fmt: skip
# A vowel that starts a syllable.
BARE = {
    "a": "a", "ai": "ai", "an": "an", "ang": "ang", "ao": "ao", "e": "e", "ei": "ai", "en": "en",
    "i": "yi", "in": "yin", "ing": "ying", "o": "ou", "ou": "ou", "uo": "wo", "u": "wu",
    "un": "wen", "ong": "weng", "ie": "ye", "iu": "you",
}  # fmt: skip
GLIDES = {
    "yi": "yi", "yin": "yin", "ying": "ying", "ya": "ya", "yai": "ya", "yan": "yan", "yang": "yang",
    "yao": "yao", "ye": "ye", "yei": "ye", "yen": "yan", "you": "you", "yu": "you", "yun": "yun",
    "yong": "yong", "yuo": "yo", "wa": "wa", "wai": "wai", "wan": "wan", "wang": "wang",
    "wei": "wei", "we": "wo", "wi": "wei", "win": "wen", "wen": "wen", "wo": "wo", "wuo": "wo",
    "wou": "wo", "wu": "wu", "wong": "weng", "weng": "weng", "wun": "wen",
}  # fmt: skip
PUT_IN = {
    "b": "bu", "p": "pu", "m": "mu", "f": "fu", "v": "fu", "d": "de", "t": "te", "D": "de",
    "T": "si", "n": "en", "l": "er", "r": "lu", "g": "ge", "k": "ke", "h": "he", "s": "si",
    "z": "zi", "S": "shi", "Z": "ri", "C": "qi", "J": "zhi", "y": "yi", "w": "wu", "G": "en",
}  # fmt: skip
NASALS = "mnG"
DIPHTHONGS = "WYE8"
PALATAL = ("x", "q", "j")
# How often a syllable or character is the next best one, and a last stop is dropped.
NEXT_BEST = 0.2
DROPPED = 0.25


def han_by_sound(word: str, rng: Random) -> str:
    """Write an English word in Han characters by its sound; empty for a word without letters.

    >>> han_by_sound("please", Random(0)), han_by_sound("budget", Random(0))
    ('普利兹', '巴基特')
    """
    phones = phones_of(word) or phones_of(plain_letters(word)) or phones_from_letters(word)
    return "".join(_draw(WRITTEN[syllable], rng) for syllable in mandarin_syllables(phones, rng))


def mandarin_syllables(phones: str, rng: Random) -> list[str]:
    """Return syllables of Mandarin that sound like the phones of an English word.

    >>> mandarin_syllables("pl^m3", Random(0))
    ['pu', 'la', 'ma']
    """
    units = list(_units(CODA_R.sub("", phones) or phones))
    syllables = [_nearest(*unit, rng) for unit in units]
    ends_in_stop = len(units) > 2 and units[-1][0] in set("tdkg") and not units[-1][1]
    return syllables[:-1] if ends_in_stop and rng.random() < DROPPED else syllables


def _units(phones: str) -> Iterator[tuple[str, str, bool]]:
    """Cut phones into consonant, vowel and whether a nasal ends the syllable; each may lack."""
    at = 0
    while at < len(phones):
        consonant = "" if phones[at] in VOWELS else phones[at]
        at += len(consonant)
        vowel = phones[at : at + 1] if phones[at : at + 1] in set(VOWELS) else ""
        at += len(vowel)
        after = phones[at : at + 1]
        takes = vowel and vowel not in DIPHTHONGS and after and after in NASALS
        nasal = bool(takes) and (after == "G" or phones[at + 1 : at + 2] not in set(VOWELS))
        at += nasal
        yield consonant, vowel, nasal


def _nearest(consonant: str, vowel: str, nasal: bool, rng: Random) -> str:
    """Return the nearest syllable, or now and then the next."""
    if not vowel:
        return PUT_IN[consonant]
    finals = (NASAL_FINALS if nasal else FINALS)[vowel].split()
    initials = INITIALS[consonant].split() or [""]
    made = (_spell(initial, final) for final in finals for initial in initials)
    known = list(dict.fromkeys(syllable for syllable in made if syllable in WRITTEN))
    return _draw(known, rng) if known else PUT_IN[consonant]


def _spell(initial: str, final: str) -> str:
    """Spell a syllable; empty where Mandarin has no such one."""
    if not initial:
        return BARE.get(final, "")
    if initial in ("y", "w"):
        return GLIDES.get(initial + final, "")
    front = final.startswith("i")
    if initial in PALATAL:
        return initial + final if front else ""
    hissing = initial in ("s", "z", "c", "sh", "zh", "ch", "r", "h", "g", "k", "f")
    return "" if front and hissing else initial + final


def _draw(choices: list[str] | str, rng: Random) -> str:
    """Return the first choice, or now and then the second."""
    return choices[1 if len(choices) > 1 and rng.random() < NEXT_BEST else 0]
