"""Files that members drop: where they lie until they are imported."""

from __future__ import annotations

import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from springtide.kernel.errors import BadInput, UnknownName

KEPT_FOR_SECONDS = 7 * 24 * 3600
LONGEST_NAME = 120


@dataclass(frozen=True)
class Upload:
    """A dropped file. `number` names its folder; the file keeps its own name, since that may say which table it is."""

    number: str
    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def size(self) -> int:
        return self.path.stat().st_size


def keep(home: Path, file: UploadedFile[Any]) -> Upload:
    """Keep a dropped file in the home until it is imported.

    refuses    bad_name    the file has no name that a file can have
    """
    name = Path(str(file.name)).name.replace("\x00", "")[-LONGEST_NAME:].lstrip(".~$ ")
    if not name:
        raise BadInput("The file has no name.", "Give it one, such as spot_trades.csv.", code="bad_name")
    _forget_old(home / "uploads")
    number = secrets.token_hex(8)
    folder = home / "uploads" / number
    folder.mkdir(parents=True)
    path = folder / name
    held = getattr(file, "temporary_file_path", None)
    if held is not None and Path(held()).exists():
        shutil.move(held(), path)
        Path(held()).touch()  # Django deletes its own name when the request ends, and must find one
    else:
        with path.open("wb") as kept:
            shutil.copyfileobj(file, kept)
    return Upload(number, path)


def find(home: Path, number: str) -> Upload:
    """A dropped file by its number.

    refuses    unknown_upload    there is none, or it was cleared away
    """
    folder = home / "uploads" / number
    files = [path for path in folder.iterdir() if path.is_file()] if number.isalnum() and folder.is_dir() else []
    if not files:
        raise UnknownName(
            "This file is no longer here.", "Dropped files are kept for seven days: drop it again.", code="unknown_upload"
        )
    return Upload(number, files[0])


def _forget_old(folder: Path) -> None:
    for old in folder.iterdir() if folder.is_dir() else ():
        if time.time() - old.stat().st_mtime > KEPT_FOR_SECONDS:
            shutil.rmtree(old, ignore_errors=True) if old.is_dir() else old.unlink(missing_ok=True)
