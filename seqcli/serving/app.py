"""The application: an endpoint for each verb, and the errors that it answers with."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import MISSING, asdict, dataclass

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from seqcli import __version__
from seqcli.errors import CheckpointError, SeqcliError, as_arguments
from seqcli.notices import Notice
from seqcli.options import declarations
from seqcli.serving.openapi import described, page
from seqcli.serving.verbs import VERBS, Given, Verb
from seqcli.serving.workers import About, Refusal, Worker


@dataclass(frozen=True)
class Problem:
    """Why a request was not answered, and what to do about it."""

    error: str
    hint: str | None


@dataclass(frozen=True)
class Health:
    """That the server is there."""

    status: str
    version: str


@dataclass(frozen=True)
class Limits:
    """Of a request: bytes of its body, and seconds that it may take."""

    bytes: int
    seconds: float


class Served:
    """The models that are served, and what forecasts without one."""

    def __init__(self, workers: Sequence[Worker], limits: Limits) -> None:
        self.by_name = {worker.name: worker for worker in workers}
        self.without = Worker("forecast", None, limits.seconds)
        self.limits = limits
        self.threads = ThreadPoolExecutor(len(workers) + 1)  # each waits for the answer of one worker

    def close(self) -> None:
        for worker in (*self.by_name.values(), self.without):
            worker.stop()

    def abouts(self) -> list[About]:
        return [worker.about for worker in self.by_name.values() if worker.about is not None]

    def chosen(self, verbs: Sequence[Verb], asked: object) -> tuple[Worker, Verb]:
        """The worker for one of some verbs of one name, that of the model `asked` for or the only one there is, and the
        verb of its task; `Refusal` when there is none, or several."""
        name, of_task = verbs[0].name, {verb.kind.task: verb for verb in verbs}
        able = {about.name: of_task[about.task] for about in self.abouts() if about.task in of_task}
        if asked is None and verbs[0].optional:
            return self.without, verbs[0]
        if asked is None and len(able) > 1:
            raise Refusal(422, f"several models can {name}", hint=f"name one as model: {', '.join(able)}")
        if asked is None and able:
            (asked,) = able
        if isinstance(asked, str) and asked in able:
            return self.by_name[asked], able[asked]
        there = isinstance(asked, str) and asked in self.by_name
        kinds = " or ".join(verb.kind.task_name() for verb in verbs)
        if asked is None:
            message = f"there is no {kinds} here"
        else:
            message = f"{asked} is no {kinds}" if there else f"there is no model {asked!r:.80}"
        raise Refusal(404, message, hint=f"models for {name}: {', '.join(able) or 'none'}")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def asgi(served: Served, host: str, notice: Notice, detail: Notice) -> ASGIApp:
    """The application at an address; `detail` is told of every request, `notice` of what should not have happened."""
    app = _application(served, notice)
    # a page in a browser may have a name of its own lead to the loopback: its requests name that host
    names = {"localhost", "127.0.0.1", "::1", host} if is_loopback(host) else None

    async def around(scope: Scope, receive: Receive, send: Send) -> None:
        started, status = time.perf_counter(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        request = Request(scope)
        try:
            if names is not None and request.url.hostname not in names:
                refusal = Refusal(403, f"{request.url.hostname} is not this server", hint=f"ask {host} by its own name")
                await refused(refusal)(scope, receive, sending)
            else:
                await app(scope, receive, sending)
        finally:
            seconds = time.perf_counter() - started
            detail(f"{request.method} {request.url.path}: {status} in {seconds:.3f} s")

    return around


def _application(served: Served, notice: Notice) -> FastAPI:
    app = FastAPI(
        title="seqcli",
        version=__version__,
        description="Language models, translation, tagging, speech recognition and forecasts.",
        docs_url=None,  # FastAPI's pages are scripts of other sites, which a machine without a network cannot load
        redoc_url=None,
    )

    async def failed(request: Request, problem: Exception) -> Response:
        response = refused(problem)
        if response.status_code == 500:
            notice(f"{request.url.path}: {getattr(problem, 'message', problem)}")
        return response

    for kind in (SeqcliError, HTTPException, ClientDisconnect, Exception):
        app.add_exception_handler(kind, failed)

    @app.get("/", include_in_schema=False)
    async def root() -> Response:
        return RedirectResponse("/docs")

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> Response:
        return HTMLResponse(page(app.openapi(), str(request.base_url).rstrip("/")))

    @app.get("/health", summary="Whether the server is there.")
    async def health() -> Health:
        return Health("ok", __version__)

    @app.get("/models", summary="The models that are served.")
    async def models() -> list[About]:
        return served.abouts()

    for name in dict.fromkeys(verb.name for verb in VERBS):
        verbs = [verb for verb in VERBS if verb.name == name]
        app.add_api_route(
            f"/{name}",
            _endpoint(served, verbs),
            methods=["POST"],
            summary=verbs[0].help,
            operation_id=name,
            response_model=verbs[0].answer,
            response_description=" ".join((verbs[0].answer.__doc__ or "").split()),
            responses={code: {"model": Problem} for code in (400, 404, 408, 413, 415, 422, 500, 503)},
            openapi_extra=described(verbs, served.abouts()),
        )
    return app


def _endpoint(served: Served, verbs: Sequence[Verb]) -> Callable[[Request], Awaitable[Response]]:
    recording = verbs[0].recording

    async def endpoint(request: Request) -> Response:
        until = time.monotonic() + served.limits.seconds
        content = await _read(request, served.limits)
        arguments = _query(request) if recording else _json(request, content)
        worker, verb = served.chosen(verbs, arguments.pop("model", None))
        given = _given(verb, arguments)

        async def wanted() -> bool:
            return not await request.is_disconnected()

        with _kept(content) if recording else contextlib.nullcontext() as path:
            if path is not None:
                given["recording"] = path
            answer = await worker.do(verb, given, until, wanted, served.threads)
        return Response(answer, media_type="application/json")

    return endpoint


@contextlib.contextmanager
def _kept(recording: bytes) -> Iterator[str]:
    """A file with a recording; here, and not in the process that reads it, which may be ended at any moment."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(recording)
        file.flush()
        yield file.name


