"""The addresses below /api/v1/."""

from __future__ import annotations

from django.urls import re_path

from springtide.api.app import api
from springtide.api.errors import in_our_form, nothing_here

app_name = api.urls_namespace
patterns, _app, _namespace = api.urls
for pattern in patterns:
    if pattern.callback:
        pattern.callback = in_our_form(pattern.callback)

urlpatterns = [*patterns, re_path(r"", nothing_here)]
