"""Options of published training runs, shipped as configuration files."""

from importlib.resources import files
from pathlib import Path

from earmark.errors import KnobError, did_you_mean


def presets() -> dict[str, Path]:
    """Return the shipped presets by name.

    >>> sorted(presets())
    ['codeswitch-meralion2', 'codeswitch-phi4-multimodal', 'codeswitch-qwen2-audio']
    """
    folder = Path(str(files("earmark").joinpath("assets/presets")))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def preset_path(name: str) -> Path:
    """Return the file of a preset.

    Raises:
        KnobError: there is none of that name.
    """
    known = presets()
    if name not in known:
        raise KnobError(f"no preset '{name}'; {did_you_mean(name, known)}")
    return known[name]
