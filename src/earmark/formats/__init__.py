"""File formats, one file each: FORMATS has all that Earmark reads and writes.

To add one: write a file with a `FORMAT` and name it here; a file that several claim is read as
the first of them. `reading.py` has what steps read through.
"""

from earmark.formats import (
    arrow,
    audiobench,
    csv,
    funasr,
    hub,
    jsonl,
    kaldi,
    lhotse,
    llama_factory,
    ms_swift,
    nemo,
    parquet,
    plain,
    recogs,
    rows,
    shar,
    trl,
    trn,
    tsv,
    wenet,
)
from earmark.formats.format import Format

FORMATS: dict[str, Format] = {
    module.FORMAT.name: module.FORMAT
    for module in (
        *(shar, lhotse, nemo, wenet, funasr, audiobench),
        *(ms_swift, llama_factory, jsonl, trl, rows),
        *(trn, recogs, tsv, csv, kaldi, plain),
        *(parquet, arrow, hub),
    )
}
