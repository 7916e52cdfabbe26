"""The signals that end a process: Ctrl-C, SIGTERM and SIGHUP."""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

from seqcli.errors import INTERRUPTED, TERMINATED

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

WAIT = 0.02  # seconds until a signal is sent again
IMPORTS = "<frozen importlib._bootstrap>"

_received: list[int] = []  # by `stop`


def stop(number: int, frame: FrameType | None) -> None:
    """A handler: ends what runs by `KeyboardInterrupt` or `SystemExit`, and remembers the signal, since native code may
    put an error of its own in the place of either. While a module is imported the signal waits: torch's native code
    ends the whole process where its import is interrupted."""
    _received.append(number)
    while frame is not None:
        if frame.f_code.co_filename == IMPORTS:
            send_again()
            return
        frame = frame.f_back
    raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(TERMINATED)


def stopped_by() -> int | None:
    """The last signal that `stop` has handled, None if there was none."""
    return _received[-1] if _received else None


def forget_signals() -> None:
    """Forget what `stop` has handled: it was for an earlier command of this process."""
    _received.clear()


def send_again() -> None:
    """Send the last signal that `stop` has handled again, a moment later."""

    def send(number: int) -> None:
        time.sleep(WAIT)
        os.kill(os.getpid(), number)

    # not by `threading`, whose locks the code that a handler has interrupted may hold
    _thread.start_new_thread(send, (_received[-1],))


@contextlib.contextmanager
def handling(act: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Have `act` called for signals within the context, but not for those that are ignored, as nohup has it; only the
    main thread may handle signals, in others nothing is changed."""
    main = threading.current_thread() is threading.main_thread()
    handled = [number for number in ENDING if main and signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, act) for number in handled}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def exit_code(number: int) -> int:
    """The exit code of a process that a signal has ended."""
    return INTERRUPTED if number == signal.SIGINT else TERMINATED


def exit_code_of(problem: BaseException) -> int | None:
    """The exit code that an exception asks for, None for an error: Ctrl-C, an exit, or either of them as the cause of
    an error, since Python 3.11 wraps what ends a class's making while a module is imported."""
    for one in (problem, problem.__cause__):
        if isinstance(one, KeyboardInterrupt):
            return INTERRUPTED
        if isinstance(one, SystemExit):
            return one.code if isinstance(one.code, int) else 1
    return None
