"""Find words that the project does not use, and print the plain ones beside them.

    python .ci/words.py            check all but the exempt paths; count what remains there
    python .ci/words.py PATH ...   check these files and folders, exempt or not

In Python files comments and strings are read, in YAML and TOML comments, in Markdown everything
except code. The phrases, their plain forms and the exempt paths are in words.toml.
"""

import io
import re
import sys
import token
import tokenize
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
CHECKED = ("CHANGELOG.md", "CONTRIBUTING.md", "README.md", "benchmarks", "docs", "examples", "src")
SUFFIXES = {".py", ".md", ".html", ".yaml", ".toml"}
# Stands for code: no phrase reaches across it.
CODE = "\0"
# From Python 3.12 on the parts of an f-string are tokens of their own.
F_STRING_QUOTES = {getattr(token, f"FSTRING_{part}", None) for part in ("START", "END")}
PROSE = {token.STRING, token.COMMENT, getattr(token, "FSTRING_MIDDLE", None), *F_STRING_QUOTES}
FENCE = re.compile(r"^( *)(```+|~~~+).*?^\1\2", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"(`+)(?!`)(?:.(?!\n\n))+?\1", re.DOTALL)
OPENING = re.compile(r"[a-zA-Z]*(\"{3}|'{3}|[\"'])")
# Fields of f-strings, and names in backticks.
CODE_IN_STRINGS = re.compile(r"\{[^{}\n]*\}|`[^`\n]+`")


class Phrase(NamedTuple):
    """What is not written, what is, and an example of each."""

    pattern: re.Pattern[str]
    use: str
    bad: list[str]
    good: list[str]


class Found(NamedTuple):
    """A phrase in a file; lines count from 1."""

    path: Path
    line: int
    text: str
    use: str


def read_rules(path: Path) -> tuple[list[Phrase], list[str]]:
    """Return the phrases of a rules file, and its exempt paths."""
    rules = tomllib.loads(path.read_text(encoding="utf-8"))
    phrases = []
    for row in rules["phrase"]:
        # Between two words there may be a line break, a comment's mark or quotes.
        spread = row["pattern"].replace(" ", r"\s+")
        flags = re.NOFLAG if row.get("case") else re.IGNORECASE
        pattern = re.compile(rf"(?<![\w-])(?:{spread})(?![\w-])", flags)
        phrases.append(Phrase(pattern, row["use"], row["bad"], row["good"]))
    return phrases, rules["exempt"]


def blank(text: str) -> str:
    """Replace everything except white space by the sign for code."""
    return re.sub(r"\S", CODE, text)


def string_prose(literal: str) -> str:
    """Keep what a string literal says: prefix and quotes become blanks, fields and names code.

    >>> string_prose("f'{n} rows'").replace(CODE, "-")
    '  --- rows '
    """
    opening = OPENING.match(literal)
    if opening:
        quotes = len(opening[1])
        literal = " " * len(opening[0]) + literal[len(opening[0]) : -quotes] + " " * quotes
    return CODE_IN_STRINGS.sub(lambda code: CODE * len(code[0]), literal)


def python_prose(source: str) -> str:
    r"""Keep the comments and strings of a Python file, each in its place.

    >>> python_prose("x = 1  # goes\n# on").replace(CODE, "-")
    '- - -    goes\n  on'
    """
    starts = [0, *(match.end() for match in re.finditer("\n", source))]
    kept, done = [], 0
    for item in tokenize.generate_tokens(io.StringIO(source).readline):
        if item.type not in PROSE:
            continue
        start, end = (starts[line - 1] + column for line, column in (item.start, item.end))
        text = source[start:end]
        if item.type == token.STRING:
            says = string_prose(text)
        elif item.type in F_STRING_QUOTES:
            says = " " * len(text)
        else:
            says = text.replace("#", " ", 1)
        kept += [blank(source[done:start]), says]
        done = end
    return "".join([*kept, blank(source[done:])])


def markdown_prose(source: str) -> str:
    """Keep a Markdown file without its code."""
    for code in (FENCE, INLINE):
        source = code.sub(lambda match: blank(match[0]), source)
    return source


def prose(path: Path) -> str:
    """Return what people read in a file, each line in its place."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return python_prose(source)
    if path.suffix in (".yaml", ".toml"):
        return re.sub(r"^[^#\n]*", lambda values: blank(values[0]), source, flags=re.MULTILINE)
    return markdown_prose(source) if path.suffix == ".md" else source


def search(path: Path, phrases: list[Phrase]) -> Iterator[Found]:
    """Yield every phrase of a file, in the order of its lines."""
    text = prose(path)
    found = [(hit.start(), hit[0], p.use) for p in phrases for hit in p.pattern.finditer(text)]
    for start, words, use in sorted(found):
        line = text.count("\n", 0, start) + 1
        yield Found(path, line, " ".join(words.split()), use)


def files(paths: list[Path]) -> list[Path]:
    """Return the files to read under some paths."""
    below = [p for path in paths for p in (sorted(path.rglob("*")) if path.is_dir() else [path])]
    return [p for p in below if p.is_file() and p.suffix in SUFFIXES]


def shown(path: Path) -> Path:
    """Return a path from the root of the repository, where it is inside."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def is_exempt(path: Path, exempt: list[str]) -> bool:
    """Return whether a path or a folder above it is in the list."""
    inside = shown(path)
    return any(inside == Path(entry) or Path(entry) in inside.parents for entry in exempt)


def folder(path: Path) -> str:
    """Return the folder that a count is made for: `docs`, `src/earmark/train`."""
    parts = path.relative_to(ROOT).parts
    return "/".join(parts[:3] if parts[0] == "src" and len(parts) > 3 else parts[:1])


def main(arguments: list[str]) -> int:
    """Print what was found; return 1 where something has to be rewritten."""
    phrases, exempt = read_rules(ROOT / ".ci/words.toml")
    if arguments:
        exempt = []
    named = [Path(argument).resolve() for argument in arguments]
    paths = files(named or [ROOT / name for name in CHECKED if (ROOT / name).exists()])
    later: Counter[str] = Counter()
    exempted: set[str] = set()
    now = 0
    for path in paths:
        for found in search(path, phrases):
            if is_exempt(path, exempt):
                later[folder(path)] += 1
                exempted.add(str(path.relative_to(ROOT)))
                continue
            now += 1
            print(f"{shown(path)}:{found.line}: '{found.text}': write {found.use}")
    for name, count in sorted(later.items()):
        print(f"exempt: {name}: {count} left")
    for entry in exempt:
        if not any(found_in == entry or found_in.startswith(f"{entry}/") for found_in in exempted):
            print(f"exempt: {entry}: nothing left, take it out of .ci/words.toml")
    if now:
        print(f"{now} phrases to rewrite; see .ci/words.toml")
    return 1 if now else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
