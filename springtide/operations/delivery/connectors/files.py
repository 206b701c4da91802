"""Letters as files in a folder, for an exchange whose own system fetches them: one JSON line a letter, each with its key."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

from springtide.operations.delivery.connectors import SENT, Letter, Outcome


@dataclass
class Drop:
    """A file stands in `folder` whole or not at all. Letters that are dropped again, after a crash, have the same keys."""

    name: str
    channel: str
    folder: Path
    needs_addresses: bool = False
    rate_per_second: float | None = None
    on_unknown: str = "keep"

    is_keyed: ClassVar[bool] = True
    at_once: ClassVar[int] = 1000

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        lines = "".join(json.dumps(_content(letter), ensure_ascii=False) + "\n" for letter in letters)
        keys = hashlib.sha256("\n".join(letter.key for letter in letters).encode()).hexdigest()[:32]
        half = self.folder / f".{self.name}-{keys}.{os.getpid()}"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())
            half.replace(self.folder / f"{self.name}-{keys}.ndjson")
        except OSError as failed:
            return [Outcome("later", "no_folder", f"{type(failed).__name__}: {failed.strerror}")] * len(letters)
        return [SENT] * len(letters)

    def close(self) -> None:
        """Nothing is kept open."""


def _content(letter: Letter) -> dict[str, object]:
    return {name: value for name, value in asdict(letter).items() if name != "message_id"}
