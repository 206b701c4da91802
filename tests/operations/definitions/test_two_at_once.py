"""Many who publish at once: one wins, the others are told, and one version is in force."""

from springtide.kernel.errors import Refused
from springtide.operations.definitions.actions import publish_definition
from springtide.operations.definitions.models import Definition
from springtide.operations.members.actions import create_member
from tests.operations.conftest import NOON, PASSWORD
from tests.operations.jobs.test_two_at_once import at_once, shared_database  # noqa: F401


def test_of_eight_who_write_the_same_key_one_is_in_force_and_seven_are_told(shared_database):  # noqa: F811
    analyst = create_member(username="lin", display_name="Lin", role="analyst", password=PASSWORD, now=NOON)

    def publish(n):
        try:
            return publish_definition(
                "annotation",
                "outage",
                title=f"By {n}",
                body={"kind": "outage", "since": "2026-03-14"},
                acting=analyst,
                now=NOON,
            ).version
        except Refused as refused:
            return refused.code

    assert sorted(at_once(publish, 8), key=str) == [1, *["moved_already"] * 7]
    assert list(Definition.objects.values_list("version", "state")) == [(1, "published")]
