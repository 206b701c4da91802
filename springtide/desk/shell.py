"""What stands around every page: who is signed in, where they can go, the day, the market, the filters."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import translation
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from springtide.cycle.approving import may_approve_anything
from springtide.desk import reads, words
from springtide.desk.strip import Strip
from springtide.desk.tiles import Regime
from springtide.desk.words import Labels, Word
from springtide.home import Home
from springtide.home.pinned import PinnedHome
from springtide.kernel.errors import NothingYet, SpringtideError
from springtide.operations.members import states
from springtide.operations.members.models import Member

APPROVE_ANYTHING = "approve_*"  # any of the rights that approve


@dataclass(frozen=True)
class Page:
    """A page of the side bar, for those with `right`. `letter`: the key that goes there after g.

    `some`: the page shows only what its member may see, so that the right over some things opens it.
    """

    name: str
    title: Word
    letter: str
    right: str
    group: Word = ""
    some: bool = False

    def is_open_to(self, member: Member) -> bool:
        if self.right == APPROVE_ANYTHING:
            return may_approve_anything(member)
        return member.may_some(self.right) if self.some else member.may(self.right)


PAGES = (
    Page("overview", gettext_lazy("Overview"), "o", states.SEE_OVERVIEW),
    Page("diagnosis", gettext_lazy("Diagnosis"), "l", states.SEE_OVERVIEW, gettext_lazy("Understand")),
    Page("explore", gettext_lazy("Explore"), "x", states.SEE_OVERVIEW, gettext_lazy("Understand")),
    Page("metrics", gettext_lazy("Metrics"), "m", states.SEE_OVERVIEW, gettext_lazy("Understand")),
    Page("changes", gettext_lazy("Changes"), "c", states.SEE_OVERVIEW, gettext_lazy("Understand")),
    Page("dashboards", gettext_lazy("Dashboards"), "b", states.SEE_OVERVIEW, gettext_lazy("Understand")),
    Page("sql", gettext_lazy("SQL"), "f", states.USE_SQL, gettext_lazy("Understand")),
    Page("users", gettext_lazy("Users"), "u", states.SEE_OVERVIEW, gettext_lazy("People")),
    Page("segments", gettext_lazy("Segments"), "s", states.SEE_SEGMENTS, gettext_lazy("People")),
    Page("strategy", gettext_lazy("Strategy"), "y", states.SEE_SEGMENTS, gettext_lazy("People")),
    Page("message_templates", gettext_lazy("Messages"), "n", states.SEE_CAMPAIGNS, gettext_lazy("Act")),
    Page("risk", gettext_lazy("Risk queue"), "k", states.SEE_RISK, gettext_lazy("Act")),
    Page("rewards", gettext_lazy("Rewards"), "z", states.SEE_BUDGETS, gettext_lazy("Act"), some=True),
    Page("data", gettext_lazy("Freshness"), "d", states.SEE_DATA, gettext_lazy("Data")),
    Page("quarantine", gettext_lazy("Quarantine"), "q", states.SEE_ROWS, gettext_lazy("Data")),
    Page("restatements", gettext_lazy("Restatements"), "r", states.SEE_DATA, gettext_lazy("Data")),
    Page("definitions", gettext_lazy("Definitions"), "e", states.SEE_DATA, gettext_lazy("Data")),
    Page("import", gettext_lazy("Import"), "i", states.IMPORT_DATA, gettext_lazy("Data")),
    Page("approvals", gettext_lazy("Approvals"), "a", APPROVE_ANYTHING, gettext_lazy("Admin")),
    Page("members", gettext_lazy("Members"), "w", states.SEE_MEMBERS, gettext_lazy("Admin")),
    Page("audit", gettext_lazy("Audit"), "t", states.SEE_AUDIT, gettext_lazy("Admin"), some=True),
    Page("schedules", gettext_lazy("Schedules"), "h", states.SEE_SCHEDULES, gettext_lazy("Admin")),
    Page("connectors", gettext_lazy("Connectors"), "v", states.SEE_SCHEDULES, gettext_lazy("Admin")),
)


@dataclass(frozen=True)
class Filter:
    """A filter of the strip: its name, what it is set to, and what it can be set to."""

    name: str
    label: str
    value: str
    options: list[tuple[str, str]]


class Shell:
    """The home as one request sees it. Nothing is opened before it is asked for: the sign-in page has no home."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self._open = ExitStack()

    @cached_property
    def home(self) -> Home:
        """The home that this console serves, pinned for this request; its engine is given back by `close`.

        refuses    no_home    there is none at SPRINGTIDE_HOME
        """
        return self._open.enter_context(PinnedHome(settings.SPRINGTIDE_HOME).open())

    def close(self) -> None:
        """Give back what the request opened."""
        self._open.close()

    @cached_property
    def labels(self) -> Labels:
        return Labels(self.home.stratifications())

    @cached_property
    def strip(self) -> Strip:
        try:
            return Strip.read(self.request.GET)
        except SpringtideError:
            return Strip()  # the view says what is wrong; the page around it still stands

    @cached_property
    def zone(self) -> ZoneInfo:
        return self.home.settings.zone

    @cached_property
    def latest(self) -> date | None:
        """The last closed day."""
        try:
            return self.home.lake.snapshot().closed_through
        except NothingYet:
            return None

    @property
    def day(self) -> date | None:
        """The day that the page looks at."""
        return self.strip.day or self.latest

    @cached_property
    def days(self) -> list[date]:
        """The days that can be looked at, newest first."""
        return self.home.kept_days()[::-1] if self.latest else []

    @cached_property
    def regime(self) -> Regime | None:
        try:
            return reads.regime(self.home, self.day) if self.day else None
        except NothingYet:
            return None

    @cached_property
    def filters(self) -> list[Filter]:
        """The filters that have something to choose from."""
        if not self.latest:
            return []
        found = reads.options(self.home, self.strip, self.labels)
        names = {
            "lifecycle": self.labels.stratification("lifecycle"),
            "value": self.labels.stratification("value"),
            "channel": words.column("channel_id"),
            "country": words.column("country"),
            "language": words.column("language"),
        }
        return [
            Filter(name, names[name], self.strip.value(name), _with(options, self.strip.value(name)))
            for name, options in found.items()
        ]

    @cached_property
    def member(self) -> Member | None:
        user = getattr(self.request, "user", None)
        return user if isinstance(user, Member) else None

    @cached_property
    def pages(self) -> list[dict[str, Any]]:
        """The pages this member may open, grouped as in the side bar."""
        here = self.request.resolver_match.view_name if self.request.resolver_match else ""
        here = _SIDE.get(here, here)
        groups: list[dict[str, Any]] = []
        for page in PAGES:
            if self.member is None or not page.is_open_to(self.member):
                continue
            if not groups or groups[-1]["title"] != page.group:
                groups.append({"title": page.group, "pages": []})
            groups[-1]["pages"].append({"page": page, "is_here": page.name == here})
        return groups

    @property
    def role(self) -> str:
        return str(words.ROLES[self.member.role]) if self.member else ""

    @property
    def languages(self) -> list[tuple[str, str]]:
        return list(settings.LANGUAGES)

    @property
    def language(self) -> str:
        return translation.get_language() or "en"

    def may(self, right: str) -> bool:
        return self.member is not None and self.member.may(right)

    @property
    def may_see_users(self) -> bool:
        return self.may(states.SEE_USERS)

    @property
    def may_export(self) -> bool:
        return self.may(states.EXPORT_USERS)

    @property
    def may_edit_segments(self) -> bool:
        return self.may(states.EDIT_SEGMENTS)

    @property
    def may_import(self) -> bool:
        return self.may(states.IMPORT_DATA)

    @property
    def may_see_data(self) -> bool:
        return self.may(states.SEE_DATA)

    @property
    def may_see_rows(self) -> bool:
        return self.may(states.SEE_ROWS)

    @property
    def rights(self) -> list[str]:
        """What the member may do, with some things at least, in words."""
        return [str(words.RIGHTS[right]) for right in words.RIGHTS if self.member and self.member.may_some(right)]

    @property
    def market(self) -> str:
        """The regime as a sentence, for the strip."""
        if self.regime is None or self.regime.key is None:
            return _("Market: not known")
        said = _("Market: %(regime)s") % {"regime": self.regime.name}
        return said + (_(", high volatility") if self.regime.is_high_volatility else "")


