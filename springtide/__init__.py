"""Springtide: user operations for trading exchanges, from facts to every user's stratum and what to do about it.

>>> import springtide
>>> home = springtide.open("springtide-home")
>>> home.growth(period="month").rows  # doctest: +SKIP
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from springtide.home import Home

__all__ = ["open"]


def open(path: str | Path) -> Home:
    """The home at `path`: an exchange's settings, definitions and lake, and everything that can be asked of it.

    refuses    no_home    there is none; `springtide init` makes one
    """
    from springtide.home import Home  # what only reads the version does not load an engine

    return Home(Path(path))
