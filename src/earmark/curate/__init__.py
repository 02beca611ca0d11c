"""Curators: which pairs to train on. A pair is kept, changed, or dropped with a reason.

To add one: write a function from a stream of pairs to verdicts in a file of its own and name it in
CURATORS. Its keyword-only parameters are its knobs. `criterion`, `criteria` and `per` are what each
pair must have, which is checked before work; a curator whose first parameter is called `dropped`
looks at the pairs that earlier steps dropped, and what it keeps is returned.
"""

from collections.abc import Callable, Iterable

from earmark.curate.annotated import annotated
from earmark.curate.audio import audio
from earmark.curate.back_transcription import back_transcription
from earmark.curate.balance import balance
from earmark.curate.consistency import consistency
from earmark.curate.duplicates import duplicates
from earmark.curate.failure_mode import failure_mode
from earmark.curate.first_word_leak import first_word_leak
from earmark.curate.gap_filter import gap_filter
from earmark.curate.informativeness import informativeness
from earmark.curate.language import language
from earmark.curate.length_leak import length_leak
from earmark.curate.length_ratio import length_ratio
from earmark.curate.near_duplicates import near_duplicates
from earmark.curate.order import order
from earmark.curate.people import people
from earmark.curate.percentile import percentile
from earmark.curate.random_share import random_share
from earmark.curate.sound_gate import sound_gate
from earmark.curate.top_up import top_up
from earmark.curate.unanimous import unanimous
from earmark.curate.verdict import Verdict

CURATORS: dict[str, Callable[..., Iterable[Verdict]]] = {
    "annotated": annotated,
    "audio": audio,
    "back_transcription": back_transcription,
    "balance": balance,
    "consistency": consistency,
    "duplicates": duplicates,
    "failure_mode": failure_mode,
    "first_word_leak": first_word_leak,
    "gap": gap_filter,
    "informativeness": informativeness,
    "language": language,
    "length_leak": length_leak,
    "length_ratio": length_ratio,
    "near_duplicates": near_duplicates,
    "order": order,
    "people": people,
    "percentile": percentile,
    "random": random_share,
    "sound": sound_gate,
    "top_up": top_up,
    "unanimous": unanimous,
}

# What these decide about a pair depends on that pair alone, so shards of a file can be curated
# apart from each other.
BY_ROW = frozenset(
    {
        "annotated",
        "audio",
        "back_transcription",
        "failure_mode",
        "language",
        "length_ratio",
        "order",
        "people",
        "sound",
        "unanimous",
    }
)
