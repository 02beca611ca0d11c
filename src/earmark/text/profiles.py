"""Profiles by name: our own default, and the recipes of others, to compare with their numbers.

`default` is version 2; a change of any rule makes it 3, so that old scores cannot be compared
with new ones unawares.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial

from earmark.errors import KnobError, did_you_mean
from earmark.text.mapping import Mapping, Phrases
from earmark.text.normalize.ascend import ascend_tokens
from earmark.text.normalize.default_profile import default_tokens
from earmark.text.normalize.espnet_seame import espnet_seame_tokens
from earmark.text.normalize.options import OPTIONS
from earmark.text.normalize.wenet_tal import wenet_tal_tokens

Splitter = Callable[[str], list[str]]

PROFILES: dict[str, Splitter] = {
    "default": default_tokens,
    "espnet-seame": espnet_seame_tokens,
    "wenet-tal": wenet_tal_tokens,
    "ascend": ascend_tokens,
}


@dataclass(frozen=True)
class Profile:
    """A way to split texts: a recipe, options in the order they are applied, a user's mapping."""

    name: str
    options: tuple[str, ...] = ()
    mapping: Mapping | None = None

    def __str__(self) -> str:
        """Write the profile as signatures do; without a mapping, as `tokenize` reads it."""
        mapping = [] if self.mapping is None else [f"map:{self.mapping}"]
        return "+".join((self.name, *self.options, *mapping))

    @cached_property
    def splitter(self) -> Splitter:
        """Return the function from a text to its tokens.

        Raises:
            KnobError: an entry of the mapping has no token under this profile.
        """
        split = PROFILES[self.name]
        if "hyphen-keep" in self.options:
            split = partial(default_tokens, hyphen="keep")
        steps = [OPTIONS[option] for option in self.options]
        before = [step.on_text for step in steps if step.on_text]
        after = [step.on_tokens for step in steps if step.on_tokens]
        if before or after:
            split = partial(_in_steps, before, split, after)
        return split if self.mapping is None else self._mapped(self.mapping, split)

    def _mapped(self, mapping: Mapping, split: Splitter) -> Splitter:
        """Return a splitter that applies a mapping too: marks first, words last."""
        split_entries = [(old, split(old), split(new)) for old, new in mapping.plain]
        for old, tokens, _ in split_entries:
            if not tokens:
                raise KnobError(
                    f"mapping {mapping.name}: '{old}' has no token under the profile "
                    f"'{'+'.join((self.name, *self.options))}', so nothing can match it; "
                    "remove its line"
                )
        phrases = Phrases((tokens, new) for _, tokens, new in split_entries)
        return partial(_in_steps, [mapping.in_text], split, [phrases.replace])


DEFAULT = Profile("default")


def _in_steps(
    before: Sequence[Callable[[str], str]],
    split: Splitter,
    after: Sequence[Callable[[list[str]], list[str]]],
    text: str,
) -> list[str]:
    """Change a text, split it, change the tokens."""
    for change in before:
        text = change(text)
    tokens = split(text)
    for fold in after:
        tokens = fold(tokens)
    return tokens


@lru_cache(maxsize=64)
def parse_profile(text: str | Profile, mapping: Mapping | None = None) -> Profile:
    """Read a profile as it is written: a name, then options after `+` signs, in any order.

    >>> parse_profile("default+ok-okay+seame-tags").options
    ('seame-tags', 'ok-okay')

    Raises:
        KnobError: an unknown profile or option, or two options that exclude each other.
    """
    if isinstance(text, Profile):
        return text if mapping is None else replace(text, mapping=mapping)
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
    return Profile(name, tuple(option for option in OPTIONS if option in options), mapping)


def tokenize(text: str, profile: str | Profile = "default") -> list[str]:
    """Split a text into the tokens that are scored: Han characters and words.

    `profile` is a recipe (`default`, `espnet-seame`, `wenet-tal`, `ascend`), with options
    after it if wanted.

    >>> tokenize("嗯 我的 iPhone15 OK啦！")
    ['嗯', '我', '的', 'iphone15', 'ok', '啦']
    >>> tokenize("嗯 我的 iPhone15 OK啦！", "default+drop-fillers+ok-okay")
    ['我', '的', 'iphone15', 'okay', '啦']

    Raises:
        KnobError: an unknown profile or option.
    """
    return default_tokens(text) if profile == "default" else parse_profile(profile).splitter(text)
