"""Models at work, each in a process of its own.

A process, not a thread, since what takes too long can be ended there, whatever it is doing, and what it has taken of
memory is given back; since models then also work side by side; and since it does not matter whether they may be used by
several threads (they may not: a language model fills its table of products while it reads). A process does one thing at
a time; the others wait for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from seqcli.errors import DataError, SeqcliError, UsageError
from seqcli.files.opening import Stamps
from seqcli.files.plain import json_text
from seqcli.serving.verbs import Given, Verb

MOST_WAITING = 32  # requests for a model; more are refused at once
READ_IN = 600.0  # seconds in which a model is read at the start, when nobody waits for an answer
_context = multiprocessing.get_context("spawn")  # the server has threads, which forking would cut off


class Refusal(SeqcliError):
    """A request that is not answered, for a reason that has a status code of its own."""

    def __init__(self, status: int, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status


@dataclass(frozen=True)
class About:
    """What is known of a model that is served."""

    name: str
    task: str
    kind: str
    parameters: int


class Worker:
    """A process that has a model, or none, and does what it is asked. It is started again when it had to be ended; a
    model file that has changed by then is not read."""

    def __init__(self, name: str, path: Path | None, seconds: float) -> None:
        self.name, self.path, self.seconds = name, path, seconds
        self.about: About | None = None
        self._stamps = Stamps([str(path)] if path is not None else [])
        self._process: Any = None
        self._pipe: Connection
        self._free = asyncio.Lock()
        self._waiting = 0

    def start(self) -> None:
        """Begin to read the model; `started` waits for it."""
        self._pipe, other = _context.Pipe()
        self._process = _context.Process(target=_work, args=(other, self.name, self.path), daemon=True)
        self._process.start()
        other.close()

    def started(self, until: float) -> None:
        """Wait until the model is there; raises what reading it raised."""
        try:
            self.about = self._receive(until)
        except SeqcliError:
            self.stop()
            raise

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._pipe.close()
            self._process = None

    async def do(
        self, verb: Verb, given: Given, until: float, wanted: Callable[[], Awaitable[bool]], threads: ThreadPoolExecutor
    ) -> str:
        """What a verb answers, as JSON; `Refusal` when it has not come by the time `until`, which others are waited for
        too, or is no longer `wanted` when its turn comes."""
        if self._waiting >= MOST_WAITING:
            raise Refusal(503, f"{self._waiting} requests are waiting for {self.name}", hint="ask again later")
        self._waiting += 1
        try:
            async with asyncio.timeout(until - time.monotonic()):
                await self._free.acquire()
        except TimeoutError:
            raise Refusal(503, f"{self.name} was busy for {self.seconds:g} s", hint="ask again later") from None
        finally:
            self._waiting -= 1
        try:
            if not await wanted():
                raise Refusal(503, "the client has left")
            return await asyncio.get_running_loop().run_in_executor(threads, self._do, verb, given, until)
        finally:
            self._free.release()

    def _do(self, verb: Verb, given: Given, until: float) -> str:
        if self._process is None:
            try:
                self._stamps.check()
            except DataError:
                hint = "start the server again"
                raise Refusal(500, f"the file of {self.name} has changed since it was read", hint=hint) from None
            self.start()
            self.started(until)
        with contextlib.suppress(ConnectionError):  # of a process that has died, which `_receive` says
            self._pipe.send((verb.act, given))
        answer: str = self._receive(until)
        return answer

    def _receive(self, until: float) -> Any:
        """What the process says next; raises what it raised, and `Refusal` when it has died or is ended at `until`."""
        try:
            if not self._pipe.poll(max(until - time.monotonic(), 0.0)):
                self.stop()
                hint = "ask for less at once; seqcli serve --timeout allows more"
                raise Refusal(503, f"this takes more than {self.seconds:g} s", hint=hint)
            answer = self._pipe.recv()
        except (EOFError, ConnectionError):
            self.stop()
            hint = "has the machine enough memory? ask for less at once"
            raise Refusal(500, f"the process of {self.name} has died", hint=hint) from None
        if isinstance(answer, Exception):
            raise answer
        return answer


def workers_of(paths: Sequence[str], seconds: float) -> list[Worker]:
    """A started worker for each model file, named after it. Raises `UsageError` for two of one name."""
    workers: list[Worker] = []
    for path in map(Path, paths):
        name = path.name.removesuffix(".safetensors")
        if name in [worker.name for worker in workers]:
            raise UsageError(f"two models are called {name}", hint="give one of the files another name")
        workers.append(Worker(name, path, seconds))
    try:
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.started(time.monotonic() + READ_IN)
    except BaseException:
        for worker in workers:
            worker.stop()
        raise
    return workers


def _work(pipe: Connection, name: str, path: Path | None) -> None:
    """The process of a worker: say what the model is, then answer until nobody asks any more."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # the server ends what is left when it ends
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        model = None
        if path is not None:
            from seqcli.models import load

            model = load(path)
            pipe.send(About(name, model.task, model.task_name(), model.checkpoint.parameter_count))
        else:
            pipe.send(None)
    except Exception as problem:
        pipe.send(_sendable(problem))
        return
    while True:
        try:
            act, given = pipe.recv()
        except (EOFError, OSError):
            return
        answer: str | Exception
        try:
            answer = json_text(act(model, given))
        except Exception as problem:
            answer = _sendable(problem)
        pipe.send(answer)


def _sendable(problem: Exception) -> Exception:
    """An error without what may not go through a pipe."""
    if isinstance(problem, SeqcliError | MemoryError):
        return problem.with_traceback(None)
    return RuntimeError(f"{type(problem).__name__}: {problem}")


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
