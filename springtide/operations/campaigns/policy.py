"""The house's rules for every campaign, as they are in force: its own, approved by two, or those that ship."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from springtide.analytics.decisions import Policy, read_policy, whole_policy
from springtide.home.definitions import published
from springtide.kernel.errors import UnknownName

KIND: Final = "campaign_policy"
KEY: Final = "campaigns"


def policy_content_in_force(home: Path) -> dict[str, Any]:
    """The rules, all of them: what a launched version keeps."""
    own = published(home, KIND).get(KEY)
    return whole_policy({"version": own.version, **own.body} if own else {})


def policy_in_force(home: Path) -> Policy:
    """The rules, read."""
    return read_policy(policy_content_in_force(home))


def check_policy(key: str, body: Mapping[str, Any]) -> None:
    """Refuse a body that is no policy.

    refuses    bad_policy
               unknown_name    there is one policy, and this is not its key
    """
    if key != KEY:
        raise UnknownName(f"There is no policy '{key}'.", f"There is one, and its key is '{KEY}'.")
    read_policy(body)
