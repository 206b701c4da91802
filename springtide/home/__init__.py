"""The Python face: open a home and read frozen results; no web framework, no clock."""

from springtide.home.counts import Counts
from springtide.home.home import Freshness, Home, Table
from springtide.home.users import Moved, Selection, UserList

__all__ = ["Counts", "Freshness", "Home", "Moved", "Selection", "Table", "UserList"]
