"""A browser as a person uses it: Chromium before `springtide serve`, and what axe finds on a page."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
SERVE = (
    "import sys; from pathlib import Path; from springtide.desk.serve import run;"
    "run(Path(sys.argv[1]), '127.0.0.1', int(sys.argv[2]))"
)
ADD = """
import sys
from pathlib import Path
from springtide.desk.serve import prepare
prepare(Path(sys.argv[1]))
from springtide.kernel import clock
from springtide.operations.members.actions import create_member
rights = {'analyst': ['export_users', 'see_money']}
for role in ('analyst', 'approver'):
    create_member(username=role, display_name=role.title(), role=role, password=sys.argv[2], now=clock.now(),
                  granted_rights=rights.get(role, []))
create_member(username='risk', display_name='Risk', role='collaborator', department='risk', password=sys.argv[2], now=clock.now())
"""


class Served(NamedTuple):
    """A console that runs, and the founder's name and password."""

    address: str
    name: str
    password: str


@contextmanager
def serving(home, password):
    """`springtide serve` over a home with its worker; beside the founder an analyst, an approver and one of risk control."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "SPRINGTIDE", "DATABASE"))}
    server = subprocess.Popen([sys.executable, "-c", SERVE, str(home), str(port)], env=clean, stdout=subprocess.PIPE, text=True)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{address}/sign-in/", timeout=5).close()
                break
            except (urllib.error.URLError, ConnectionError):
                assert server.poll() is None
                time.sleep(0.25)
        said = server.stdout.readline() + server.stdout.readline()
        assert address in said
        subprocess.run([sys.executable, "-c", ADD, str(home), password], env=clean, check=True, timeout=60)
        yield Served(address, *(home / "first-sign-in.txt").read_text().split())
    finally:
        server.terminate()
        server.communicate(timeout=30)


@contextmanager
def browsing(chromium, **state):
    """A fresh browser; whatever it complains about on its console fails the test."""
    context = chromium.new_context(viewport=DESKTOP, color_scheme="light", reduced_motion="reduce", locale="en-GB", **state)
    context.set_default_timeout(20_000)
    page = context.new_page()
    complaints = []
    page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.complaints = complaints
    yield page
    context.close()
    assert not complaints


def ready(page):
    """All tiles are there."""
    from playwright.sync_api import expect

    expect(page.locator(".waits")).to_have_count(0, timeout=30_000)
    page.wait_for_load_state("networkidle")


def counted(page):
    """The number in the heading of a list."""
    return figure(page.locator(".list h2"))


def figure(place):
    """The number that a place begins with."""
    return int(re.match(r"[\d,]+", place.inner_text())[0].replace(",", ""))


def violations(page):
    """What axe finds, as sentences."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((result) => result.violations)")
    return [f"{each['id']}: {each['help']}: {node['html'][:160]}" for each in found for node in each["nodes"]]


EVERY_WAY = tuple((size, scheme) for size in (DESKTOP, PHONE) for scheme in ("light", "dark"))
BOTH_ENDS = ((DESKTOP, "light"), (PHONE, "dark"))


def faults(page, ways=BOTH_ENDS):
    """What stands in anybody's way: what axe finds, and what is wider than the screen."""
    found = {}
    for size, scheme in ways:
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.wait_for_timeout(100)
        if seen := violations(page):
            found[size["width"], scheme] = seen
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            found[size["width"], "wide"] = f"{page.url} is {wide} pixels wider than the screen"
    page.set_viewport_size(DESKTOP)
    return found
