"""What a corpus is made of: rows, hours, speakers, languages."""

from collections import Counter
from dataclasses import dataclass, field

from earmark.cli.checks.findings import some
from earmark.speech.audio import SAMPLE_RATE_HZ, AudioFacts
from earmark.text.language import language_of


@dataclass
class Profile:
    """Counts gathered row by row; `facts` and `warnings` say them in words."""

    rows: int = 0
    without_text: int = 0
    without_audio: int = 0
    seconds: float = 0.0
    longest_s: float = 0.0
    speakers: set[str] = field(default_factory=set)
    tokens: Counter[str] = field(default_factory=Counter)
    utterances: Counter[str] = field(default_factory=Counter)
    rates: Counter[int] = field(default_factory=Counter)
    many_channels: int = 0

    def add_tokens(self, tokens: list[str]) -> str:
        """Count the tokens of one transcript; return what language it is in, or `mixed`."""
        languages = Counter(language_of(token) for token in tokens)
        self.tokens.update(languages)
        spoken = {language for language in languages if language != "other"}
        name = "mixed" if len(spoken) > 1 else next(iter(spoken), "other")
        self.utterances[name] += 1
        return name

    def add_audio(self, facts: AudioFacts) -> None:
        """Count one clip."""
        self.seconds += facts.duration_s
        self.longest_s = max(self.longest_s, facts.duration_s)
        self.rates[facts.sample_rate_hz] += 1
        self.many_channels += facts.channels > 1

    def facts(self) -> list[str]:
        """Say the counts in words, one line each."""
        lines = [some(self.rows, "utterance")]
        if self.speakers:
            lines[0] += f", {some(len(self.speakers), 'speaker')}"
        if self.rates:
            minutes = self.seconds / 60
            length = f"{minutes / 60:.2f} h" if minutes > 120 else f"{minutes:.1f} minutes"
            lines.append(f"{length} of audio, longest clip {self.longest_s:.2f} s")
        if self.utterances:
            lines.append("utterances by language: " + _shares(self.utterances))
            lines.append("tokens by language: " + _shares(self.tokens))
        return lines

    def warnings(self) -> list[str]:
        """Say what a later command will do to these rows, or cannot do with them."""
        lines = []
        others = {rate: n for rate, n in self.rates.items() if rate != SAMPLE_RATE_HZ}
        if others:
            found = ", ".join(f"{some(n, 'clip')} at {hz} Hz" for hz, n in sorted(others.items()))
            lines.append(f"{found}, to be resampled to {SAMPLE_RATE_HZ} Hz")
        if self.many_channels:
            lines.append(f"{some(self.many_channels, 'clip')} of several channels, to be averaged")
        if self.without_text:
            lines.append(f"{some(self.without_text, 'row')} without text, which cannot be scored")
        if self.without_audio:
            lines.append(f"{some(self.without_audio, 'row')} without audio, which cannot be heard")
        return lines


def _shares(counts: Counter[str]) -> str:
    total = counts.total()
    return ", ".join(f"{name} {n} ({n / total:.0%})" for name, n in counts.most_common())
