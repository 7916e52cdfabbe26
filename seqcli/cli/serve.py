"""`seqcli serve`: models behind an HTTP server."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

import typer

from seqcli.cli import console
from seqcli.cli.request import request_command
from seqcli.errors import UsageError
from seqcli.options import Request, option, parse_duration


@dataclass(frozen=True, kw_only=True)
class _Asked(Request):
    models: tuple[str, ...] = option(
        (),
        "Model files of any task, each served under its file name; forecasts need none.",
        metavar="MODEL",
        kind="file",
        positional=True,
    )
    host: str = option(
        "127.0.0.1", "Address to listen on; 0.0.0.0 for all addresses of this machine.", metavar="ADDRESS"
    )
    port: int = option(8000, "Port to listen on; 0 for any free port.", most=65_535)
    max_bytes: int = option(10_000_000, "Maximum size of a request, in bytes.", least=1)
    timeout: float = option(
        60.0, "Maximum time for a request, including waiting for others.", above=0, most=86_400, parse=parse_duration
    )


def _serve(asked: _Asked) -> None:
    if any(importlib.util.find_spec(name) is None for name in ("fastapi", "uvicorn")):
        raise UsageError("the server's packages are not installed", hint="pip install 'seqcli[serve]'")
    from seqcli.serving.app import Limits
    from seqcli.serving.server import serve

    code = serve(
        asked.models,
        asked.host,
        asked.port,
        Limits(asked.max_bytes, asked.timeout),
        notice=console.notice,
        detail=console.detail,
        debug=console.verbosity.get().debug,
    )
    raise typer.Exit(code)


serve = request_command(
    _Asked,
    """Serve models over HTTP, for this machine only unless --host is given.

    POST /generate, /score, /translate, /tag, /transcribe, /forecast and others take JSON with the options that Python
    has; /docs describes them all. Requests cannot name files or load models. Ctrl-C or SIGTERM
    stops the server when pending requests are answered; a second one stops it at once.
    """,
    _serve,
)