# Pages that stand under another one in the side bar.
_SIDE = {
    "edit_strategy": "strategy",
    "risk_case": "risk",
    "risk_user": "risk",
    "risk_gates": "risk",
    "risk_edit": "risk",
    "message_template": "message_templates",
    "new_message_template": "message_templates",
    "edit_strata": "definitions",
    "edit_segment": "segments",
    "segment": "segments",
    "publish_segment": "segments",
    "dashboard": "dashboards",
    "metric": "metrics",
    "metric_tree": "metrics",
    "acquisition": "metrics",
    "user_list": "users",
    "user": "users",
    "reward": "rewards",
    "rewards_compared": "rewards",
    "upload": "import",
    "job": "import",
    "approval": "approvals",
}


def shell_of(request: HttpRequest) -> Shell:
    """The shell of a request, made once."""
    found = getattr(request, "_shell", None)
    if not isinstance(found, Shell):
        found = Shell(request)
        request._shell = found  # type: ignore[attr-defined]
    return found


def one_home_a_request(answer: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: whatever home a request opened is closed with it."""

    def closing(request: HttpRequest) -> HttpResponseBase:
        try:
            return answer(request)
        finally:
            shell_of(request).close()

    return closing


def around_every_page(request: HttpRequest) -> dict[str, Any]:
    """The context processor: `shell` in every template."""
    return {"shell": SimpleLazyObject(lambda: shell_of(request))}


def _with(options: list[tuple[str, str]], value: str) -> list[tuple[str, str]]:
    """The options, with what the address asks for among them even when it is not known."""
    return options if not value or any(key == value for key, _name in options) else [*options, (value, value)]
