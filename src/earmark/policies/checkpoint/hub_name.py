"""How a model of the hub is named: NAME, or NAME@REVISION for another state than the newest."""

from pathlib import Path
from typing import Any, NamedTuple


class HubName(NamedTuple):
    """A model's name, and a branch, tag or commit of it; None is its main branch."""

    name: str
    revision: str | None = None

    @property
    def where(self) -> dict[str, Any]:
        """Return what the library's loading functions take beside the name."""
        return {} if self.revision is None else {"revision": self.revision}


def hub_name(model: str) -> HubName:
    """Split NAME@REVISION; a folder is itself, whatever its name holds.

    >>> hub_name("microsoft/Phi-4-multimodal-instruct@refs/pr/70")
    HubName(name='microsoft/Phi-4-multimodal-instruct', revision='refs/pr/70')
    >>> hub_name("./runs@home")
    HubName(name='./runs@home', revision=None)
    """
    name, _, revision = model.partition("@")
    if not revision or Path(model).exists() or model.startswith((".", "/", "~")):
        return HubName(model)
    return HubName(name, revision)
