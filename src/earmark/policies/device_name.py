"""Names of devices, checked without torch."""

import re

from earmark.errors import KnobError

# The kinds of torch that a model may run on.
NAME = re.compile(r"auto|cpu|(cuda|mps|xpu|npu|hpu)(:[0-9]+)?")


def check_device_name(name: str) -> None:
    """Refuse what is the name of no device; whether it is here shows when torch is there.

    Raises:
        KnobError: says what was expected.

    >>> check_device_name("cuda:1")
    """
    if not NAME.fullmatch(name):
        raise KnobError(f"device '{name}' is unknown; expected auto, cpu, cuda, or cuda:N")
