"""What leaves the house: how each connector is, what the templates say, and the page on which a user unsubscribes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from springtide.desk.access import MemberRequest, needs
from springtide.desk.strip import short_text
from springtide.desk.words import Word, told_error
from springtide.kernel import clock
from springtide.kernel.errors import SpringtideError
from springtide.operations.definitions import reads as definitions
from springtide.operations.definitions.actions import publish_definition
from springtide.operations.delivery import reads, templates
from springtide.operations.delivery.actions import settle_unknown, switch_connector, withdraw_consent
from springtide.operations.delivery.sandbox import variables_of
from springtide.operations.delivery.settings import Delivery, read_delivery
from springtide.operations.delivery.unsubscribing import who_unsubscribes
from springtide.operations.members import states

LAST_DAY: Final = timedelta(hours=24)
HEALTHS: Final[dict[str, Word]] = {
    "well": gettext_lazy("sends"),
    "idle": gettext_lazy("nothing sent in a day"),
    "waiting": gettext_lazy("waits after a failure"),
    "failing": gettext_lazy("fails again and again"),
    "off": gettext_lazy("switched off"),
}
CHANNELS: Final[dict[str, Word]] = {
    "email": gettext_lazy("E-mail"),
    "push": gettext_lazy("Push"),
    "sms": gettext_lazy("Text message"),
    "chat": gettext_lazy("Chat"),
    "inbox": gettext_lazy("Inbox in the app"),
}
MISSING: Final[dict[str, Word]] = {
    "refuse": gettext_lazy("send nothing to this user"),
    "default": gettext_lazy("put this in its place"),
    "leave_out": gettext_lazy("put nothing in its place"),
}


@require_GET
@needs(states.SEE_SCHEDULES)
def connectors(request: MemberRequest) -> HttpResponse:
    """Every connector, and messages of which nobody knows whether they went out."""
    now = clock.now()
    shown: dict[str, Any] = {"may_change": request.member.may(states.EDIT_DELIVERY), "doubted": reads.in_doubt()}
    try:
        made = _delivery().connectors
        found = reads.health(made, since=now - LAST_DAY, now=now)
        shown["connectors"] = [(each, HEALTHS[each.health], CHANNELS[each.channel]) for each in found]
        shown["unserved"] = [(CHANNELS[channel], waiting) for channel, waiting in reads.unserved(made).items()]
    except SpringtideError as bad:
        shown["error"] = told_error(bad)
    return render(request, "delivery/connectors.html", shown)


@require_POST
@needs(states.EDIT_DELIVERY)
def switch(request: MemberRequest) -> HttpResponseRedirect:
    """Lets a connector send, or stops it."""
    name, is_on = short_text(request.POST, "name"), short_text(request.POST, "turn") == "on"
    try:
        _delivery().connector(name)
        switch_connector(name, is_on=is_on, acting=request.member, now=clock.now())
        messages.success(request, _("It sends again.") if is_on else _("It is switched off; its messages wait."))
    except SpringtideError as refused:
        messages.error(request, str(told_error(refused)))
    return redirect("connectors")


@require_POST
@needs(states.EDIT_DELIVERY)
def settle(request: MemberRequest) -> HttpResponseRedirect:
    """Says of a message in doubt that it went out, or sends it again."""
    was_sent = short_text(request.POST, "was") == "sent"
    try:
        settle_unknown(short_text(request.POST, "key"), was_sent=was_sent, acting=request.member, now=clock.now())
        messages.success(request, _("It counts as sent.") if was_sent else _("It is sent again."))
    except SpringtideError as refused:
        messages.error(request, str(told_error(refused)))
    return redirect("connectors")


@require_GET
@needs(states.SEE_CAMPAIGNS)
def template_list(request: MemberRequest) -> HttpResponse:
    """Every template in force."""
    seen = definitions.definitions(templates.KIND, request.member)
    shown = {
        "templates": [(each, list(each.body["texts"])) for each in seen],
        "may_edit": request.member.may(states.EDIT_CAMPAIGNS),
        "example": "Welcome, {{ name }}",
    }
    return render(request, "delivery/templates.html", shown)


@require_GET
@needs(states.SEE_CAMPAIGNS)
def template(request: MemberRequest, key: str = "") -> HttpResponse:
    """One template with its texts, its variables, a preview in every language, and its versions; without a key a new one."""
    seen = definitions.definition(templates.KIND, key, request.member) if key else None
    body = seen.body if seen else {}
    shown = {
        "seen": seen,
        "history": definitions.history(templates.KIND, key, request.member) if key else (),
        "may_edit": request.member.may(states.EDIT_CAMPAIGNS),
        **_form(body),
        **_previewed(body),
    }
    return render(request, "delivery/template.html", shown)


@require_POST
@needs(states.SEE_CAMPAIGNS)
def preview(request: MemberRequest) -> HttpResponse:
    """What users would read, and the variables that the texts ask for, while they are typed."""
    body = _body(request.POST)
    return render(request, "delivery/preview.html", {**_form(body), **_previewed(body)})


@require_POST
@needs(states.EDIT_CAMPAIGNS)
def publish(request: MemberRequest) -> HttpResponse:
    """Puts a template in force; messages that wait keep the version they were made with."""
    sent, body = request.POST, _body(request.POST)
    key, title, seen_hash = short_text(sent, "key"), short_text(sent, "title"), short_text(sent, "seen")
    try:
        publish_definition(templates.KIND, key, title=title, body=body, acting=request.member, now=clock.now(), seen=seen_hash)
    except SpringtideError as refused:
        standing = definitions.in_force(templates.KIND, key, request.member) if seen_hash else None
        shown = {"seen": standing, "key": key, "title": title, "may_edit": True, **_form(body), **_previewed(body)}
        return render(request, "delivery/template.html", {**shown, "error": told_error(refused)}, status=422)
    messages.success(request, _("The template is in force."))
    return redirect("message_template", key=key)


@csrf_exempt  # mail programs post here by themselves (RFC 8058); the token in the address is what lets it happen
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Ends marketing on a channel for the user of a link. Opening it changes nothing: programs open links too."""
    try:
        user_id, channel = who_unsubscribes(token)
    except SpringtideError as bad:
        return render(request, "delivery/unsubscribe.html", {"error": told_error(bad)}, status=404)
    if request.method == "POST":
        withdraw_consent(user_id, channel, source="link", now=clock.now())
    shown = {"channel": CHANNELS[channel], "is_done": request.method == "POST"}
    return render(request, "delivery/unsubscribe.html", shown)


