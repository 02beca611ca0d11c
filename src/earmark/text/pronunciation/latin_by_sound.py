"""Mandarin written in Latin letters by sound: as pinyin in one word, or as English words.

English words are those below, by our choice, which sound like a syllable to an English ear; a
syllable that none sounds like is spelled as English would (xie, shieh).
"""

from collections.abc import Sequence
from random import Random

from earmark.text.pronunciation.tables import pinyin_of

# Syllables with the English words or spellings that sound like them, the nearest first.
_WRITTEN = """
a ah  ai eye  an an  ang ung  ao aow  ba bah  bai buy  ban ban  bang bung  bao bow  bei bay  ben
burn  bi bee  bian bien  biao byao  bie beer  bin bean  bing bing  bo bore  bu boo  ca tsah  cai
sigh  can san  cang tsahng  cao sow  ce tser  cen tsun  ceng tsung  cha char  chai chai  chan chan
chang chung  chao chow  che chur  chen churn  cheng chung  chi chur  chong chong  chou cho  chu
chew  chuan chwan  chuang chwang  chui chway  chun chun  chuo chore  ci tsur  cong tsong  cu tsoo
cui tsway  cun tsoon  cuo tsaw  da dah  dai die  dan dan  dang dung  dao dow  de duh  deng dung
di dee  dian dien  diao dyao  die dyeh  ding ding  diu dew  dong dong  dou dough  du do  duan dwan
dui dway  dun doon  duo door  e er  en earn  er earl  fa far  fan fan  fang fung  fei fay  fen fun
feng fung  fo for  fou foe  fu foo  ga gah  gai guy  gan gun  gang gung  gao gow  ge gur  gei gay
gen gurn  geng gung  gong gong  gou go  gu goo  gua gwah  guai gwhy  guan gwan  guang gwang  gui
gway  gun goon  guo gwor  ha ha  hai high  han hun  hang hung  hao how  he her  hei hey  hen hun
heng hung  hong hong  hou hoe  hu who  hua hwa  huai hwhy  huan hwan  huang hwang  hui hway  hun
hun  huo hwor  ji gee  jia jar  jian jean  jiang jyang  jiao jow  jie jeer  jin gin  jing jing
jiu joe  ju jew  juan jwen  jue jew  jun june  ka car  kai kai  kan can  kang kung  kao cow  ke
cur  ken kern  kong kong  kou co  ku coo  kua kwah  kuai kwhy  kuan kwan  kuang kwang  kui kway
kun koon  kuo kwor  la la  lai lie  lan lan  lang lung  lao lao  le luh  lei lay  leng lung  li
lee  lia lyah  lian lien  liang leung  liao lyao  lie lyeh  lin lean  ling ling  liu leo  lo law
long long  lou low  lu loo  luan lwan  lun loon  luo law  lv lew  lve lway  ma ma  mai my  man man
mang mung  mao mow  me muh  mei may  men mun  meng mung  mi me  mian mien  miao meow  mie myeh
min mean  ming ming  mo more  mou mow  mu moo  na nah  nai nigh  nan nan  nang nung  nao now  ne
nuh  nei nay  nen nun  neng nung  ni knee  nian nien  niang nyang  niao nyao  nie nyeh  nin neen
ning ning  niu new  nong nong  nu new  nuan nwan  nuo nor  nv new  ou oh  pa par  pai pie  pan pan
pang pung  pao pow  pei pay  pen pun  peng pung  pi pea  pian pien  piao pyao  pie pyeh  pin pin
ping ping  po paw  pu poo  qi chee  qia char  qian chien  qiang chung  qiao chow  qie cheer  qin
chin  qing ching  qiong chong  qiu chew  qu chew  quan chwen  que chew  qun chune  ran ran  rang
rung  rao row  re rur  ren run  reng rung  ri rur  rong wrong  rou row  ru roo  ruan rwan  rui ray
run roon  ruo roar  sa sah  sai sigh  san sun  sang sung  sao sow  se sir  sen sun  seng sung  sha
shah  shai shy  shan shan  shang shung  shao shao  she shur  shei shay  shen shun  sheng shung
shi sure  shou show  shu shoe  shua shwa  shuai shwhy  shuang shwang  shui shway  shun shun  shuo
shore  si sir  song song  sou so  su sue  suan swan  sui sway  sun soon  suo saw  ta tar  tai tie
tan tan  tang tung  tao tow  te ter  teng tung  ti tea  tian tien  tiao tyao  tie tyeh  ting ting
tong tong  tou toe  tu too  tuan twan  tui tway  tun toon  tuo tore  wa wah  wai why  wan one
wang wung  wei way  wen one  weng wung  wo war  wu oo  xi see  xia shah  xian shen  xiang shung
xiao shao  xie share  xin sheen  xing sing  xiong shong  xiu shoe  xu shoe  xuan shwen  xue shway
xun shoon  ya yah  yan yen  yang young  yao yow  ye yeh  yi ee  yin in  ying ing  yo yaw  yong
yong  you yo  yu you  yuan ywen  yue yweh  yun yune  za zah  zai zai  zan zun  zang zung  zao zow
ze zur  zen zen  zeng zung  zha jar  zhai jai  zhan john  zhang jahng  zhao jow  zhe jur  zhen
john  zheng jerng  zhi jur  zhong jong  zhou joe  zhu jew  zhua jwah  zhuan jwan  zhuang jwang
zhui jway  zhun june  zhuo jaw  zi zer  zong zong  zou zoe  zu zoo  zuan zwan  zui zway  zun zoon
zuo zore
"""
WRITTEN = dict(zip(_WRITTEN.split()[::2], _WRITTEN.split()[1::2], strict=True))
# How often a word is spelled in pinyin.
AS_PINYIN = 0.5


def latin_by_sound(characters: Sequence[str], rng: Random) -> str:
    """Write Han characters in Latin letters by their sound; empty when one has no known reading.

    >>> latin_by_sound("早上", Random(2)), latin_by_sound("你好", Random(1))
    ('zow shung', 'nihao')
    """
    syllables = [pinyin_of(character) for character in characters]
    if not all(syllables):
        return ""
    spelled = [syllable for syllable in syllables if syllable]
    if rng.random() < AS_PINYIN:
        return "".join(spelled).replace("v", "u")
    return " ".join(WRITTEN.get(syllable, syllable) for syllable in spelled)
