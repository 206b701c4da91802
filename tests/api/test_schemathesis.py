"""Whatever a program sends, the API answers as its documentation says: schemathesis, three fixed seeds, no findings."""

from __future__ import annotations

from collections import Counter

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from springtide.operations.members import states

SEEDS = (7, 77, 777)
# What no schema can say: a rule is a language, names depend on the home, and the last day comes after the first.
ACCEPTED = {"positive_data_acceptance": {"expected-statuses": ["2xx", "401", "403", "404", "409", "422", "429"]}}


def findings(address, token, *, seed, by_the_book):
    """What schemathesis found, and how often each status came. `by_the_book`: with the cases that no seed changes."""
    config = SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "headers": {"Authorization": f"Bearer {token}"},
            "checks": ACCEPTED,
            "generation": {"max-examples": 4, "database": "none"},
            "phases": {"coverage": {"enabled": by_the_book, "unexpected-methods": ["DELETE"]}, "stateful": {"enabled": False}},
        }
    )
    found: list[str] = []
    statuses: Counter[int] = Counter()
    for event in from_schema(schemathesis.openapi.from_url(f"{address}/api/v1/openapi.json", config=config)).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            found.append(str(getattr(event, "value", event)))
        if isinstance(event, events.ScenarioFinished):
            told = event.recorder
            statuses.update(each.response.status_code for each in told.interactions.values() if each.response)
            for number, checks in told.checks.items():
                said = told.cases[number].value.as_curl_command()
                found += [f"{each.name}: {each.failure_info.failure}\n{said}" for each in checks if each.failure_info]
    return found, statuses


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_a_program_sends_is_answered_in_another_way_than_documented(
    committed, live_server, token_of, serves, small_home, seed, monkeypatch
):
    serves(small_home)
    monkeypatch.setitem(states.FREE_FAILURES, "address", 10**6)  # it tries a wrong token at every operation
    found, statuses = findings(live_server.url, token_of("manager"), seed=seed, by_the_book=seed == SEEDS[0])
    assert not found, "\n\n".join(found)
    assert statuses[200] > 30
    assert {status for status in statuses if status >= 500} == set()
