"""Annotate a pair by rules: offline, in microseconds, and as coarse as that sounds.

The task is found by words in the request, the difficulty by its length and by how often the answer
switches languages, the quality by whether the request is whole. Safety is a short list of words: a
pair that is not flagged has not been judged safe. What needs judgement is for a model (`by_model`).
"""

import re

from earmark.curate.annotated import DIFFICULTIES, QUALITIES
from earmark.curate.language import language_in
from earmark.curate.near_duplicates import prompt_text
from earmark.pairs.rules import audio_parts
from earmark.records import Pair
from earmark.text import tokenize
from earmark.text.codeswitching import language_codes, mixture
from earmark.text.loops import is_loop

NAME = "rules 1"
FLAGGED, NOT_FLAGGED = "flagged", "not flagged"


# Task, words of English requests, words of Chinese ones. The first row that matches names the task.
TASK_WORDS = (
    (
        "transcription",
        r"transcri\w*|verbatim|words? (?:you|that you) hear|was said|speaker says?|spoken words|"
        r"the speech|speech (?:in)?to text|write down what|every word|note down",
        "转写|听写|听到|录音|语音|音频|原话|说话人|写下来|这段话",
    ),
    ("translation", r"translat\w*", "翻译|译成"),
    ("coding", r"code|python|javascript|sql|function|debug|regex|algorithm", "代码|编程|函数"),
    (
        "math",
        r"solve|equation|integral|derivative|probability|arithmetic|sum of|calculate|fraction|"
        r"\d+\s*[-+*/×÷=]\s*\d+",
        "方程|计算|概率|数学",
    ),
    ("data analysis", r"data ?set|spreadsheet|csv|statistics|regression|chart", "数据|统计"),
    ("editing", r"rewrite|rephrase|proofread|edit|summari[sz]e|paraphrase", "改写|润色|总结"),
    ("role playing", r"pretend|act as|role.?play|you are an?", "扮演"),
    ("creative writing", r"story|poem|lyrics|novel|haiku|screenplay", "故事|写一首|小说"),
    ("brainstorming", r"brainstorm|ideas? for|come up with|suggest (?:some|names)", "想法|点子"),
    ("planning", r"plan|schedule|itinerary|roadmap|agenda", "计划|安排|行程"),
    ("advice seeking", r"should i|advice|recommend|how (?:do|can) i", "建议|该不该|怎么办"),
    ("reasoning", r"why|prove|infer|deduce|reason|logic|explain how", "为什么|推理|证明"),
    (
        "information seeking",
        r"what|who|when|where|which|how|tell me",
        r"什么|谁|哪|何时|多少|\?|？",
    ),
)
UNSAFE_ENGLISH = (
    r"kill (?:myself|him|her|them)|suicide|bomb|explosives?|poison|heroin|methamphetamine|"
    r"child porn|rape|behead|launder money|steal (?:a|the|someone)|hack into|ransomware"
)
UNSAFE_HAN = "自杀|炸弹|毒品|杀人|强奸|洗钱|枪支"


def _pattern(english: str, han: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{english})\b|{han}", re.IGNORECASE)


TASK_PATTERNS = tuple((task, _pattern(english, han)) for task, english, han in TASK_WORDS)
UNSAFE = _pattern(UNSAFE_ENGLISH, UNSAFE_HAN)
HARD_TASKS = ("math", "coding", "reasoning", "data analysis")
# Words of the request, or of the transcript, from which the next level of difficulty begins.
LENGTHS = (4, 10, 30, 90)
SWITCHES = (1, 2, 4, 8)


def annotations_of(pair: Pair) -> dict[str, str]:
    """Return task, difficulty, input quality, language and safety of a pair.

    >>> pair = Pair("p", [{"role": "user", "content": "What is 3 + 4?"}], "7", "8")
    >>> annotations_of(pair)["task"]
    'math'
    """
    request = last_request(pair)
    has_clip = next(audio_parts(pair.prompt), None) is not None
    task = task_of(request, has_clip)
    subject = pair.chosen if task == "transcription" else request
    return {
        "task": task,
        "difficulty": difficulty_of(subject, task),
        "input_quality": quality_of(request, has_clip),
        "language": language_in(subject),
        "safety": FLAGGED if UNSAFE.search(f"{request}\n{pair.chosen}") else NOT_FLAGGED,
    }


def last_request(pair: Pair) -> str:
    """Return what the user says last in the prompt of a pair."""
    users = [message for message in pair.prompt if message.get("role") == "user"]
    return prompt_text(users[-1:])


def task_of(request: str, has_clip: bool) -> str:
    """Name the task of a request by its words.

    Args:
        request: the text of it.
        has_clip: whether there is sound with it; what is spoken is not known here.

    >>> task_of("请转写这段语音。", True), task_of("Write a poem about rain", False)
    ('transcription', 'creative writing')
    """
    for task, pattern in TASK_PATTERNS:
        if (task != "transcription" or has_clip) and pattern.search(request):
            return task
    return "others"


def difficulty_of(subject: str, task: str) -> str:
    """Return a level of difficulty, by length, switches between languages, and the kind of task.

    >>> difficulty_of("好的", "transcription")
    'very easy'
    """
    tokens = tokenize(subject)
    level = sum(len(tokens) >= length for length in LENGTHS)
    if task == "transcription":
        switches = mixture(language_codes(tokens)).switches
        level = max(level, sum(switches >= count for count in SWITCHES))
    else:
        level += task in HARD_TASKS
    return DIFFICULTIES[min(level, len(DIFFICULTIES) - 1)]


def quality_of(request: str, has_clip: bool) -> str:
    """Return the quality of a request: whether it is whole and says what is wanted.

    >>> quality_of("", False), quality_of("eh", False)
    ('very poor', 'poor')
    """
    words = tokenize(request)
    if not words:
        return "poor" if has_clip else "very poor"
    letters = sum(char.isalnum() for char in request)
    if letters < 0.5 * len("".join(request.split())) or is_loop(request, words):
        return "poor"
    if has_clip:
        return "good" if len(words) >= 3 else "average"
    level = 1 + sum(len(words) >= length for length in (3, 7, 30))
    return QUALITIES[level]
