"""What definitions say to people, in the languages of the console."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """A text in the languages of the console."""

    en: str
    zh: str

    def within(self, language: str) -> str:
        """The text in a language such as `en` or `zh-hans`; English where we have no other."""
        return self.zh if language.lower().startswith("zh") else self.en
