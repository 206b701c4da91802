"""SQL: what does the raw data say? An editor, the tables, saved queries, and an answer as table, picture and file."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, HttpResponse, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from springtide.cycle.statements import answer_of, key_of, opened_to, save_query, start_statement
from springtide.desk import exports, figures, statements
from springtide.desk.access import MemberRequest, needs
from springtide.desk.shell import shell_of
from springtide.desk.strip import short_text
from springtide.desk.words import told_error
from springtide.home import sql
from springtide.home.lists import keep_ids
from springtide.kernel import clock
from springtide.kernel.errors import BadInput, SpringtideError
from springtide.operations.definitions import reads as definitions
from springtide.operations.definitions.actions import publish_definition, retire_definition
from springtide.operations.members import states as rights
from springtide.operations.members.actions import allow_export
from springtide.operations.statements.reads import RunSeen, latest_runs, statement_run

FIRST = "lifecycle_now"  # what stands in the editor before anything was written


@require_GET
@needs(rights.USE_SQL)
def page(request: MemberRequest) -> HttpResponse:
    """The editor, with a run, a saved query or the first example in it."""
    shell, member = shell_of(request), request.member
    opened = opened_to(member)
    run = _run_asked(request)
    saved = definitions.definitions("saved_query", member)
    return render(
        request,
        "sql/sql.html",
        {
            **(_answered(request, run) if run else {}),
            "text": run.text if run else _text(request),
            "tables": statements.tables_open(opened),
            "queries": [
                (query.key, query.title(shell.language), query.question(shell.language), query.needs <= opened)
                for query in sorted(sql.saved_queries(), key=lambda query: not query.needs <= opened)
            ],
            "saved": saved,
            "recent": latest_runs(member),
            "limits": sql.Limits(),
        },
    )


@require_POST
@needs(rights.USE_SQL)
def run(request: MemberRequest) -> HttpResponse:
    """Runs a statement; after a second its place in the page asks again by itself."""
    try:
        number = start_statement(_home(), request.member, request.POST.get("statement", ""))
    except SpringtideError as refused:
        if not request.headers.get("HX-Request"):
            raise
        return render(request, "fragments/error.html", {"error": told_error(refused), "status": 400})
    if not request.headers.get("HX-Request"):
        return redirect(f"{reverse('sql')}?{urlencode({'run': number})}")
    response = render(request, "sql/run.html", _answered(request, statement_run(request.member, number)))
    response.headers["HX-Replace-Url"] = f"{reverse('sql')}?{urlencode({'run': number})}"
    return response


@require_GET
@needs(rights.USE_SQL)
def seen(request: MemberRequest, number: int) -> HttpResponse:
    """How far a run is, or its answer."""
    return render(request, "sql/run.html", _answered(request, statement_run(request.member, number)))


@require_POST
@needs(rights.EXPORT_USERS)
def export(request: MemberRequest, number: int, form: str) -> HttpResponseBase:
    """Every row of an answer as a file; the audit chain says who took it."""
    exports.refuse_unknown(form)
    found = statement_run(request.member, number)
    answer = answer_of(_home(), found, request.member)
    names = [column.name for column in answer.columns]
    details = {"form": form, "columns": names, "left_out": list(found.left_out), "rows": len(answer.rows)}
    users = len(statements.user_ids(answer)) if statements.names_users(answer) else 0
    allow_export(request.member, what=f"statement {number}", users=users, details=details, now=clock.now())
    name = f"springtide-sql-{number}.{form}"
    if form == "csv":
        response = StreamingHttpResponse(sql.csv_lines(answer), content_type="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response
    about = [
        (_("Statement"), found.text),
        (_("Run at"), figures.instant(found.began_at, shell_of(request).zone)),
        (_("Rows"), figures.count(len(answer.rows)) + (_(" and more") if answer.has_more else "")),
        (_("Left out"), ", ".join(found.left_out) or figures.NONE),
    ]
    file = BytesIO()
    sql.write_xlsx(answer, file, about, (_("Rows"), _("About")))
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=name)


@require_POST
@needs(rights.EDIT_SEGMENTS)
def to_segment(request: MemberRequest, number: int) -> HttpResponseRedirect:
    """Keeps the users that an answer names as a list of ids, which segments can name."""
    found = statement_run(request.member, number)
    back = redirect(f"{reverse('sql')}?{urlencode({'run': number})}")
    title = short_text(request.POST, "title")
    try:
        answer = answer_of(_home(), found, request.member)
        _refuse_no_list(answer)
        with shell_of(request).home.reading() as (engine, snapshot):
            kept = keep_ids(engine, snapshot, _home(), statements.user_ids(answer))
        # Nothing is `seen`: a list that has this key already is somebody's, and is not overwritten.
        publish_definition("id_list", key_of(title), title=title, body=kept.body, acting=request.member, now=clock.now())
    except SpringtideError as refused:
        messages.error(request, str(told_error(refused)))
        return back
    said = ngettext("The list “%(title)s” has %(users)s user.", "The list “%(title)s” has %(users)s users.", kept.users)
    messages.success(request, said % {"title": title, "users": figures.count(kept.users)})
    return back


@require_POST
@needs(rights.USE_SQL)
def save(request: MemberRequest) -> HttpResponseRedirect:
    """Keeps a statement under a title, for oneself or for everybody with the console."""
    title, text = short_text(request.POST, "title"), request.POST.get("statement", "").strip()
    try:
        key = save_query(request.member, title, text, is_shared=request.POST.get("is_shared") == "1", now=clock.now())
    except SpringtideError as refused:
        messages.error(request, str(told_error(refused)))
        return redirect("sql")
    messages.success(request, _("The query is saved."))
    return redirect(f"{reverse('sql')}?{urlencode({'query': key})}")


@require_POST
@needs(rights.USE_SQL)
def forget(request: MemberRequest, key: str) -> HttpResponseRedirect:
    """Takes a saved query away; its versions stay in the history."""
    found = definitions.definition("saved_query", key, request.member)
    try:
        retire_definition("saved_query", key, acting=request.member, now=clock.now(), seen=found.content_hash)
        messages.success(request, _("The query is no longer listed."))
    except SpringtideError as refused:
        messages.error(request, str(told_error(refused)))
    return redirect("sql")


def _home() -> Path:
    return Path(settings.SPRINGTIDE_HOME)


def _run_asked(request: MemberRequest) -> RunSeen | None:
    number = short_text(request.GET, "run")
    return statement_run(request.member, int(number)) if number.isascii() and number.isdigit() and len(number) < 18 else None


def _text(request: MemberRequest) -> str:
    """What stands in the editor: the query that the address names."""
    if key := short_text(request.GET, "query"):
        return str(definitions.definition("saved_query", key, request.member).body["sql"])
    return sql.saved_query(short_text(request.GET, "saved") or FIRST).text


def _answered(request: MemberRequest, run: RunSeen) -> dict[str, object]:
    """The context of `sql/run.html`."""
    context: dict[str, object] = {"run": run, "formats": exports.FORMATS, "rows_shown": statements.ROWS_SHOWN}
    if run.state != "done":
        so_far = round((clock.now() - run.began_at).total_seconds())
        return {**context, "limits": sql.Limits(), "running_for": so_far}
    try:
        answer = answer_of(_home(), run, request.member)
    except SpringtideError as gone:
        return {**context, "gone": told_error(gone)}
    told = statements.shown(answer, opens_users=request.member.may(rights.SEE_USER))
    return {**context, "shown": told, "may_keep": told.users and request.member.may(rights.EDIT_SEGMENTS)}


def _refuse_no_list(answer: sql.SqlAnswer) -> None:
    if not statements.names_users(answer):
        raise BadInput("The answer has no column user_id.", "Select user_id, and run it again.", code="no_users")
    if answer.has_more:
        raise BadInput("The answer was cut.", "Narrow the statement until it gives all of its rows.", code="answer_cut")
