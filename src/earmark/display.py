"""Show text from outside (ids, answers, file names, server messages) without what it could do.

A control character can clear a terminal or turn the reading direction of the text after it, and
a path tells where on a private machine a file lies. Neither belongs on a page that is passed on.
"""

import re
from pathlib import PurePosixPath, PureWindowsPath

# Controls (C0 except tab and line feed, DEL, C1), the marks, embeddings, overrides and isolates of
# direction, invisible format characters, line separators, and halves of surrogate pairs, which
# no file can hold (a byte of a name that is not UTF-8 is read as one). Joiners of emoji stay.
ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
# A slash (or a drive, or a home) that begins a path, and all its folders. What comes before it
# may not be part of a word, of a relative path or of a URL.
_FOLDERS = re.compile(
    r"(?:file://|(?<![\w.:/\\~-]))(?:~|[A-Za-z]:(?=\\))?[/\\](?:[^\s/\\:'\"<>|]+[/\\])+"
)
# A text that is a path as a whole, of two parts at least; its names may hold blanks.
_WHOLE_PATH = re.compile(r"(?:~[^/\\\s]*|[A-Za-z]:)?[/\\][^/\\]+[/\\]")


def visible(text: str) -> str:
    r"""Write characters that act, instead of being seen, as code points; tab and newline stay.

    >>> visible("a\x1b[2Jb"), visible("abc\u202edef")
    ('a‹U+001B›[2Jb', 'abc‹U+202E›def')
    """
    return ACTING.sub(lambda found: f"‹U+{ord(found[0]):04X}›", text)


def without_folders(text: str) -> str:
    """Cut the folders off every absolute path in a text; relative paths and URLs stay.

    >>> without_folders("/home/me/runs/dpo"), without_folders("runs/dpo")
    ('…/dpo', 'runs/dpo')
    >>> without_folders("/data/my clips/1.wav")
    '…/1.wav'
    >>> without_folders("found /data/1.wav: no such file; see http://host:8000/v1/models")
    'found …/1.wav: no such file; see http://host:8000/v1/models'
    """
    if _WHOLE_PATH.match(text) and ": " not in text and "\n" not in text:
        path = PureWindowsPath(text) if "\\" in text else PurePosixPath(text)
        return f"…/{path.name}"
    return _FOLDERS.sub("…/", text)
