"""Choose a failure mode: a name of MODES, `module:name`, or a Mode; one's own is tried out."""

from collections.abc import Mapping
from random import Random
from typing import Any

from earmark.errors import EarmarkError, KnobError
from earmark.failures import MODES
from earmark.failures.evidence import Evidence
from earmark.failures.mode import Mode, Tools
from earmark.failures.surface import Surface
from earmark.lookup import look_up
from earmark.translators.dictionaries.shipped import load_earmark

NO_MODES: Mapping[str, Mode] = {}
# What a mode is tried on: both languages, one, numbers, nothing.
TRIED = (
    "我们明天下午讨论 project 的预算, then go shopping.",
    "Can you 帮我 book the 会议室 for tomorrow?",
    "今天天气很好，我们去公园走走吧。",
    "we should discuss the budget",
    "15",
    "",
)
SEEDS = 3


def choose_mode(name: str, own: Mapping[str, Mode] = NO_MODES) -> Mode:
    """Return a failure mode.

    Args:
        name: a name of `own` or of MODES, or `module:name`.
        own: modes of the user's own, by name.

    >>> choose_mode("loop").label
    'hallucination'

    Raises:
        KnobError: there is no such mode (names the nearest), or it is not a Mode.
    """
    found: Any = look_up({**MODES, **own}, name, "failure mode")
    if not isinstance(found, Mode):
        raise KnobError(
            f"failure mode '{name}' should be an earmark.Mode, found {type(found).__name__}"
        )
    return found


def try_out(name: str, mode: Mode, longest: int = 40) -> None:
    """Hold a mode to its contract: what it imitates it detects, and never the truth itself.

    Raises:
        KnobError: says on which text it failed, and how.
    """
    dictionary = load_earmark()
    tools = Tools(dictionary, longest)
    for truth in TRIED:
        where = f"failure mode '{name}', tried on {truth!r}"
        try:
            if mode.detect(Evidence(truth, truth, dictionary=dictionary)):
                raise KnobError(f"{where}: detect finds the truth itself; a truth never fails")
            for seed in range(SEEDS):
                made = mode.imitate(Surface(truth), Random(seed), tools)
                check_made(where, mode, truth, made)
                if mode.imitate(Surface(truth), Random(seed), tools) != made:
                    raise KnobError(
                        f"{where}: imitate makes different texts of one seed; draw from the "
                        "random numbers that it is given"
                    )
        except EarmarkError:
            raise
        except Exception as error:  # whatever the user's functions raise
            raise KnobError(f"{where}: {type(error).__name__}: {error}") from error


def check_made(where: str, mode: Mode, truth: str, made: Any) -> None:
    """Refuse an imitation that is no text, or that the mode itself does not detect.

    Raises:
        KnobError: says what was made.
    """
    if made is None:
        return
    if not isinstance(made, str):
        raise KnobError(f"{where}: imitate should return a text or None, found {made!r}")
    if not mode.detect(Evidence(truth, made, dictionary=load_earmark())):
        raise KnobError(f"{where}: detect does not find what imitate makes, {made!r}")
