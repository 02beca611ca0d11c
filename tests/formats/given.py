"""Records as a user may have them, for property tests of formats."""

from hypothesis import strategies as st

from earmark.records import Candidate, Candidates, Hypothesis, Pair, Utterance

CHARS = st.characters(exclude_categories=["Cs", "Cc"])
TEXT = st.text(
    st.sampled_from("我们 go to 会议, ok{}()[]:'\"\\/\u3000\u2028é\t") | CHARS, max_size=12
)
NAME = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)
ID = st.one_of(
    st.from_regex(r"[a-z]{1,3}-?[0-9]{1,4}", fullmatch=True),
    TEXT.filter(lambda text: text.strip()),
)
SECONDS = st.floats(0, 50, allow_nan=False)
JSON = st.one_of(
    TEXT, st.integers(-(10**6), 10**6), st.floats(-1e6, 1e6), st.booleans(),
    st.lists(st.integers(0, 9), max_size=2), st.dictionaries(NAME, TEXT, max_size=2),
)  # fmt: skip
# Names that no tool has for anything, so that their values are kept under them.
EXTRA = st.dictionaries(st.sampled_from(["dialect", "annotator_2", "名"]), JSON, max_size=3)
MAYBE = st.none() | NAME


@st.composite
def spans(draw):
    low, high = sorted([draw(SECONDS), draw(SECONDS)])
    return draw(
        st.sampled_from([(None, None), (low, high + 0.01), (low, None), (None, high + 0.01)])
    )


@st.composite
def utterances(draw, audio=None):
    start_s, end_s = draw(spans())
    return Utterance(
        id=draw(ID),
        text=draw(st.none() | TEXT),
        audio=audio or draw(st.none() | NAME.map(lambda name: f"/sounds/{name}.flac")),
        start_s=start_s,
        end_s=end_s,
        language=draw(st.sampled_from([None, "zh", "en", "mixed"])),
        speaker=draw(MAYBE),
        split=draw(MAYBE),
        task=draw(MAYBE),
        extra=draw(EXTRA),
    )


HYPOTHESES = st.builds(
    Hypothesis,
    id=ID,
    text=TEXT,
    raw_text=st.none() | TEXT,
    logprob=st.none() | st.floats(-1e6, 0),
    tokens=st.none() | st.integers(0, 10**6),
    made_by=st.fixed_dictionaries({}, optional={"model": NAME, "decoding": EXTRA}),
    cut=st.none() | st.booleans(),
    set_aside=MAYBE,
    extra=EXTRA,
)


@st.composite
def parts(draw):
    start_s, end_s = draw(spans())
    span = {"start_s": start_s, "end_s": end_s}
    clip = {"type": "audio", "audio": f"/sounds/{draw(NAME)}.flac"}
    clip |= {k: v for k, v in span.items() if v is not None} if draw(st.booleans()) else {}
    return draw(st.sampled_from([clip, {"type": "text", "text": draw(TEXT)}]))


MESSAGES = st.lists(
    st.builds(
        lambda role, content: {"role": role, "content": content},
        st.sampled_from(["system", "user", "assistant"]),
        TEXT | st.lists(parts(), min_size=1, max_size=3),
    ),
    min_size=1,
    max_size=3,
)


@st.composite
def pairs(draw):
    rejected = draw(TEXT | st.lists(TEXT, max_size=3))
    count = 1 if isinstance(rejected, str) else len(rejected)
    numbers = st.lists(st.floats(-9, 9), min_size=1 + count, max_size=1 + count)
    return Pair(
        id=draw(ID),
        prompt=draw(MESSAGES),
        chosen=draw(TEXT),
        rejected=rejected,
        failure_modes=draw(st.lists(NAME, min_size=count, max_size=count) | st.just([])),
        scores=draw(st.dictionaries(NAME, numbers, max_size=2)),
        language=draw(MAYBE),
        source=draw(MAYBE),
        made_by=draw(st.fixed_dictionaries({}, optional={"builder": NAME, "mix": EXTRA})),
        rejected_prompt=draw(st.none() | MESSAGES),
        annotations=draw(st.dictionaries(NAME, JSON, max_size=2)),
        extra=draw(EXTRA),
    )


CANDIDATE = st.builds(
    Candidate,
    content=TEXT | st.lists(parts(), min_size=1, max_size=2),
    scores=st.dictionaries(NAME, st.floats(-9, 9) | st.integers(-9, 9), max_size=3),
    audio=st.none() | NAME.map(lambda name: f"/sounds/{name}.flac"),
    logprob=st.none() | st.floats(-1e6, 0),
    tokens=st.none() | st.integers(0, 10**6),
    made_by=st.fixed_dictionaries({}, optional={"model": NAME}),
    extra=EXTRA,
)
CANDIDATES = st.builds(
    Candidates,
    id=ID,
    prompt=MESSAGES,
    candidates=st.lists(CANDIDATE, max_size=3),
    truth=st.none() | TEXT,
    language=MAYBE,
    source=MAYBE,
    annotations=st.dictionaries(NAME, JSON, max_size=2),
    made_by=st.fixed_dictionaries({}, optional={"sampler": NAME, "knobs": EXTRA}),
    extra=EXTRA,
)


def different_ids(records):
    """Return the records whose id is not that of an earlier one."""
    return list({record.id: record for record in records}.values())
