"""Where a request comes from, for counting guesses."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str:
    """The address a request comes from. A proxy's word is believed only where SPRINGTIDE_URL says that one stands in front."""
    if settings.IS_BEHIND_PROXY:
        return str(request.headers.get("X-Forwarded-For", "")).split(",")[-1].strip() or "proxy"
    return str(request.META.get("REMOTE_ADDR", ""))
