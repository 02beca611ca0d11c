"""Speech synthesizers, one file each: ENGINES has those that ship with Earmark.

Each is a function that takes a Source and returns an Engine; its file is imported when it is
called, since each needs packages that the others do not. One of the user's own is `module:name`.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from earmark.errors import KnobError
from earmark.lookup import look_up
from earmark.voices.engine import Engine, OwnFunction, Source

Opener = Callable[[Source], Engine]


def open_espeak(source: Source) -> Engine:
    """Open espeak-ng, whose voices sound like a machine, and which costs almost nothing."""
    return _opened("earmark.voices.engines.espeak:EspeakEngine", source)


def open_kokoro(source: Source) -> Engine:
    """Open Kokoro-82M, neural voices that read one sentence in two languages."""
    return _opened("earmark.voices.engines.kokoro:KokoroEngine", source)


def open_endpoint(source: Source) -> Engine:
    """Open a server with the OpenAI protocol's /v1/audio/speech."""
    return _opened("earmark.voices.engines.endpoint:EndpointEngine", source)


def open_recorded(source: Source) -> Engine:
    """Open folders of recorded words, which are joined."""
    return _opened("earmark.voices.engines.recorded:RecordedEngine", source)


ENGINES: dict[str, Opener] = {
    "espeak": open_espeak,
    "kokoro": open_kokoro,
    "endpoint": open_endpoint,
    "recorded": open_recorded,
}


def _opened(named: str, source: Source) -> Engine:
    module, _, name = named.partition(":")
    engine: Engine = getattr(import_module(module), name)(source)
    return engine


def open_engine(given: str, source: Source) -> Engine:
    """Open an engine by its name in ENGINES, or one of the user's own by `module:name`.

    Args:
        given: a name of ENGINES; or the `module:name` of an Engine, or of a function
            `speak(text, voice, rng)` that returns samples.
        source: where it finds what it speaks with.

    Raises:
        KnobError: no such engine, or what it speaks with is not given or not there.
        InputError: what it speaks with cannot be read.
    """
    found: Any = look_up(ENGINES, given, "engine")
    if given in ENGINES:
        engine: Engine = found(source)
        return engine
    if isinstance(found, Engine):
        return found
    if not callable(found):
        raise KnobError(
            f"engine '{given}' should be an earmark.voices.engine.Engine or a function "
            f"speak(text, voice, rng), found {type(found).__name__}"
        )
    return OwnFunction(found, given)
