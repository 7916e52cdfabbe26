"""Command lines run in processes of their own that start at once: forked from one that has imported torch already.

Everything else is as from a shell: arguments, environment, exit codes, signals, and two streams into files.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

IMPORTED = [
    "seqcli.cli.app",
    *("seqcli.cli.train", "seqcli.language.train", "seqcli.translation.train", "seqcli.tagging.train"),
    *("seqcli.cli.forecast", "seqcli.forecasting.recurrent.train"),
]

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(IMPORTED)
_numbers = itertools.count()


class Command:
    """`seqcli ARGUMENTS` running in `folder`."""

    def __init__(self, folder: Path, arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        said = folder.parent / f"{folder.name}.said.{next(_numbers)}"
        self._out, self._err = said.with_suffix(said.suffix + ".out"), said.with_suffix(said.suffix + ".err")
        self._process = _context.Process(
            target=_run, args=(folder, list(arguments), dict(environment or {}), self._out, self._err)
        )
        self._process.start()

    @property
    def running(self) -> bool:
        return self._process.is_alive()

    def signal(self, number: signal.Signals) -> None:
        pid = self._process.pid
        assert pid is not None
        if self.running:
            os.kill(pid, number)

    def finish(self, timeout: float = 300.0) -> tuple[int, str]:
        """The exit code (-9 when killed) and what was said on stderr and printed, when it has ended."""
        self._process.join(timeout)
        code = self._process.exitcode
        assert code is not None, "it does not end"
        self._process.close()
        files = [file for file in (self._err, self._out) if file.exists()]  # none if killed before it began
        said = "".join(file.read_text(encoding="utf-8") for file in files)
        for file in files:
            file.unlink()
        return code, said


def start_together(
    folder: Path,
    count: int,
    arguments: Sequence[str],
    *,
    last: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> list[Command]:
    """The same command in `count` processes that know of each other, as torchrun starts them; the last one also has the
    arguments `last`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    where = {**(environment or {}), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(count)}
    ranks = ({"RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(count))
    own = [arguments] * (count - 1) + [[*arguments, *last]]
    return [Command(folder, each, {**where, **rank}) for each, rank in zip(own, ranks, strict=True)]


def _run(folder: Path, arguments: list[str], environment: dict[str, str], out: Path, err: Path) -> None:
    import torch

    from seqcli.__main__ import main

    for stream, file in ((1, out), (2, err)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
    os.chdir(folder)
    os.environ.update(environment, XDG_CACHE_HOME=str(folder.parent / "cache"))
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["seqcli", *arguments]
    main()
