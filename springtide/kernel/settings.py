"""The settings of one home: read once from `springtide.toml`, typed, refused loudly."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from zoneinfo import ZoneInfo

from springtide.kernel.days import zone
from springtide.kernel.errors import BadInput, NothingYet, suggest

FILE_NAME = "springtide.toml"


@dataclass(frozen=True)
class HomeSettings:
    """What an exchange decides once: where its day begins, and how much memory the engine may use.

    exchange         its name, as screens and reports show it
    reporting_zone   the IANA name of the zone in which a day begins; once facts are in, another one means a new home
    has_contracts    false for an exchange without contracts
    worker_memory    what DuckDB may use while days are closed, before it writes to disk
    web_memory       what DuckDB may use to answer a page or a reading command
    threads          how many threads DuckDB uses; 0: as many as the machine has
    spark            the Spark on which days are closed, such as spark://host:7077; empty: DuckDB closes them on this machine
    back_office      where the exchange's own back office shows a user: an https address with {user_id} in it; empty: nowhere
    """

    exchange: str = "My exchange"
    reporting_zone: str = "UTC"
    has_contracts: bool = True
    worker_memory: str = "6GB"
    web_memory: str = "2GB"
    threads: int = 0
    spark: str = ""
    back_office: str = ""

    @property
    def zone(self) -> ZoneInfo:
        return zone(self.reporting_zone)

    def as_toml(self) -> str:
        def literal(value: object) -> str:
            if isinstance(value, bool):
                return "true" if value else "false"
            return str(value) if isinstance(value, int) else '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'

        return "".join(f"{field.name} = {literal(getattr(self, field.name))}\n" for field in fields(self))


def read_settings(home: Path) -> HomeSettings:
    """The settings of `home`.

    refuses    no_home           there is no springtide.toml
               unknown_setting   a name nothing has
               bad_setting       a value of the wrong type, or a zone that does not exist
    """
    path = home / FILE_NAME
    if not path.is_file():
        raise NothingYet(
            f"There is no Springtide home at {home}.", f"Make one with: springtide --home {home} init", code="no_home"
        )
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as bad:
        raise BadInput(f"{path} cannot be read: {bad}.", "Mend the line it names.", code="bad_setting") from bad
    known = {field.name: field for field in fields(HomeSettings)}
    for name, value in given.items():
        if name not in known:
            raise BadInput(f"{path} has an unknown setting '{name}'.", suggest(name, known), code="unknown_setting")
        wanted = type(known[name].default)
        if type(value) is not wanted:
            raise BadInput(f"Setting '{name}' is {value!r}.", f"It must be a {wanted.__name__}.", code="bad_setting")
    settings = HomeSettings(**given)
    zone(settings.reporting_zone)
    address = settings.back_office
    if address and not (address.startswith(("https://", "http://")) and "{user_id}" in address):
        raise BadInput(
            f"Setting 'back_office' is {address!r}.",
            "It must begin with https:// and name {user_id} where the user's id goes, such as https://office.example/users/{user_id}.",
            code="bad_setting",
        )
    return settings
