"""The Django app of the console."""

from __future__ import annotations

from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "springtide.desk"
    label = "desk"
