"""A member's statements: the columns their rights open, the child that runs one, its record, the answer kept for a day, what is saved."""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Final

from django.db import connection
from django.utils.text import slugify

from springtide.home import Home, sql
from springtide.home.sql import Right, Rights, SqlAnswer
from springtide.kernel import clock
from springtide.kernel.errors import Fault, NothingYet, Refused, SpringtideError
from springtide.kernel.ids import content_hash
from springtide.operations.definitions.actions import publish_definition
from springtide.operations.definitions.reads import hash_in_force
from springtide.operations.members import states as rights
from springtide.operations.members.models import Member
from springtide.operations.statements import states
from springtide.operations.statements.actions import begin_statement, finish_statement, refuse_statement
from springtide.operations.statements.reads import RunSeen

OPENS: Final[dict[str, Right]] = {rights.SEE_MONEY: "money", rights.SEE_PERSONAL: "personal", rights.SEE_RISK: "risk"}


def opened_to(member: Member) -> Rights:
    """Which columns a member sees in the console."""
    return frozenset(opens for right, opens in OPENS.items() if member.may(right))


def start_statement(path: Path, member: Member, text: str, *, wait: float = 1.0) -> int:
    """Begin to run a statement over the home at `path`, and wait for it a little; the number of the run.

    writes     what `begin_statement` and the end of the run write; the answer's file
    refuses    not_allowed, too_many_running
    """
    opened = opened_to(member)
    number = begin_statement(member, text, opened=opened, now=clock.now())
    forget_answers(path)
    thread = Thread(target=_run, args=(path, number, text, opened), name=f"statement {number}", daemon=True)
    thread.start()
    thread.join(wait)
    return number


def answer_of(path: Path, run: RunSeen, member: Member) -> SqlAnswer:
    """The rows of a run that is done.

    refuses    answer_gone    its rows are no longer kept
               not_allowed    the member has lost a right that it ran with
    """
    if not (member.may(rights.USE_SQL) and set(run.rights) <= opened_to(member)):
        raise Refused("It ran with a right that you no longer have.", "Run it again.", code="not_allowed")
    file = _answer_file(path, run.number)
    try:
        with file.open("rb") as lines:
            return sql.read_answer(lines)
    except FileNotFoundError as gone:
        raise NothingYet("The rows of this statement are no longer kept.", "Run it again.", code="answer_gone") from gone


def save_query(member: Member, title: str, text: str, *, is_shared: bool, now: datetime) -> str:
    """Keep a statement under a title, for oneself or for everybody with the console; its key. The same title again is its next version.

    writes     a published `saved_query`; one audit row
    refuses    not_allowed, bad_title, and what makes a statement unreadable
    """
    sql.check(text)
    key = f"{member.username[:20]}.{key_of(title)}"[:64]  # two members may give one title
    body = {"sql": text, "is_shared": is_shared}
    seen = hash_in_force("saved_query", key, member)
    publish_definition("saved_query", key, title=title, body=body, acting=member, now=now, seen=seen)
    return key


def key_of(title: str) -> str:
    """What a title is called in addresses and files; one without Latin letters by its hash."""
    return slugify(title).replace("-", "_")[:40] or f"list_{content_hash(title)}"


def forget_answers(path: Path) -> None:
    """Delete the answers that were kept long enough."""
    oldest = time.time() - states.ANSWERS_KEPT_FOR / timedelta(seconds=1)
    for file in (path / sql.FOLDER / "answers").glob("*"):
        if file.stat().st_mtime < oldest:
            file.unlink(missing_ok=True)


def _run(path: Path, number: int, text: str, opened: Rights) -> None:
    """In a thread of its own, so that whoever asked can be shown that it goes on."""
    file = _answer_file(path, number)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as out:
            left_out = sql.run(Home(path), text, out, rights=opened)
            out.seek(0)
            told = sql.read_answer(out)
        finish_statement(number, rows=len(told.rows), has_more=told.has_more, left_out=left_out, now=clock.now())
    except Exception as error:
        file.unlink(missing_ok=True)
        told_error = error if isinstance(error, SpringtideError) else Fault(f"{type(error).__name__}: {error}", "Run it again.")
        refuse_statement(number, told_error.as_dict(), now=clock.now())
        if not isinstance(error, SpringtideError):
            raise
    finally:
        connection.close()


def _answer_file(path: Path, number: int) -> Path:
    return path / sql.FOLDER / "answers" / f"{number}.jsonl"
