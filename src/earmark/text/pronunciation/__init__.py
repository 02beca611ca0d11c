"""How words sound, in classes of phones that English and Mandarin share; no sound is heard."""

from earmark.text.pronunciation.alike import (
    alike,
    found_in,
    is_found_in,
    most_alike,
    sound_agrees,
    sounds_alike,
)
from earmark.text.pronunciation.sound import readings_of, sound_of

__all__ = [
    "alike",
    "found_in",
    "is_found_in",
    "most_alike",
    "readings_of",
    "sound_agrees",
    "sound_of",
    "sounds_alike",
]