def _delivery() -> Delivery:
    return read_delivery(Path(settings.SPRINGTIDE_HOME))


def _body(sent: Mapping[str, str]) -> dict[str, Any]:
    """The body of a template as its form was sent: texts of languages that say something, and the variables they ask for."""
    texts: dict[str, dict[str, str]] = {}
    for language in short_text(sent, "languages").split() or list(_LANGUAGES):
        parts = {part: text for part in templates.PARTS if (text := _source(sent, f"{part}:{language}"))}
        if parts:
            texts[language] = parts
    variables = {}
    for name in _asked(texts):
        missing = sent.get(f"missing:{name}", "refuse")
        told = {"missing": missing} if missing in MISSING else {"missing": "refuse"}
        variables[name] = {
            **told,
            **({"default": short_text(sent, f"default:{name}")} if missing == "default" else {}),
            **({"example": example} if (example := short_text(sent, f"example:{name}")) else {}),
        }
    fallback = short_text(sent, "fallback")
    return {"texts": texts, "fallback": fallback if fallback in texts else next(iter(texts), ""), "variables": variables}


def _source(sent: Mapping[str, str], name: str) -> str:
    return sent.get(name, "").replace("\r\n", "\n").strip()


def _asked(texts: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Every variable that a text asks for; a text that cannot be read asks for none until it can."""
    names: set[str] = set()
    for parts in texts.values():
        for source in parts.values():
            try:
                names |= set(variables_of(source))
            except SpringtideError:
                continue
    return sorted(names - set(templates.GIVEN))


_LANGUAGES: Final = dict(settings.LANGUAGES)


def _form(body: Mapping[str, Any]) -> dict[str, Any]:
    texts = body.get("texts", {})
    languages = list(dict.fromkeys((*_LANGUAGES, *texts)))
    return {
        "languages": " ".join(languages),
        "texts": [(language, _LANGUAGES.get(language, language), texts.get(language, {})) for language in languages],
        "fallback": body.get("fallback", "en"),
        "variables": [(name, told) for name, told in body.get("variables", {}).items()],
        "missing": MISSING,
    }


def _previewed(body: Mapping[str, Any]) -> dict[str, Any]:
    """A preview in every language, or why there is none. A variable without an example shows its name."""
    if not body.get("texts"):
        return {}
    named = {name: told.get("example") or told.get("default") or f"[{name}]" for name, told in body["variables"].items()}
    try:
        made = templates.of_body("preview", body)
        shown = [(_LANGUAGES.get(language, language), templates.preview(made, language, named)) for language in made.texts]
    except SpringtideError as bad:
        return {"bad": told_error(bad)}
    return {"previews": shown}