async def _read(request: Request, limits: Limits) -> bytes:
    """The body. One that is too long is read to its end and forgotten: most clients hear nothing before that."""
    body, size = bytearray(), 0
    try:
        async with asyncio.timeout(limits.seconds):
            async for part in request.stream():
                size += len(part)
                if size <= limits.bytes:
                    body += part
    except TimeoutError:
        raise Refusal(408, f"the request did not come within {limits.seconds:g} s") from None
    if size > limits.bytes:
        hint = "send it in parts; seqcli serve --max-bytes allows more"
        raise Refusal(413, f"the request has more than {limits.bytes:,} bytes", hint=hint)
    return bytes(body)


def _json(request: Request, content: bytes) -> Given:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        # what a page of another site may not send unasked
        raise Refusal(415, "the request is not JSON", hint="send it with Content-Type: application/json")

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no number")

    try:
        found = json.loads(content, parse_constant=refuse)
        json.dumps(found, ensure_ascii=False).encode()  # fails for half characters
    except UnicodeEncodeError:
        raise Refusal(400, "the request holds half a character", hint="\\ud83d\\ude00 is a whole one") from None
    except (ValueError, RecursionError) as problem:
        raise Refusal(400, f"the request is no JSON: {problem}") from None
    if not isinstance(found, dict):
        raise Refusal(400, "the request is no JSON object", hint="/docs describes it")
    return found


def _query(request: Request) -> Given:
    """The arguments of a query; what reads as JSON, such as a number, is that."""
    found: Given = {}
    for name, value in request.query_params.items():
        try:
            found[name] = value if name == "model" else json.loads(value)
        except (ValueError, RecursionError):
            found[name] = value
    return found


def _given(verb: Verb, arguments: Given) -> Given:
    """What was given, checked."""
    for name, declared in declarations(verb.body).items():
        if declared.default is MISSING and arguments.get(name) is None:
            raise Refusal(422, f"{name} is missing", hint=f"{name}: {declared.option.help}")
    try:
        asked = verb.body(**arguments)
    except TypeError as problem:
        raise Refusal(422, str(problem)) from None
    return {name: getattr(asked, name) for name in asked.given}


def refused(problem: Exception) -> Response:
    """The one place in which errors become status codes."""
    hint = None
    match problem:
        case Refusal():
            status, message, hint = problem.status, problem.message, problem.hint
        case SeqcliError():  # mostly of arguments or data
            status = 500 if isinstance(problem, CheckpointError) else 422
            message, hint = as_arguments(problem.message), problem.hint and as_arguments(problem.hint)
        case HTTPException():
            status, message, hint = problem.status_code, problem.detail.lower(), "/docs describes what there is"
        case MemoryError():
            status, message, hint = 503, "out of memory", "ask for less at once"
        case ClientDisconnect():
            status, message = 400, "the client has left"
        case _:
            status, message = 500, f"this should not have happened: {problem}"
    return JSONResponse(asdict(Problem(message, hint)), status, {"Retry-After": "1"} if status == 503 else None)
