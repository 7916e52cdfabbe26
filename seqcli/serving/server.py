"""The server's run: its address, its models, how it begins and how it stops."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from types import FrameType

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from seqcli.errors import SeqcliError
from seqcli.notices import Notice
from seqcli.serving.app import Limits, Served, asgi, is_loopback, refused
from seqcli.serving.workers import Refusal, workers_of
from seqcli.signals import exit_code, handling

MOST_CONNECTIONS = 256


def _protocol(seconds: float) -> type[H11Protocol]:
    """HTTP with a limit of connections, each of which ends when the head of a request has not come in `seconds`:
    uvicorn would keep it for ever, and refuses what is too much in plain text."""

    class Protocol(H11Protocol):
        deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if len(self.connections) > MOST_CONNECTIONS:
                refusal = Refusal(503, f"{MOST_CONNECTIONS} connections are open", hint="ask again later")
                self.app = refused(refusal)
            self._wait()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.conn.their_state is not h11.IDLE:
                self._stop_waiting()
            elif self.deadline is None:
                self._wait()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_waiting()
            super().connection_lost(exc)

        def _wait(self) -> None:
            self.deadline = self.loop.call_later(seconds, self.transport.close)

        def _stop_waiting(self) -> None:
            if self.deadline is not None:
                self.deadline.cancel()
                self.deadline = None

    return Protocol


class _Server(uvicorn.Server):
    """uvicorn, stopped as every command here is: a first signal lets it end its work, a second one leaves at once."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], notice: Notice) -> None:
        super().__init__(config)
        self.ready, self.notice = ready, notice
        self.code = 0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        with handling(self._stop):
            yield

    def _stop(self, number: int, frame: FrameType | None) -> None:
        code = exit_code(number)
        if self.code:
            os._exit(code)  # the workers see it, and end
        self.code, self.should_exit = code, True
        if self.server_state.tasks:
            self.notice("stopping when the requests that have come are answered; a second signal leaves at once")


def serve(
    paths: Sequence[str], host: str, port: int, limits: Limits, *, notice: Notice, detail: Notice, debug: bool = False
) -> int:
    """Serve models until a signal comes; returns the exit code that belongs to it. `notice` is told where the server
    listens, `detail` of every request. `SeqcliError` when the address cannot be had."""
    shown = f"[{host}]" if ":" in host else host
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family)
    except OSError as problem:
        hint = "name another --port (0: any that is free), or another --host"
        reason = str(problem.strerror or problem).partition(" (while ")[0]
        raise SeqcliError(f"{shown}:{port}: {reason}", hint=hint) from problem
    where = f"http://{shown}:{listener.getsockname()[1]}"
    if not debug:
        logging.getLogger("uvicorn").setLevel(logging.CRITICAL + 1)  # what is to be said, the answers say
    if not is_loopback(host):
        notice(f"whoever can reach {shown} may use it: there are no passwords")
    with listener, contextlib.closing(Served(workers_of(paths, limits.seconds), limits)) as served:
        names = ", ".join(about.name for about in served.abouts()) or "forecasts"
        config = uvicorn.Config(
            asgi(served, host, notice, detail),
            http=_protocol(limits.seconds),
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=math.ceil(limits.seconds) + 1,
        )
        server = _Server(config, lambda: notice(f"serving {names} at {where}, described at {where}/docs"), notice)
        server.run(sockets=[listener])
        return server.code
