"""Work for the worker: importing files, closing days, and how far it is."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.conf import settings
from django.http import HttpRequest
from ninja import File, Form, Query, Router, Schema, Status, UploadedFile
from pydantic import BaseModel, Field

from springtide.api import answers
from springtide.api.bearer import Token, member_of
from springtide.api.given import Day, opened
from springtide.cycle.asking import ask_for_close, ask_for_import
from springtide.cycle.uploads import keep
from springtide.cycle.worker import KINDS
from springtide.kernel import clock
from springtide.kernel.errors import BadInput, suggest
from springtide.operations.jobs import reads
from springtide.operations.jobs.reads import JobSeen
from springtide.operations.members import states

router = Router(tags=["work"])


class Latest(Schema):
    """Which pieces of work."""

    kind: Literal["import", "close"] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20


@router.get("/jobs", auth=Token(states.SEE_DATA), response=list[answers.Job])
def jobs(request: HttpRequest, asked: Query[Latest]) -> Any:
    """The latest pieces of work, the newest first."""
    return [_told(job) for job in reads.latest((asked.kind,) if asked.kind else KINDS, count=asked.limit)]


@router.get("/jobs/{job}", auth=Token(states.SEE_DATA), response=answers.Job)
def job(request: HttpRequest, job: Annotated[int, Field(ge=1, le=2**63 - 1)]) -> Any:
    """One piece of work: how far it is, or what came of it."""
    return _told(reads.job(job))


class Through(BaseModel, extra="forbid"):
    """Up to which day."""

    through: Day | None = Field(None, description="The last day to close. Default: the last day of facts.")


@router.post("/close", auth=Token(states.IMPORT_DATA), response={202: answers.Asked})
def close(request: HttpRequest, asked: Through) -> Any:
    """Close the days, in the background. Asked twice while it is open, it is one job."""
    return Status(202, {"job": ask_for_close(member_of(request), through=asked.through, now=clock.now())})


@router.post("/imports", auth=Token(states.IMPORT_DATA), response={202: answers.Asked})
def import_(
    request: HttpRequest,
    file: Annotated[UploadedFile, File(description="CSV, CSV.gz, Parquet or Excel; its name may say which table it is.")],
    mapping: Annotated[str, Form(max_length=120, description="The name of a mapping. Default: the one that fits.")] = "",
) -> Any:
    """Import a file, in the background. Rows that are in already change nothing."""
    with opened() as home:
        if mapping and mapping not in home.mappings():
            raise BadInput(f"There is no mapping '{mapping}'.", suggest(mapping, home.mappings()), code="unknown_mapping")
    upload = keep(settings.SPRINGTIDE_HOME, file)
    job = ask_for_import(member_of(request), path=str(upload.path), mapping=mapping or None, now=clock.now())
    return Status(202, {"job": job})


def _told(job: JobSeen) -> dict[str, Any]:
    return {name: getattr(job, name) for name in answers.Job.model_fields}
