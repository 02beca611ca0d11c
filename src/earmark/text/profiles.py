"""Profiles by name: our own default, and the recipes of others, to compare with their numbers.

`default` is version 1; a change of any rule makes it 2, so that old scores cannot be compared
with new ones unawares.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial

from earmark.errors import KnobError, did_you_mean
from earmark.text.ascend import ascend_tokens
from earmark.text.default_profile import default_tokens
from earmark.text.espnet_seame import espnet_seame_tokens
from earmark.text.options import OPTIONS
from earmark.text.wenet_tal import wenet_tal_tokens

Splitter = Callable[[str], list[str]]

PROFILES: dict[str, Splitter] = {
    "default": default_tokens,
    "espnet-seame": espnet_seame_tokens,
    "wenet-tal": wenet_tal_tokens,
    "ascend": ascend_tokens,
}
VERSION = 1


@dataclass(frozen=True)
class Profile:
    """A way to split texts: the name of a recipe, and options in the order they are applied."""

    name: str
    options: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Write the profile as `tokenize` reads it."""
        return "+".join((self.name, *self.options))

    @cached_property
    def splitter(self) -> Splitter:
        """Return the function from a text to its tokens."""
        split = PROFILES[self.name]
        if "hyphen-keep" in self.options:
            split = partial(default_tokens, hyphen="keep")
        steps = [OPTIONS[option] for option in self.options]
        before = [step.on_text for step in steps if step.on_text]
        after = [step.on_tokens for step in steps if step.on_tokens]
        if not before and not after:
            return split

        def run(text: str) -> list[str]:
            for change in before:
                text = change(text)
            tokens = split(text)
            for fold in after:
                tokens = fold(tokens)
            return tokens

        return run


@lru_cache(maxsize=64)
def parse_profile(text: str) -> Profile:
    """Read a profile as it is written: a name, then options behind `+` signs, in any order.

    >>> parse_profile("default+ok-okay+seame-tags").options
    ('seame-tags', 'ok-okay')

    Raises:
        KnobError: an unknown profile or option, or two options that exclude each other.
    """
    name, *options = text.split("+")
    if name not in PROFILES:
        raise KnobError(f"no profile is called '{name}'; {did_you_mean(name, PROFILES)}")
    for option in options:
        if option not in OPTIONS:
            raise KnobError(
                f"profile '{text}': no option is called '{option}'; {did_you_mean(option, OPTIONS)}"
            )
    if "hyphen-keep" in options and (name != "default" or "hyphen-join" in options):
        raise KnobError(
            f"profile '{text}': hyphen-keep goes with the default profile and not with hyphen-join"
        )
    return Profile(name, tuple(option for option in OPTIONS if option in options))


def tokenize(text: str, profile: str = "default") -> list[str]:
    """Split a text into the tokens that are scored: Han characters and words.

    `profile` is a recipe (`default`, `espnet-seame`, `wenet-tal`, `ascend`), with options
    behind it if wanted.

    >>> tokenize("嗯 我的 iPhone15 OK啦！")
    ['嗯', '我', '的', 'iphone15', 'ok', '啦']
    >>> tokenize("嗯 我的 iPhone15 OK啦！", "default+drop-fillers+ok-okay")
    ['我', '的', 'iphone15', 'okay', '啦']

    Raises:
        KnobError: an unknown profile or option.
    """
    return default_tokens(text) if profile == "default" else parse_profile(profile).splitter(text)
