"""The process: the socket, how long a client may take, how the server starts and ends."""

from __future__ import annotations

import errno
import logging
import re
import resource
import signal
import socket
from typing import Final

import uvicorn

from stadtgraph.serve.app import application
from stadtgraph.serve.connection import Connection
from stadtgraph.serve.current import Settings
from stadtgraph.serve.publication import CannotServe

PREFIX: Final = re.compile(r"(/[A-Za-z0-9._~-]+)*")
WAITING: Final = 1024
# How many files and connections may be open, and how many of these are not for clients.
FILES: Final = 4096
RESERVED: Final = 256


def checked(settings: Settings) -> socket.socket:
    """Return the open socket of a server whose settings are possible.

    Raises:
        CannotServe: the prefix is no path, or the port cannot be opened.

    """
    if not PREFIX.fullmatch(settings.prefix) or set(settings.prefix.split("/")) & {".", ".."}:
        raise CannotServe("bad-prefix", prefix=settings.prefix)
    values = {"host": settings.host, "port": str(settings.port), "other": str(settings.port % 65535 + 1)}
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((settings.host, settings.port), family=family, backlog=WAITING)
    except OSError as error:
        wrong = isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL
        # Python adds to the system's sentence what it was about to do.
        reason = str(error.strerror or error).partition(" (while")[0]
        raise CannotServe("bad-host" if wrong else "port-taken", reason=reason, **values) from error
    except UnicodeError as error:
        raise CannotServe("bad-host", reason=str(error), **values) from error


def serve(settings: Settings, listening: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT; what has been asked by then is still answered."""
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    config = uvicorn.Config(
        application(settings),
        loop="uvloop",
        http=Connection,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=settings.behind_proxy,
        forwarded_allow_ips="127.0.0.1,::1",
        timeout_graceful_shutdown=int(settings.grace),
        limit_concurrency=_connections(),
        backlog=WAITING,
    )
    # Uvicorn raises the signal again once all is answered; that this was asked for is no failure.
    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, lambda number, frame: None)
    uvicorn.Server(config).run(sockets=[listening])


def _connections() -> int:
    """Return how many connections there may be, after asking for as many as the machine allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return files - RESERVED
