"""SQL: a statement over the console's tables, run apart under the member's rights and recorded; and the queries that are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from django.conf import settings
from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import BaseModel, Field

from springtide.api import answers
from springtide.api.bearer import Token, member_of
from springtide.api.given import Offset
from springtide.cycle.statements import answer_of, opened_to, save_query, start_statement
from springtide.home import sql
from springtide.kernel import clock
from springtide.kernel.errors import BadInput, Fault, SpringtideError
from springtide.operations.definitions import reads as definitions
from springtide.operations.definitions.actions import retire_definition
from springtide.operations.definitions.reads import DefinitionSeen
from springtide.operations.members import states
from springtide.operations.members.models import Member
from springtide.operations.statements.reads import RunSeen, latest_runs, statement_run

router = Router(tags=["SQL"])
CONSOLE = Token(states.USE_SQL)
Statement = Annotated[str, Field(min_length=1, max_length=20_000, description="One query over the tables of /sql/tables.")]
QueryKey = Annotated[str, Field(max_length=64, pattern=r"^[a-z0-9][a-z0-9_.-]*$", examples=["lifecycle_now"])]
Number = Annotated[int, Field(ge=1, le=2**63 - 1)]


@router.get("/sql/tables", auth=CONSOLE, response=list[answers.SqlTable])
def sql_tables(request: HttpRequest) -> Any:
    """The tables that a statement can read, with the columns that the member sees."""
    opened = opened_to(member_of(request))
    return [
        {
            "name": table.name,
            "about": table.about,
            "columns": [{"name": each.name, "type": each.type, "about": each.about} for each in table.open_to(opened)],
            "left_out": [each.name for each in table.closed_to(opened)],
        }
        for table in sql.shown_tables().values()
    ]


class Written(BaseModel, extra="forbid"):
    """What to run: a statement, or the key of a kept query."""

    statement: Statement | None = None
    query: QueryKey | None = Field(None, description="One of /sql/queries, instead of a statement.")
    wait: Annotated[float, Field(ge=0, le=30)] = Field(10, description="Seconds to wait for the answer, at most.")
    limit: Annotated[int, Field(ge=1, le=10_000)] = Field(1_000, description="Rows to answer with, at most.")


@router.post("/sql", auth=CONSOLE, response=answers.SqlRun)
def run_sql(request: HttpRequest, written: Written) -> Any:
    """Run a statement, within the limits of the console; its rows, or, while it runs, its number to ask again with."""
    member = member_of(request)
    text = _text(member, written)
    run = statement_run(member, start_statement(_home(), member, text, wait=written.wait))
    if run.error:
        raise _error_of(run)
    return _told(run, member, limit=written.limit, offset=0)


@router.get("/sql/runs", auth=CONSOLE, response=list[answers.SqlRun])
def sql_runs(request: HttpRequest) -> Any:
    """The member's last statements without their rows, the newest first."""
    return [_without_rows(run) for run in latest_runs(member_of(request))]


class Page(Schema):
    """Which of the rows."""

    limit: Annotated[int, Field(ge=1, le=10_000, description="How many rows at most.")] = 1_000
    offset: Offset = 0


@router.get("/sql/runs/{number}", auth=CONSOLE, response=answers.SqlRun)
def sql_run(request: HttpRequest, number: Number, page: Query[Page]) -> Any:
    """How far one of the member's statements is, or a page of its rows; they are kept for a day."""
    member = member_of(request)
    return _told(statement_run(member, number), member, limit=page.limit, offset=page.offset)


@router.get("/sql/queries", auth=CONSOLE, response=list[answers.SavedQuery])
def saved_queries(request: HttpRequest) -> Any:
    """The queries that are kept: the member's own, those that others share, and those that ship."""
    member = member_of(request)
    own = [_kept(seen) for seen in definitions.definitions("saved_query", member)]
    return own + [_ships(query) for query in sql.saved_queries()]


class Kept(BaseModel, extra="forbid"):
    """A statement to keep."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    statement: Statement
    is_shared: bool = Field(False, description="For everybody with the console, not for oneself alone.")


@router.post("/sql/queries", auth=CONSOLE, response=answers.SavedQuery)
def keep_query(request: HttpRequest, kept: Kept) -> Any:
    """Keep a statement under a title; the same title again is its next version."""
    member = member_of(request)
    key = save_query(member, kept.title, kept.statement, is_shared=kept.is_shared, now=clock.now())
    return _kept(definitions.definition("saved_query", key, member))


@router.delete("/sql/queries/{key}", auth=CONSOLE, response=answers.SavedQuery)
def forget_query(request: HttpRequest, key: QueryKey) -> Any:
    """Take one of the member's own queries from the list; its versions stay in the history."""
    member = member_of(request)
    seen = definitions.definition("saved_query", key, member)
    retire_definition("saved_query", key, acting=member, now=clock.now(), seen=seen.content_hash)
    return _kept(seen)


def _home() -> Path:
    return Path(settings.SPRINGTIDE_HOME)


def _text(member: Member, written: Written) -> str:
    """refuses    bad_request    not one of the two; unknown_definition    no such query"""
    if written.statement is not None and written.query is None:
        return written.statement
    if written.query is None or written.statement is not None:
        raise BadInput("It says not what to run.", "Give either a statement or a query.", code="bad_request")
    ships = next((query.text for query in sql.saved_queries() if query.key == written.query), None)
    return ships or str(definitions.definition("saved_query", written.query, member).body["sql"])


def _told(run: RunSeen, member: Member, *, limit: int, offset: int) -> dict[str, Any]:
    told = _without_rows(run)
    if run.state != "done":
        return told
    answer = answer_of(_home(), run, member)
    rows, end = answer.rows[offset : offset + limit], offset + limit
    page = sql.SqlAnswer(answer.columns, rows, answer.has_more).as_dict()
    return {**told, **page, "next_offset": end if end < len(answer.rows) else None}


def _without_rows(run: RunSeen) -> dict[str, Any]:
    return {
        "number": run.number,
        "state": run.state,
        "statement": run.text,
        "began_at": run.began_at,
        "seconds": run.seconds,
        "total": run.rows,
        "has_more": run.has_more,
        "left_out": list(run.left_out),
        "error": dict(run.error),
    }


def _error_of(run: RunSeen) -> SpringtideError:
    """Why a statement could not run, as it was met."""
    kind = Fault if run.error["code"] in ("fault", "engine_failed") else BadInput
    return kind(run.error["message"], run.error["hint"], code=run.error["code"])


def _kept(seen: DefinitionSeen) -> dict[str, Any]:
    return {
        "key": seen.key,
        "title": seen.title,
        "statement": str(seen.body["sql"]),
        "ships": False,
        "is_own": seen.is_own,
        "is_shared": bool(seen.body.get("is_shared")),
    }


def _ships(query: sql.SavedQuery) -> dict[str, Any]:
    told = {"key": query.key, "title": query.title("en"), "statement": query.text}
    return {**told, "ships": True, "is_own": False, "is_shared": True}
