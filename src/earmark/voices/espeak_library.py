"""The speech synthesizer espeak-ng, called through ctypes.

espeak-ng is free software under GPL-3.0-or-later. Earmark does not contain it: it comes with
the PyPI package `espeakng-loader`, an optional extra (`pip install '.[speech]'`), and
is loaded only when something is spoken.

Traps that this file takes care of:

- the wheel was compiled with a data path that exists nowhere else, so the path is passed;
- a second copy of the library in one process (the system's) falls silent: no sound is an error;
- the library keeps state from one clip to the next (its random numbers, the flutter of the
  pitch), so that a clip would depend on what was said before. Each clip therefore gets a
  freshly loaded library, which costs half a millisecond and makes it a function of its arguments.
"""

import ctypes
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock

import espeakng_loader
import numpy as np

from earmark.errors import InputError

ENGINE_RATE_HZ = 22050

_SYNCHRONOUS, _NO_EXIT = 2, 0x8000
_CHARACTERS, _UTF8, _IPA = 1, 1, 2
_RATE, _PITCH = 1, 3
_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)
_lock = Lock()


@cache
def variants() -> tuple[str, ...]:
    """List the speaker variants that the installed espeak-ng has."""
    folder = Path(espeakng_loader.get_data_path()) / "voices" / "!v"
    return tuple(sorted(path.name for path in folder.iterdir()))


def _c_runtime() -> ctypes.CDLL:
    return ctypes.CDLL("ucrtbase") if sys.platform == "win32" else ctypes.CDLL(None)


def _unload(library: ctypes.CDLL) -> None:
    handle = ctypes.c_void_p(library._handle)
    if sys.platform == "win32":
        ctypes.windll.kernel32.FreeLibrary(handle)
    else:
        _c_runtime().dlclose(handle)


@contextmanager
def _fresh_library() -> Iterator[ctypes.CDLL]:
    """Load espeak-ng in the state it has in a new process; one user at a time."""
    with _lock:
        library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path().encode()
        rate = library.espeak_Initialize(_SYNCHRONOUS, 0, data, _NO_EXIT)
        if rate != ENGINE_RATE_HZ:
            raise InputError(
                f"espeak-ng did not start with its data in {data.decode()} (it answered {rate}); "
                "reinstall it: pip install --force-reinstall espeakng-loader"
            )
        # Two sources of random numbers: the library's own and, for some voices, C's rand().
        library.espeak_ng_SetRandSeed(ctypes.c_long(1))
        _c_runtime().srand(1)
        try:
            yield library
        finally:
            library.espeak_Terminate()
            _unload(library)


def _set_voice(library: ctypes.CDLL, name: str) -> None:
    variant = name.partition("+")[2]
    # The library takes an unknown variant for none and says nothing.
    if (variant and variant not in variants()) or library.espeak_SetVoiceByName(name.encode()) != 0:
        raise InputError(
            f"espeak-ng has no voice '{name}'; languages are cmn, en-us, gmw/en (British), and "
            f"the variants after '+' are {', '.join(variants())}"
        )


def speak_runs(runs: Sequence[tuple[str, str]], *, rate: int, pitch: int) -> list[np.ndarray]:
    """Say each (voice name, text) in turn; return one int16 array per run, at ENGINE_RATE_HZ.

    `rate` is in words per minute (80-450), `pitch` from 0 to 99. The same arguments give the
    same samples.

    Raises:
        InputError: no such voice, or the library gave no sound.
    """
    pieces: list[np.ndarray] = []

    def collect(samples: "ctypes._Pointer[ctypes.c_short]", count: int, events: int) -> int:
        if samples and count > 0:
            pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    callback = _CALLBACK(collect)
    spoken = []
    with _fresh_library() as library:
        library.espeak_SetSynthCallback(callback)
        for voice, text in runs:
            _set_voice(library, voice)
            library.espeak_SetParameter(_RATE, rate, 0)
            library.espeak_SetParameter(_PITCH, pitch, 0)
            pieces.clear()
            data = text.encode() + b"\0"
            size = ctypes.c_size_t(len(data))
            library.espeak_Synth(data, size, 0, _CHARACTERS, 0, _UTF8, None, None)
            library.espeak_Synchronize()
            if not pieces:
                raise InputError(
                    f"espeak-ng gave no sound for {text!r} with voice '{voice}'; if the text can "
                    "be spoken, another copy of espeak-ng is loaded in this process: use only one"
                )
            spoken.append(np.concatenate(pieces))
    return spoken


def phonemes(text: str, voice: str) -> str:
    """Return the phonemes (IPA) that espeak-ng reads in a text, to see which language it hears.

    Raises:
        InputError: no such voice.
    """
    with _fresh_library() as library:
        _set_voice(library, voice)
        library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        # The library moves this pointer through the text, clause by clause, and ends with NULL.
        buffer = ctypes.create_string_buffer(text.encode())
        rest = ctypes.c_void_p(ctypes.addressof(buffer))
        clauses = []
        while rest.value:
            clauses.append(library.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, _IPA).decode())
    return " ".join(clauses)
