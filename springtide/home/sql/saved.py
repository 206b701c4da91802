"""The queries that ship: `saved/*.sql`, each with a title and a question in both languages.

-- title: Traders by value
-- 标题: 按价值看交易用户
-- question: Who trades, by how much they are worth to us?
-- 问题: …
-- needs: money            the rights without which it cannot run, if any
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

from springtide.home.sql.tables import Rights
from springtide.kernel.errors import UnknownName, suggest

_HEAD = re.compile(r"^-- (title|标题|question|问题|needs): (.+)$")


@dataclass(frozen=True)
class SavedQuery:
    """A query that ships, with its title and its question in English and Chinese."""

    key: str
    titles: dict[str, str]  # language → title
    questions: dict[str, str]
    needs: Rights
    text: str

    def title(self, language: str) -> str:
        return self.titles.get(language, self.titles["en"])

    def question(self, language: str) -> str:
        return self.questions.get(language, self.questions["en"])


@cache
def saved_queries() -> tuple[SavedQuery, ...]:
    """The queries that ship, by key."""
    folder = resources.files("springtide.home.sql").joinpath("saved")
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    return tuple(_read(file.name.removesuffix(".sql"), file.read_text(encoding="utf-8")) for file in files)


def saved_query(key: str) -> SavedQuery:
    """One of them.

    refuses    unknown_query    none has this key
    """
    by_key = {query.key: query for query in saved_queries()}
    if key not in by_key:
        raise UnknownName(f"No query '{key}' ships.", suggest(key, by_key), code="unknown_query")
    return by_key[key]


def _read(key: str, text: str) -> SavedQuery:
    head: dict[str, str] = {}
    body: list[str] = []
    for line in text.splitlines():
        found = _HEAD.match(line)
        if found and not body:
            head[found[1]] = found[2].strip()
        else:
            body.append(line)
    needs: Rights = frozenset(head.get("needs", "").split())  # type: ignore[arg-type]
    return SavedQuery(
        key,
        {"en": head["title"], "zh-hans": head["标题"]},
        {"en": head["question"], "zh-hans": head["问题"]},
        needs,
        "\n".join(body).strip() + "\n",
    )
