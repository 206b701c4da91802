"""A home of its own, templates in force, and a gateway on loopback that remembers what it was asked."""

import ipaddress
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from springtide.operations.definitions.actions import publish_definition
from springtide.operations.delivery.actions import NewMessage, put
from springtide.operations.delivery.connectors.webhook import Webhook
from springtide.operations.delivery.dispatching import dispatch
from springtide.operations.delivery.posting import Poster, Reach
from tests.operations.conftest import NOON

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
HERE = Reach(hosts=("127.0.0.1",), private_networks=LOOPBACK)
KEY = b"a key of at least twenty-four bytes"
WELCOME = {
    "texts": {
        "en": {"subject": "Welcome, {{ name }}", "text": "Your bonus of {{ amount }} USDT waits."},
        "zh-hans": {"subject": "{{ name }},欢迎", "text": "{{ amount }} USDT 奖励等您领取。"},
    },
    "fallback": "en",
    "variables": {"name": {"default": "there"}, "amount": {"missing": "refuse", "example": "25"}},
}


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    settings.SPRINGTIDE_HOME = tmp_path
    return tmp_path


@pytest.fixture
def welcome(db):
    return publish_definition("message_template", "welcome", title="Welcome", body=WELCOME, acting=None, now=NOON)


def message(n, **more):
    given = {
        "key": f"decision-{n}",
        "user_id": f"user {n}",
        "channel": "push",
        "message_class": "promotional",
        "template": "welcome",
        "language": "en",
        "variables": {"name": f"User {n}", "amount": "25"},
        "due_at": NOON,
    }
    return NewMessage(**{**given, **more})


def put_some(count, **more):
    assert put([message(n, **more) for n in range(1, count + 1)], now=NOON) == count


class Clock:
    """Stands still until it is told to move."""

    def __init__(self, at=NOON):
        self.at = at

    def __call__(self):
        return self.at

    def pass_(self, **time):
        self.at += timedelta(**time)


def nothing_holds(messages):
    return {}


def send_all(*connectors, live=nothing_holds, now=None, **more):
    """Dispatch once, and what came of it: state → how many."""
    clock = now or Clock()
    return dict(dispatch(connectors, live=live, now=clock, stop=threading.Event(), **more).counts)


@dataclass
class Call:
    path: str
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


@dataclass
class Gateway:
    """Answers in turn with what `says` holds: (status, body), or (status, body, headers); then with 204."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    says: list = field(default_factory=list)

    @property
    def keys(self):
        return [call.headers["webhook-id"] for call in self.calls]


@contextmanager
def served(gateway):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            gateway.calls.append(Call(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            answer = gateway.says.pop(0) if gateway.says else (204, b"")
            if answer is None:  # accepted, and never answered
                self.close_connection = True
                return
            status, told, *headers = answer(body) if callable(answer) else answer
            self.send_response(status)
            for name, value in dict(*headers).items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *args):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *args):
            """A caller may hang up."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    gateway.url = f"http://127.0.0.1:{server.server_port}/messages"
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def gateway():
    with served(Gateway()) as one:
        yield one


@pytest.fixture
def webhook(gateway):
    """Makes connectors that call the gateway."""
    made = []

    def make(**more):
        clock = more.pop("now", Clock())
        poster = Poster(HERE, gateway.url, at_once=4, timeout=2.0)
        made.append(Webhook(**{"name": "push", "channel": "push", "poster": poster, "key": KEY, "now": clock, **more}))
        return made[-1]

    yield make
    for each in made:
        each.close()
