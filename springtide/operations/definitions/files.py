"""The files of what is in force, kept in step with the record. Who writes them by hand stays in charge of them."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from springtide.analytics import strata
from springtide.analytics.foresight.gates import shipped_gates
from springtide.analytics.lake import Lake
from springtide.analytics.segments import shipped_strategy
from springtide.home.definitions import (
    Published,
    definition_path,
    published,
    read_published,
    withdraw_published,
    write_published,
)
from springtide.operations.definitions.models import Definition


def home() -> Path:
    """The home whose definitions these are."""
    return Path(settings.SPRINGTIDE_HOME)


def in_force(kind: str) -> dict[str, Published]:
    """What is in force of a kind, by key, as the close reads it: hand-written files too."""
    return published(home(), kind)


def highest_version(kind: str, key: str) -> int:
    """The highest version that was ever recorded, lies there as a file, placed users, or is shipped; 0 where there is none."""
    recorded = Definition.objects.filter(kind=kind, key=key).order_by("-version").values_list("version", flat=True).first()
    file = definition_path(home(), kind, key)
    lying = read_published(file).version if file.is_file() else 0
    shipped = {one.key: one.version for one in strata.load()} if kind == "strata" else {}
    if kind == "strategy":
        shipped = {"strategy": shipped_strategy(strata.load()).version}
    if kind in ("gate", "risk_matrix"):
        shipped = dict.fromkeys((*(gate.key for gate in shipped_gates()), "matrix"), 1)
    return max(recorded or 0, lying, _used(kind, key), shipped.get(key, 0))


def _used(kind: str, key: str) -> int:
    """The highest version of a stratification that a close placed users by, though its file may be gone."""
    closes = Lake(home() / "lake").snapshot().manifest.notes.get("definitions", {}).values()
    stamps = [str(told[f"{kind}.{key}"]) for told in closes if f"{kind}.{key}" in told]
    return max((int(stamp.split(".")[0]) for stamp in stamps), default=0)


def put_in_force(definition: Definition) -> None:
    """Write the file of a published version. Written again, it is the same."""
    by = definition.decided_by or definition.edited_by
    stamp = f"{definition.content_hash} · {by or 'the command line'} · {definition.decided_at:%Y-%m-%d %H:%M} UTC"
    told = Published(definition.key, definition.version, definition.title, definition.body)
    write_published(home(), definition.kind, told, stamp=stamp)


def take_out_of_force(kind: str, key: str) -> None:
    """Remove the file of a retired definition, unless somebody has published it anew meanwhile."""
    if not Definition.objects.filter(kind=kind, key=key, state="published").exists():
        withdraw_published(home(), kind, key)


def restore() -> list[Path]:
    """Write the files that a crash between the record and the file left out or behind. Asked before every close.

    A file of the recorded version, or of a higher one, stays as it is: it may have been edited by hand.
    """
    written = []
    for definition in Definition.objects.filter(state="published").select_related("decided_by", "edited_by"):
        file = definition_path(home(), definition.kind, definition.key)
        if not file.is_file() or read_published(file).version < definition.version:
            put_in_force(definition)
            written.append(file)
    return written
