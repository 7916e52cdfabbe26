"""The server as a process, asked by a client over HTTP: it answers what Python does, and refuses what it must."""

from __future__ import annotations

import contextlib
import html
import http.client
import io
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

import numpy as np
import pytest
import soundfile

import seqcli
from seqcli.cli.app import run
from seqcli.options import declarations
from seqcli.serving.verbs import OURS, VERBS

FIXTURES = Path(__file__).parent.parent / "fixtures"
LM, MT, TAG, ASR, FORECASTER = (
    str(FIXTURES / f"v1.{name}.safetensors") for name in ("lm", "mt", "tag", "asr", "forecast-2")
)
SALES = [{"month": f"{2018 + i // 12}-{i % 12 + 1:02d}", "sales": 100 + 10 * (i % 12) + i} for i in range(48)]
CSV = "month,sales\n" + "".join(f"{row['month']},{row['sales']}\n" for row in SALES)
PROMOTED = [{**row, "promo": i % 2} for i, row in enumerate(SALES)]
ENDLESS = {"prompts": "the sky", "max_tokens": 1_000_000_000}


class Server:
    """`seqcli serve ARGUMENTS` on a free port, in a session of its own."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "seqcli", "serve", "--port", "0", *arguments]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True, preexec_fn=_heed_ctrl_c
        )
        assert self.process.stderr is not None
        self.said = self.process.stderr.readline()
        assert " at http://" in self.said, self.said + self.process.stderr.read()
        self.url = self.said.split(" at ")[1].split(",")[0]

    def ask(self, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Status and answer; a body of bytes is sent as it is."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **{name.replace("_", "-"): x for name, x in headers.items()}}
        request = urllib.request.Request(f"{self.url}{path}", data, headers)
        try:
            with urllib.request.urlopen(request, timeout=100) as response:
                return response.status, json.load(response)
        except HTTPError as problem:
            return problem.code, json.load(problem)

    def end(self, *signals: signal.Signals) -> int:
        for number in signals:
            self.process.send_signal(number)
            time.sleep(0.3)
        code = self.process.wait(60)
        for _ in range(100):  # its workers end, too
            try:
                os.killpg(self.process.pid, 0)
            except ProcessLookupError:
                return code
            time.sleep(0.1)
        raise AssertionError("a process is left")


def _heed_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell ignores for what is in its background


@contextlib.contextmanager
def serving(*arguments: str) -> Iterator[Server]:
    server = Server(*arguments)
    try:
        yield server
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.process.pid, signal.SIGKILL)
        server.process.wait()
        assert server.process.stderr is not None
        server.process.stderr.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(LM, MT, TAG, ASR, FORECASTER, "--timeout", "60s") as started:
        yield started
        assert started.end(signal.SIGINT) == 130


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copy(LM, tmp_path_factory.mktemp("models")))


@pytest.fixture(scope="module")
def strict(copied: Path) -> Iterator[Server]:
    with serving(str(copied), "--timeout", "2s", "--max-bytes", "2000") as started:
        yield started


def generated(**options: Any) -> Any:
    return seqcli.load(LM).generate(**options)


def scored(score: Any) -> dict[str, Any]:
    return {
        "text": score.text,
        "log_probability": score.log_probability if score.tokens else None,
        "perplexity": score.perplexity if score.tokens else None,
        "tokens": list(score.pieces),
        "surprisals": list(score.surprisals),
        "unknown": sorted(score.unknown),
    }


def tagged(tagging: Any) -> dict[str, Any]:
    chunks = [{"start": start, "end": end, "label": label} for start, end, label in tagging.chunks]
    return {"steps": tagging.steps, "labels": tagging.labels, "chunks": chunks}


def same(found: Any, expected: Any) -> bool:
    """Whether they are equal but for the last digits of numbers, which depend on what a model has read before."""
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(same(found[name], expected[name]) for name in expected)
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(same, found, expected))
    return bool(found == (pytest.approx(expected, rel=1e-5, abs=1e-6) if isinstance(expected, float) else expected))


ANSWERS = {
    "generate": (
        {"prompts": ["the sky", "a"], "samples": 2, "max_tokens": 9, "seed": 3, "stop": "k"},
        lambda given: {"texts": generated(**given)},
    ),
    "next-tokens": (
        {"prompt": "the", "count": 3},
        lambda given: {"tokens": [{"token": t, "probability": p} for t, p in seqcli.load(LM).next_tokens(**given)]},
    ),
    "choose": (
        {"prompt": "the ", "choices": ["sky", "wind", "é"]},
        lambda given: {
            "choices": [
                {name: getattr(choice, name) for name in ("text", "log_probability", "probability", "unknown")}
                for choice in seqcli.load(LM).choose(**given)
            ]
        },
    ),
    "embed": ({"lines": ["the sky", ""]}, lambda given: {"vectors": seqcli.load(LM).embed(given["lines"]).tolist()}),
    "score": (
        {"model": "v1.lm", "lines": ["the sky", "", "天空 é"], "context": True},
        lambda given: {"scores": [scored(s) for s in seqcli.load(LM).score(given["lines"], context=True)]},
    ),
    "score pairs": (
        {"model": "v1.mt", "pairs": [["the sky", "天空"]]},
        lambda given: {"scores": [scored(s) for s in seqcli.load(MT).score([("the sky", "天空")])]},
    ),
    "translate": (
        {"lines": ["the sky", "", "the wind"], "beam": 3, "max_length": 12, "glossary": [["sky", "grey"]]},
        lambda given: {"translations": seqcli.load(MT).translate(**given)},
    ),
    "tag": (
        {"sentences": ["the sky is", "THE river-bed"]},
        lambda given: {"taggings": [tagged(found) for found in seqcli.load(TAG).tag(given["sentences"])]},
    ),
}


@pytest.mark.parametrize("name", list(ANSWERS))
def test_it_answers_what_python_does(server: Server, name: str) -> None:
    body, expected = ANSWERS[name]
    status, answer = server.ask(f"/{name.split()[0]}", body)
    assert status == 200, answer
    assert same(answer, expected(body))


def test_recordings_are_transcribed(server: Server, tmp_path: Path) -> None:
    recording = tmp_path / "x.wav"
    soundfile.write(recording, np.sin(np.arange(12000) ** 1.4 / 50), 8000)
    status, answer = server.ask("/transcribe?words=true&beam=3&model=v1.asr", recording.read_bytes())
    expected = seqcli.load(ASR).transcribe(recording, words=True, beam=3)
    assert status == 200, answer
    assert (answer["text"], answer["seconds"]) == (expected.text, expected.seconds)
    assert [(word["word"], word["start"]) for word in answer["words"]] == [(w.text, w.start) for w in expected.words]
    status, answer = server.ask("/transcribe", b"RIFF no sound")
    assert status == 422
    assert answer["error"].startswith("the recording: is no sound that can be read")
    assert server.ask("/transcribe?beam=x", b"RIFF")[1]["error"] == "beam must be a whole number, not 'x'"
    assert "unknown option 'lm'" in server.ask(f"/transcribe?lm={LM}", b"RIFF")[1]["error"]


COLUMNS = {name: [row[name] for row in SALES] for name in ("month", "sales")}


@pytest.mark.parametrize("data", [CSV, SALES, COLUMNS], ids=["text", "rows", "columns"])
@pytest.mark.parametrize("model", [None, "v1.forecast-2"])
def test_tables_are_forecast(server: Server, data: Any, model: str | None) -> None:
    options = {"horizon": 3, "levels": [80]}
    status, answer = server.ask("/forecast", {"data": data, "model": model, **options})
    assert status == 200, answer
    expected = seqcli.forecast(io.StringIO(CSV), model=FORECASTER if model else None, **options)
    assert answer["rows"] == [pytest.approx(row) for row in expected.rows()]
    assert (answer["season"], answer["horizon"], answer["frequency"]) == (12, 3, "monthly")
    assert answer["accuracy"] == expected.verdict


def test_many_series_are_forecast_without_training(server: Server) -> None:
    rows = [{"shop": shop, **row} for shop in range(60) for row in SALES]
    status, answer = server.ask("/forecast", {"data": rows, "horizon": 2})
    assert status == 200, answer
    assert len(answer["rows"]) == 120


def test_covariates_are_tables_too(server: Server) -> None:
    future = [{"month": f"2022-0{month}", "promo": month % 2} for month in (1, 2, 3)]
    asked = {"data": PROMOTED, "covariates": ["promo"], "future": future, "holidays": "day\n2022-01-01\n"}
    status, answer = server.ask("/forecast", asked)
    assert status == 200, answer
    assert [row["month"] for row in answer["rows"]] == ["2022-01", "2022-02", "2022-03"]


REFUSED = [
    ("/generate", b'{"prompts": ', 400, "the request is no JSON"),
    ("/generate", b'{"temperature": NaN}', 400, "NaN is no number"),
    ("/generate", b"[" * 100_000, 400, "the request is no JSON"),
    ("/generate", b"\xff{}", 400, "the request is no JSON"),
    ("/generate", b'["the"]', 400, "the request is no JSON object"),
    ("/generate", b'{"prompts": "\\ud83d"}', 400, "half a character"),
    ("/generate", {"max_token": 5}, 422, "unknown option 'max_token'; did you mean 'max_tokens'?"),
    ("/generate", {"device": "cuda"}, 422, "unknown option 'device'"),
    ("/generate", {"max_tokens": 0}, 422, "max_tokens must be 1 or more"),
    ("/generate", {"max_tokens": "5"}, 422, "max_tokens must be a whole number, not '5'"),
    ("/generate", {"prompts": {"a": 1}}, 422, "prompts must be one text or a list of them"),
    ("/generate", {"prompts": [1]}, 422, "prompts must be text, not 1"),
    ("/generate", {"samples": 2000}, 422, "more than 1,024 texts at once"),
    ("/generate", {"model": "other"}, 404, "there is no model 'other'"),
    ("/generate", {"model": LM}, 404, "there is no model '/"),
    ("/generate", {"model": ["v1.lm"]}, 404, "there is no model ['v1.lm']"),
    ("/generate", {"model": "v1.tag"}, 404, "v1.tag is no language model"),
    ("/score", {"lines": "a"}, 422, "several models can score"),
    ("/score", {"lines": "a", "model": "v1.mt"}, 422, "pairs is missing"),
    ("/score", {"pairs": [["a"]], "model": "v1.mt"}, 422, "pairs: give a list of pairs of texts"),
    ("/translate", {"lines": "a", "keep": "("}, 422, "keep"),
    ("/translate", {"lines": "a", "glossary": "/etc/passwd"}, 422, "glossary: give a list of pairs of texts"),
    (
        "/translate",
        {"lines": "a", "glossary": [["sky", ""]]},
        422,
        "a term of the glossary, or its translation, is empty",
    ),
    ("/forecast", {"data": CSV, "future": CSV, "model": "v1.forecast-2"}, 422, "was trained without covariates"),
    ("/forecast", {"data": CSV, "level": 5}, 422, "unknown option 'level'; did you mean 'levels'?"),
    ("/forecast", {"data": CSV, "save": "x"}, 422, "unknown option 'save'"),
    ("/forecast", {"data": 5}, 422, "data: give rows, columns or the text of a table"),
    ("/forecast", {"data": [{"a": [1]}]}, 422, "the data: is JSON, but not a table"),
    ("/forecast", b'{"data": ' + b"[" * 400 + b"]" * 400 + b"}", 422, "the data: is JSON, but not a table"),
    ("/forecast", {"data": CSV, "holidays": [{"a": "x"}]}, 422, "holidays: has no column of dates"),
    ("/forecast", {"data": CSV, "holidays": [5]}, 422, "holidays: is JSON, but not a table"),
    ("/forecast", {"data": PROMOTED, "covariates": "promo", "future": CSV}, 422, "future: has no column 'promo'"),
    ("/nothing", {}, 404, "not found"),
    ("/generate", None, 405, "method not allowed"),
]


@pytest.mark.parametrize(("path", "body", "status", "message"), REFUSED, ids=lambda value: str(value)[:40])
def test_it_refuses(server: Server, path: str, body: Any, status: int, message: str) -> None:
    found, answer = server.ask(path, body)
    assert found == status, answer
    assert set(answer) == {"error", "hint"}
    assert message in answer["error"]


def test_its_messages_are_pythons(server: Server) -> None:
    with pytest.raises(seqcli.UsageError) as raised:
        generated(prompts="a", top_p=2.0)
    assert server.ask("/generate", {"prompts": "a", "top_p": 2.0})[1]["error"] == raised.value.message


def test_no_file_is_read_by_its_name(server: Server, tmp_path: Path) -> None:
    table = tmp_path / "sales.csv"
    table.write_text(CSV)
    for given in ({"data": str(table)}, {"data": PROMOTED, "covariates": "promo", "future": str(table)}):
        status, answer = server.ask("/forecast", given)
        assert (status, "no rows" in answer["error"]) == (422, True), answer
    for verb in VERBS:
        named = {name for name, found in declarations(verb.body).items() if found.option.kind == "file"}
        assert not (named | declarations(verb.body).keys()) & (OURS | {"lm", "save"} | named)


def test_pages_of_other_sites_are_kept_out(server: Server) -> None:
    assert server.ask("/health", Host="example.com")[0] == 403
    port = urlsplit(server.url).port
    assert server.ask("/health", Host=f"localhost:{port}") == (200, {"status": "ok", "version": seqcli.__version__})
    assert server.ask("/generate", {"prompts": "a"}, Content_Type="text/plain")[0] == 415


def test_models_and_their_options_are_described(server: Server) -> None:
    status, models = server.ask("/models")
    assert status == 200
    assert [(model["name"], model["task"]) for model in models] == [
        *(("v1.lm", "lm"), ("v1.mt", "mt"), ("v1.tag", "tag"), ("v1.asr", "asr"), ("v1.forecast-2", "forecast"))
    ]
    paths = server.ask("/openapi.json")[1]["paths"]
    assert set(paths) == {"/health", "/models", *(f"/{verb.name}" for verb in VERBS)}
    schema = paths["/generate"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert schema["properties"]["model"]["enum"] == ["v1.lm"]
    assert schema["properties"]["top_p"] == {
        "description": "Sample from the likeliest tokens that together have this probability.",
        "type": "number",
        "exclusiveMinimum": 0,
        "maximum": 1,
        "default": 1.0,
    }
    score = paths["/score"]["post"]["requestBody"]["content"]["application/json"]["schema"]["oneOf"]
    assert [one["required"] for one in score] == [["lines"], ["pairs"]]
    query = paths["/transcribe"]["post"]["parameters"]
    assert {one["name"] for one in query} == {"model", "words", "beam", "open_words"}


def test_the_page_of_options_needs_no_network(server: Server) -> None:
    with urllib.request.urlopen(f"{server.url}/", timeout=60) as answer:  # leads to /docs
        page = answer.read().decode()
    assert not re.search(r"<script|<link|@import|src=|https?://(?!127\.0\.0\.1)", page)
    for verb in VERBS:
        assert f"<code>POST /{verb.name}</code>" in page
        assert all(f"<code>{name}</code>" in page for name in declarations(verb.body))
    assert "one of: v1.lm<" in page
    assert "Sample from the likeliest tokens that together have this probability. <small>above: 0; at most: 1" in page
    calls = [shlex.split(html.unescape(call)) for call in re.findall(r"<pre>(curl --json .*)</pre>", page)]
    for _, _, body, url in calls:
        data = CSV if "data" in (asked := json.loads(body)) else None
        status, answered = server.ask(urlsplit(url).path, asked | ({"data": data} if data else {}))
        assert status == 200, (body, url, answered)


def test_many_clients_at_once(server: Server) -> None:
    def answers(number: int) -> bool:
        if number % 2:
            found = server.ask("/tag", {"sentences": ["the sky is"] * number})[1]["taggings"]
            return [one["labels"] for one in found] == [labels] * number
        asked = {"prompts": "the", "seed": number, "max_tokens": 20}
        return server.ask("/generate", asked) == (200, {"texts": [texts[number]]})

    model, labels = seqcli.load(LM), seqcli.load(TAG).tag("the sky is").labels
    texts = [model.generate("the", seed=number, max_tokens=20) for number in range(24)]
    with ThreadPoolExecutor(12) as clients:
        assert all(clients.map(answers, range(24)))


@pytest.mark.parametrize("chunked", [False, True])
def test_what_is_too_large_is_refused(strict: Server, chunked: bool) -> None:
    body = b'{"prompts": "' + b"a" * 300_000 + b'"}'
    connection = http.client.HTTPConnection(urlsplit(strict.url).netloc, timeout=60)
    parts = iter([body[:1000], body[1000:]]) if chunked else body
    connection.request("POST", "/generate", parts, {"Content-Type": "application/json"}, encode_chunked=chunked)
    response = connection.getresponse()
    assert response.status == 413
    assert json.load(response)["error"] == "the request has more than 2,000 bytes"
    connection.close()


def test_what_takes_too_long_is_ended_and_its_model_answers_again(strict: Server) -> None:
    started = time.monotonic()
    with ThreadPoolExecutor(3) as clients:
        found = list(clients.map(lambda _: strict.ask("/generate", ENDLESS), range(3)))
    assert time.monotonic() - started < 20
    assert {status for status, _ in found} == {503}
    assert {answer["error"] for _, answer in found} & {"this takes more than 2 s"}
    asked = {"prompts": "the sky", "max_tokens": 4}
    deadline = time.monotonic() + 60  # the model is read again
    while (answer := strict.ask("/generate", asked))[0] == 503 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert answer == (200, {"texts": [generated(**asked)]})


def test_a_request_that_does_not_come_is_given_up(strict: Server) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(strict.url).port or 0), timeout=60) as connection:
        connection.sendall(b"POST /generate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
        assert connection.recv(1000).startswith(b"HTTP/1.1 408")


def test_connections_without_a_request_are_given_up(strict: Server) -> None:
    """They would take the places of others, of which there are 256."""
    place = ("127.0.0.1", urlsplit(strict.url).port or 0)
    idle = [socket.create_connection(place, timeout=60) for _ in range(256)]
    assert strict.ask("/health") == (503, {"error": "256 connections are open", "hint": "ask again later"})
    for connection in idle[1:]:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost:")
    assert all(connection.recv(100) == b"" for connection in idle)
    for connection in idle:
        connection.close()
    assert strict.ask("/health")[0] == 200


def test_a_kept_connection_is_given_up_in_the_middle_of_a_head(strict: Server) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(strict.url).port or 0), timeout=60) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        while not answer.endswith(b"}"):
            answer += connection.recv(10_000)
        assert answer.startswith(b"HTTP/1.1 200")
        connection.sendall(b"GET /health HTTP/1.1\r\n")
        assert connection.recv(100) == b""


def test_a_file_that_has_changed_is_not_read_again(strict: Server, copied: Path) -> None:
    shutil.copy(TAG, copied)
    assert strict.ask("/generate", {"prompts": "a"})[0] == 200
    assert strict.ask("/generate", ENDLESS)[0] == 503
    status, answer = strict.ask("/generate", {"prompts": "a"})
    assert (status, answer["error"]) == (500, "the file of v1.lm has changed since it was read")


def test_a_first_signal_lets_it_answer() -> None:
    with serving(LM) as server, ThreadPoolExecutor(1) as client:
        asked = {"prompts": "the sky", "max_tokens": 5_000}
        answer = client.submit(server.ask, "/generate", asked)
        time.sleep(0.3)
        assert server.end(signal.SIGTERM) == 143
        assert answer.result() == (200, {"texts": [generated(**asked)]})


def test_a_second_signal_ends_it_at_once() -> None:
    with serving(LM) as server, ThreadPoolExecutor(1) as client:
        answer = client.submit(server.ask, "/generate", ENDLESS)
        time.sleep(0.5)
        assert server.end(signal.SIGINT, signal.SIGINT) == 130
        with pytest.raises(OSError, match=r"closed|reset"):
            answer.result()


def test_what_cannot_be_served_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    damaged, twin = tmp_path / "damaged.safetensors", tmp_path / "v1.lm.safetensors"
    damaged.write_bytes(Path(LM).read_bytes()[:-1])
    twin.write_bytes(Path(LM).read_bytes())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert run(["serve", "--port", port]) == 1
        assert f"error: 127.0.0.1:{port}: Address already in use\nhint: " in capsys.readouterr().err
    assert run(["serve", "--port", "0", LM, str(damaged)]) == 4
    assert run(["serve", "--port", "0", LM, str(twin)]) == 2
    assert "two models are called v1.lm" in capsys.readouterr().err
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert run(["serve"]) == 2
    assert "hint: pip install 'seqcli[serve]'" in capsys.readouterr().err
