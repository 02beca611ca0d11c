"""Put a folder of recorded English words together from a Debian package, as WORD.wav.

    python -m benchmarks.real_parts.english_words --out build/real/english-words

From the root of the repository, where `apt-get` and `dpkg-deb` are: the package
`asterisk-core-sounds-en-wav` (18 MB, nothing is installed) holds prompts of telephones, spoken by
Allison Smith at 8 kHz, CC BY-SA 3.0: loaded, not shipped. Those that are one word or a set phrase
are taken. `earmark synthesize --engine recorded --english-words FOLDER` speaks with them.
"""

from pathlib import Path

from earmark.storage.atomic import atomic_folder

from .command import put_together
from .packages import Package, fetch, read_members

SOUNDS = Package(
    "asterisk-core-sounds-en-wav",
    "1.6.1-1",
    "2be3ea287d83299d143815fa804f11179a75b7affd4a758b98b55f5afc18a35d",
    index="debian",
)
FOLDER = "./usr/share/asterisk/sounds/en_US_f_Allison"
COPYRIGHT = "./usr/share/doc/asterisk-core-sounds-en-wav/copyright"

_COUNTS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
]
_ORDINALS = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
]
_TENS = ["thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_AS_NAMED = {
    "": "activated added calling cancelled disabled enabled extension for goodbye hello hours is "
    "location minute minutes number removed seconds sorry time with your",
    "digits/": "at billion dollars hundred million minus thousand today tomorrow yesterday",
    "letters/": "asterisk dash dollar dot equals plus slash space",
    "dictate/": "pause paused playback record",
    "vm-": "Family Friends INBOX Old Urgent Work and from last message messages no password press",
    "spy-": "agent console local mobile",
}
_OTHERS = {
    "auth-thankyou": "thank you",
    "call-forwarding": "call forwarding",
    "call-waiting": "call waiting",
    "digits/oclock": "o'clock",
    "do-not-disturb": "do not disturb",
    "im-sorry": "i'm sorry",
    "letters/i": "i",
    "one-moment-please": "one moment please",
    "pbx-transfer": "transfer",
    "phonetic/e_p": "echo",
    "phonetic/g_p": "golf",
    "phonetic/h_p": "hotel",
    "phonetic/k_p": "kilo",
    "phonetic/u_p": "uniform",
    "phonetic/w_p": "whiskey",
    "please-try-again": "please try again",
    "speed-dial": "speed dial",
    "telephone-number": "telephone number",
    "vm-youhave": "you have",
    "you-entered": "you entered",
}


def recorded_words() -> dict[str, str]:
    """Return the recording of each word: names in the package, without `.wav`, by word."""
    found = {
        name.lower(): f"{place}{name}"
        for place, names in _AS_NAMED.items()
        for name in names.split()
    }
    found |= {word: f"digits/{number}" for number, word in enumerate(_COUNTS)}
    found |= {word: f"digits/{10 * number}" for number, word in enumerate(_TENS, start=3)}
    found |= {word: f"digits/h-{number}" for number, word in enumerate(_ORDINALS, start=1)}
    found |= {word.lower(): f"digits/day-{number}" for number, word in enumerate(_DAYS)}
    found |= {word.lower(): f"digits/mon-{number}" for number, word in enumerate(_MONTHS)}
    return found | {word: name for name, word in _OTHERS.items()}


def assemble(out: Path, downloads: Path) -> Path:
    """Download, check and unpack the words; the folder appears when it is whole.

    Raises:
        InputError: the package cannot be had or is another, or the folder is in use.
    """
    file = fetch(SOUNDS, downloads)
    words = recorded_words()
    names = [f"{FOLDER}/{name}.wav" for name in words.values()]
    *sounds, terms = read_members(file, [*names, COPYRIGHT])
    with atomic_folder(out) as temporary:
        for word, raw in zip(words, sounds, strict=True):
            (temporary / f"{word.replace(' ', '-')}.wav").write_bytes(raw)
        (temporary / "LICENSE").write_bytes(terms)
    return out


if __name__ == "__main__":
    put_together(assemble, __doc__, "english-words")
