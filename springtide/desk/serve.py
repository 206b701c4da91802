"""Serving the console: one command prepares the home, says how to sign in, and runs the web server with a worker beside it."""

from __future__ import annotations

import multiprocessing
import os
import secrets
import signal
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

from springtide.kernel import clock
from springtide.kernel.errors import BadInput
from springtide.kernel.settings import read_settings

WEB_THREADS = 8
FIRST_SIGN_IN = "first-sign-in.txt"  # the founder's password, until it is changed: who can read the home may sign in anyway


def run(home: Path, host: str, port: int) -> None:
    """Serve the console of `home` until it is stopped.

    refuses    no_home        there is no home there
               port_taken     something else listens on this port
    """
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    _refuse_taken(host, port)
    prepare(home, host=host)
    sign_in = founder(home)
    print(f"Springtide serves {read_settings(home).exchange} on http://{host}:{port}", flush=True)
    if sign_in:
        print(f"Sign in as {sign_in[0]} with the password {sign_in[1]}", flush=True)
    worker = multiprocessing.get_context("spawn").Process(target=work, args=(home,), name="springtide worker", daemon=True)
    worker.start()
    try:
        Server(
            "springtide.desk.wsgi:application",
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            blocking_threads=WEB_THREADS,
            websockets=False,
            log_level=LogLevels.warning,
        ).serve()
    finally:
        worker.terminate()
        worker.join()


def prepare(home: Path, *, host: str = "") -> None:
    """Make ready what the console keeps in the home: its secret key and its database. Done twice, it changes nothing."""
    read_settings(home)
    os.environ["SPRINGTIDE_HOME"] = str(home.resolve())
    os.environ["DJANGO_SETTINGS_MODULE"] = "springtide.desk.settings"
    if host:
        os.environ["SPRINGTIDE_HOST"] = host
    key = home / "console.key"
    with suppress(FileExistsError):
        _write_secret(key, secrets.token_urlsafe(48))
    (home / "uploads").mkdir(exist_ok=True)
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", interactive=False, verbosity=0)


def founder(home: Path) -> tuple[str, str] | None:
    """The name and password of the first manager, made when there is no member; None once the password was changed."""
    from springtide.operations.members.actions import found

    path = home / FIRST_SIGN_IN
    if made := found(now=clock.now()):
        path.unlink(missing_ok=True)
        _write_secret(path, f"{made.username} {made.password}\n")
    if not path.is_file():
        return None
    username, password = path.read_text().split()
    return username, password


def work(home: Path) -> None:
    """The worker's process: it ends with the one that started it, even when that was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to both; the server then stops us
    prepare(home)
    from springtide.cycle import worker

    stop, parent = threading.Event(), os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(0)  # imports and closes survive this, and their jobs are leased again

    threading.Thread(target=watch, daemon=True).start()
    worker.run(home, stop)


def _write_secret(path: Path, text: str) -> None:
    """A new file that only its owner can read, from its first moment."""
    path.touch(0o600, exist_ok=False)
    path.write_text(text)


def _refuse_taken(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
        except OSError as taken:
            raise BadInput(
                f"Nothing can listen on {host}:{port}: {taken.strerror}.", "Choose another with --port.", code="port_taken"
            ) from taken
