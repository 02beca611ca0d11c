"""The report of a comparison: the page of the demo, for the runs of the first seed."""

from pathlib import Path

from earmark.experiments.cells import Cell
from earmark.experiments.outcomes import BASE
from earmark.experiments.real_codeswitch.arms import SFT
from earmark.experiments.real_codeswitch.schedule import CONDITION
from earmark.experiments.real_codeswitch.tables import Outcomes, sets_of
from earmark.experiments.real_codeswitch.trial import file_of
from earmark.experiments.real_codeswitch.world import World
from earmark.formats.reading import read
from earmark.records import Hypothesis
from earmark.report.page import make_page
from earmark.report.scoring import score_set
from earmark.report.test_set import TestSet
from earmark.storage.atomic import write_text
from earmark.train.run_folder import LOG

TITLE = "Whisper base on code-switched speech, before and after training"


def write_report(world: World, outcomes: Outcomes, seed: int = 0) -> Path:
    """Write `report.html` from the transcripts that are there; return its path."""
    folders = {BASE: world.out / "base"}
    for arm, outcome in outcomes.items():
        if outcome.rate is not None and seed in outcome.seeds:
            place = Cell(CONDITION, arm, outcome.rate, seed).place
            folders[arm] = world.out / "kept" / place
    scored = []
    for name in sets_of(outcomes):
        spoken = world.tests[name]
        hyps = {
            arm: list(read(Hypothesis, file_of(folder, name)))
            for arm, folder in folders.items()
            if file_of(folder, name).is_file()
        }
        control = SFT if SFT in hyps else None
        scored.append(
            score_set(TestSet(name, spoken.utterances, hyps, spoken.folder), control=control)
        )
    logged = [folder for folder in folders.values() if (folder / LOG).is_file()]
    path = world.out / "report.html"
    write_text(path, make_page(TITLE, scored, runs=logged))
    return path
