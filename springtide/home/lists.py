"""Lists of ids that people bring: a pasted or uploaded one becomes a file of the home, named by what it holds.

An id that no user has is given back. A list's definition (kind `id_list`) names the file, so the database never holds the ids.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from springtide.analytics.engine import Engine
from springtide.analytics.facts import fact_schema
from springtide.analytics.lake import Snapshot
from springtide.analytics.segments.beside import LIST, TAGS, Lists
from springtide.home.definitions import published
from springtide.kernel.errors import BadInput, suggest

PURPOSES: Final = ("list", "suppression")
MOST_IDS: Final = 1_000_000
_BETWEEN = re.compile(r"[\s,;]+")


@dataclass(frozen=True)
class Kept:
    """Ids that were brought: how many users they are, and those that no user has. `body`: what its definition says."""

    users: int
    unmatched: tuple[str, ...]
    body: dict[str, Any]


def ids_in(text: str) -> list[str]:
    """The ids in a pasted text or a file of one column: parted by spaces, lines, commas or semicolons, each once, in order."""
    return list(dict.fromkeys(one for one in _BETWEEN.split(text.lstrip("\ufeff")) if one))


def keep_ids(engine: Engine, snapshot: Snapshot, home: Path, ids: Iterable[str], *, purpose: str = "list") -> Kept:
    """Keep the ids that users have in a file of the home. Kept twice, it is one file.

    refuses    unknown_purpose    not list or suppression; tags are put on users by the team
               no_ids             none was given, or no user has any of them
               too_many_ids       more than a million
    """
    if purpose not in PURPOSES:
        raise BadInput(f"Lists are not kept as '{purpose}'.", suggest(purpose, PURPOSES), code="unknown_purpose")
    brought = tuple(dict.fromkeys(map(str, ids)))
    if len(brought) > MOST_IDS:
        raise BadInput(f"These are {len(brought):,} ids.", f"A list holds {MOST_IDS:,}.", code="too_many_ids")
    engine.table("brought", LIST, [(one,) for one in brought])
    snapshot.attach(engine, "users", fact_schema("users"))
    found = engine.rows(
        "select b.user_id from brought as b inner join users as u on b.user_id = u.user_id group by b.user_id order by 1"
    )
    known = [str(row[0]) for row in found.values]
    if not known:
        raise BadInput("No user has any of these ids.", "Ids are compared letter by letter.", code="no_ids")
    name = sha256("\n".join(known).encode()).hexdigest()[:32]
    path = home / "lists" / f"{name}.parquet"
    if not path.is_file():
        path.parent.mkdir(exist_ok=True)
        half = path.with_name(f".{name}.{os.getpid()}")
        engine.write(
            "select b.user_id from brought as b inner join users as u on b.user_id = u.user_id group by b.user_id order by 1",
            half,
        )
        half.replace(path)
    has = set(known)
    unmatched = tuple(one for one in brought if one not in has)
    return Kept(len(known), unmatched, {"purpose": purpose, "ids": len(known), "file": name})


def keep_tags(engine: Engine, home: Path, carried: Iterable[tuple[str, str]]) -> Path:
    """Keep who carries which tag (tag, user id), as the team's database knows it, for the close. The last one counts."""
    path = home / "lists" / "tags.parquet"
    path.parent.mkdir(exist_ok=True)
    engine.table("carried", TAGS, sorted(set(carried)))
    half = path.with_name(f".tags.{os.getpid()}")
    engine.write("select tag, user_id from carried order by tag nulls last, user_id nulls last", half)
    half.replace(path)
    return path


def lists_of(home: Path) -> Lists:
    """Every list that is in force and whose ids are there, with their file, and where the tags lie."""
    files = {}
    for key, definition in published(home, "id_list").items():
        with suppress(BadInput):  # a segment of it is not available, and says so
            named, path = check_list(home, key, definition.body)
            files[named] = path
    tags = home / "lists" / "tags.parquet"
    return Lists(files, tags if tags.is_file() else None)


def check_list(home: Path, key: str, body: Mapping[str, Any]) -> tuple[tuple[str, str], Path]:
    """What a list is for and its key, and the file of its ids.

    refuses    bad_definition    its body names no file of ids that is there
    """
    purpose, name = body.get("purpose"), str(body.get("file"))
    path = home / "lists" / f"{name}.parquet"
    if purpose not in PURPOSES or not re.fullmatch(r"[0-9a-f]{32}", name) or not path.is_file():
        raise BadInput(
            f"The list '{key}' names no ids that are there.", "Bring its ids again, or retire it.", code="bad_definition"
        )
    return (str(purpose), key), path


def tags_of(home: Path, engine: Engine) -> tuple[str, ...]:
    """The tags that users carried when they were last kept."""
    tags = home / "lists" / "tags.parquet"
    if not tags.is_file():
        return ()
    engine.view("tags", [tags], TAGS)
    return tuple(str(row[0]) for row in engine.rows("select tag from tags group by tag order by tag").values)
