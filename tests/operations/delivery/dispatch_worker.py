"""A worker to be killed: dispatches to a gateway on loopback, again and again. Its clock runs thirty times as fast."""

from __future__ import annotations

import ipaddress
import json
import sys
import threading
import time
from datetime import UTC, datetime

import django
from django.conf import settings

SPEED = 30.0


def main(database: str, url: str, began: str) -> None:
    settings.configure(
        DATABASES={"default": json.loads(database)},
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "springtide.operations.members",
            "springtide.operations.definitions",
            "springtide.operations.delivery",
        ],
        AUTH_USER_MODEL="members.Member",
        USE_TZ=True,
        SECRET_KEY="only for tests",
    )
    django.setup()
    from springtide.operations.delivery.connectors.webhook import Webhook
    from springtide.operations.delivery.dispatching import dispatch
    from springtide.operations.delivery.posting import Poster, Reach

    here, key = Reach(("127.0.0.1",), (ipaddress.ip_network("127.0.0.0/8"),)), b"a key of at least twenty-four bytes"
    start = datetime.fromisoformat(began)

    def now():
        return start + (datetime.now(UTC) - start) * SPEED

    made = [
        Webhook("push", "push", Poster(here, url, at_once=8, timeout=0.5), key, now=now),
        Webhook("sms", "sms", Poster(here, url, timeout=0.5), key, is_keyed=False, now=now),
    ]
    print("working", flush=True)
    while True:
        dispatch(made, live=lambda messages: {}, now=now, stop=threading.Event())
        time.sleep(0.02)


if __name__ == "__main__":
    main(*sys.argv[1:])
