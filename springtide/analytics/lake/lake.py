"""Reading and publishing: snapshots pin a manifest, a publication replaces it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from springtide.analytics.engine import Engine, Schema
from springtide.analytics.lake.manifest import LakeFile, Manifest
from springtide.kernel.errors import LakeDamaged, NothingYet

KEPT_FOR_READERS = timedelta(hours=24)


class Lake:
    """A folder of Parquet files with a manifest."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.manifest_path = root / "manifest.json"

    def snapshot(self) -> Snapshot:
        """The lake as it stands now. Later publications do not change it."""
        return Snapshot(self.root, Manifest.read(self.manifest_path))

    @contextmanager
    def writing(self) -> Iterator[Publication]:
        """The one writer's turn. Others wait; readers do not. What is not committed leaves no trace but orphans."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "writer.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield Publication(self, Manifest.read(self.manifest_path))

    def sweep(self, *, now: datetime) -> int:
        """Delete orphans at once and superseded files after a day; returns how many files went."""
        with self.writing() as publication:
            manifest = publication.manifest
            expired = {
                path for path, since in manifest.superseded.items() if datetime.fromisoformat(since) <= now - KEPT_FOR_READERS
            }
            if expired:
                kept = {path: since for path, since in manifest.superseded.items() if path not in expired}
                publication.manifest = replace(manifest, superseded=kept)
                publication.commit(now=now)
            wanted = {file.path for files in publication.manifest.tables.values() for file in files} | set(
                publication.manifest.superseded
            )
            gone = [path for path in self.root.glob("*/*.parquet") if str(path.relative_to(self.root)) not in wanted]
            for path in gone:
                path.unlink(missing_ok=True)
        return len(gone)


@dataclass(frozen=True)
class Snapshot:
    """One version of the lake, pinned."""

    root: Path
    manifest: Manifest

    def entries(
        self, table: str, *, since: date | None = None, until: date | None = None, part: int | None = None
    ) -> tuple[LakeFile, ...]:
        """The files of `table` that can hold rows of the days from `since` to `until` (both included) and of user part `part`."""
        files = self.manifest.tables.get(table, ())
        return tuple(f for f in files if f.touches(since, until) and (part is None or f.part is None or f.part == part))

    def files(self, table: str, *, since: date | None = None, until: date | None = None, part: int | None = None) -> list[Path]:
        return [self.root / file.path for file in self.entries(table, since=since, until=until, part=part)]

    def attach(
        self,
        engine: Engine,
        table: str,
        schema: Schema,
        *,
        name: str | None = None,
        since: date | None = None,
        until: date | None = None,
        part: int | None = None,
    ) -> None:
        """Let `engine` read `table` under `name` (its own name by default). The query filters by day itself: files may hold more."""
        engine.view(name or table, self.files(table, since=since, until=until, part=part), schema)

    def has(self, table: str) -> bool:
        return bool(self.manifest.tables.get(table))

    def rows(self, table: str) -> int:
        return self.manifest.rows(table)

    def days(self, table: str) -> list[date]:
        """The days (or as-of days) on which a file of `table` begins, in order."""
        return sorted({file.first for file in self.manifest.tables.get(table, ()) if file.first})

    def last_day(self, table: str) -> date | None:
        return max((file.last for file in self.manifest.tables.get(table, ()) if file.last), default=None)

    def first_day(self, table: str) -> date | None:
        return min((file.first for file in self.manifest.tables.get(table, ()) if file.first), default=None)

    @property
    def closed_through(self) -> date | None:
        """The last closed day."""
        return max((date.fromisoformat(day) for day in self.manifest.closed), default=None)

    def require_closed(self) -> date:
        """The last closed day.

        refuses    nothing_closed    no day was closed yet
        """
        day = self.closed_through
        if day is None:
            raise NothingYet("No day is closed yet.", "Import facts, then run: springtide close", code="nothing_closed")
        return day

    def parts(self, table: str) -> list[int]:
        return sorted({file.part for file in self.manifest.tables.get(table, ()) if file.part is not None})

    def check(self) -> int:
        """Every published file is there with the bytes that were published; returns the number of files.

        refuses    lake_damaged    a file is missing or altered
        """
        entries = [file for files in self.manifest.tables.values() for file in files]
        for file in entries:
            path = self.root / file.path
            if not path.is_file() or _sha256(path) != file.sha256:
                raise LakeDamaged(f"{path} is missing or altered.", "Restore it from a backup, or import its facts again.")
        return len(entries)


class Publication:
    """What one writer is about to publish. Nothing counts before `commit`."""

    def __init__(self, lake: Lake, manifest: Manifest) -> None:
        self.lake = lake
        self.began_with = manifest
        self.manifest = manifest
        self._new: list[Path] = []

    @property
    def snapshot(self) -> Snapshot:
        """The lake as it will be after a commit (its new files can be read already)."""
        return Snapshot(self.lake.root, self.manifest)

    def new_path(self, table: str, label: str = "all") -> Path:
        """Where the next file of `table` may be written: a name nothing has."""
        folder = self.lake.root / table
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{label}.{secrets.token_hex(4)}.parquet"

    def add(
        self, table: str, path: Path, *, rows: int, day: date | None = None, last: date | None = None, part: int | None = None
    ) -> None:
        """Count the file at `path` to `table`. An empty one is deleted instead: no file means no rows."""
        if rows == 0:
            path.unlink()
            return
        self._new.append(path)
        file = LakeFile(str(path.relative_to(self.lake.root)), rows, _sha256(path), day, last or day, part)
        self._set(table, (*self.manifest.tables.get(table, ()), file))

    def drop(self, table: str, gone: Callable[[LakeFile], bool] = lambda file: True) -> None:
        """Stop counting the files of `table` for which `gone` is true."""
        self._set(table, tuple(file for file in self.manifest.tables.get(table, ()) if not gone(file)))

    def touch(self, table: str, day: date) -> None:
        """Raise the revision of one day of facts: whoever closed that day before must close it again."""
        days = dict(self.manifest.revisions.get(table, {}))
        days[str(day)] = days.get(str(day), 0) + 1
        self.manifest = replace(self.manifest, revisions={**self.manifest.revisions, table: days})

    def note(self, key: str, value: Any) -> None:
        """Remember a JSON value beside the tables."""
        self.manifest = replace(self.manifest, notes={**self.manifest.notes, key: value})

    def close_day(self, day: date, record: dict[str, Any]) -> None:
        """Record what `day` was closed from."""
        self.manifest = replace(self.manifest, closed={**self.manifest.closed, str(day): record})

    def commit(self, *, now: datetime) -> bool:
        """Make the new files durable and swap the manifest. False when nothing changed: then nothing is written."""
        if self.manifest.same_content(self.began_with):
            return False
        counted = {file.path for files in self.manifest.tables.values() for file in files}
        before = {file.path for files in self.began_with.tables.values() for file in files}
        superseded = {**self.manifest.superseded, **{path: now.isoformat() for path in sorted(before - counted)}}
        for path in self._new:
            _sync(path)
        for folder in {path.parent for path in self._new}:
            _sync(folder)
        version = self.began_with.version + 1
        self.manifest = replace(self.manifest, version=version, superseded=superseded)
        draft = self.lake.manifest_path.with_suffix(".draft")
        draft.write_text(self.manifest.as_json(), encoding="utf-8")
        _sync(draft)
        draft.replace(self.lake.manifest_path)
        _sync(self.lake.root)
        self.began_with, self._new = self.manifest, []
        return True

    def _set(self, table: str, files: tuple[LakeFile, ...]) -> None:
        self.manifest = replace(self.manifest, tables={**self.manifest.tables, table: files})


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
