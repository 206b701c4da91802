"""The home as one request sees it: one snapshot for every figure on the page, one engine, and no question answered twice."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from springtide.analytics.engine import DuckEngine
from springtide.analytics.lake import Lake, Snapshot
from springtide.home import Home
from springtide.home.counts import Counts
from springtide.home.users import Selection

ANSWERS_KEPT = 2_000


class PinnedLake(Lake):
    """Reads its manifest once, and again only in the next request; a manifest that stands since the last one is not read anew."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._pinned: Snapshot | None = None

    def snapshot(self) -> Snapshot:
        if self._pinned is None:
            self._pinned = _snapshots.of(self)
        return self._pinned


class PinnedHome(Home):
    """For reading only. What it is asked of one version of the lake has one answer, so counts are kept between requests."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.lake = PinnedLake(self.lake.root)
        self._engine: DuckEngine | None = None

    @contextmanager
    def engine(self, *, worker: bool = False) -> Iterator[DuckEngine]:
        if self._engine is None:
            with super().engine(worker=worker) as engine:
                self._engine = engine
                try:
                    yield engine
                finally:
                    self._engine = None
        else:
            yield self._engine

    @contextmanager
    def open(self) -> Iterator[PinnedHome]:
        """Keep one engine for as long as a request lasts."""
        with self.engine():
            yield self

    def count(
        self, selection: Selection, *, by: Sequence[str] = (), sums: Sequence[str] = (), then: date | None = None
    ) -> Counts:
        key = self._asked(selection, by, sums, then)
        known = _answers.get(key)
        if known is None:
            known = super().count(selection, by=by, sums=sums, then=then)
            _answers.put(key, known)
        return known

    def count_each(self, selection: Selection, wanted: Sequence[str]) -> dict[str, Counts]:
        """What is known already is not asked again, and `count` by one of them knows it from then on."""
        keys = {each: self._asked(selection, (each,), (), None) for each in wanted}
        told = super().count_each(selection, [each for each in wanted if _answers.get(keys[each]) is None])
        for each, counts in told.items():
            _answers.put(keys[each], counts)
        return {each: told.get(each) or self.count(selection, by=(each,)) for each in wanted}

    def _asked(self, selection: Selection, by: Sequence[str], sums: Sequence[str], then: date | None) -> object:
        """What names an answer: the version of the lake, the definitions in force, the question."""
        definitions = tuple((each.key, each.hash) for each in self.stratifications())
        return self.lake.root, self.lake.snapshot().manifest.version, definitions, selection, tuple(by), tuple(sums), then


class _Answers:
    """The last answers, by question; threads of the server share them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[object, Counts] = OrderedDict()

    def get(self, key: object) -> Counts | None:
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def put(self, key: object, answer: Counts) -> None:
        with self._lock:
            self._kept[key] = answer
            while len(self._kept) > ANSWERS_KEPT:
                self._kept.popitem(last=False)


class _Snapshots:
    """The last snapshot of each lake, for as long as its manifest is the same file: a publication puts a new one in its place."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[Path, tuple[tuple[int, int, int], Snapshot]] = {}

    def of(self, lake: Lake) -> Snapshot:
        try:
            stat = lake.manifest_path.stat()
        except FileNotFoundError:
            return Lake(lake.root).snapshot()
        stamp = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        with self._lock:
            known = self._kept.get(lake.root)
        if known and known[0] == stamp:
            return known[1]
        snapshot = Lake(lake.root).snapshot()
        with self._lock:
            self._kept[lake.root] = (stamp, snapshot)
        return snapshot


_answers = _Answers()
_snapshots = _Snapshots()
