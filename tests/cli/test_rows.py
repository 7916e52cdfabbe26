"""Rows on standard output in their three forms."""

from __future__ import annotations

import csv
import io
import json

import pytest

from seqcli.cli import console
from seqcli.cli.rows import write_json, write_rows

ROWS = [{"id": 'a,"b"', "value": 0.1}, {"id": "天\n空", "value": None}, {"id": "NA", "value": float("nan")}]


def test_csv_reads_back(capsys):
    write_rows(["id", "value"], ROWS, "csv")
    out = capsys.readouterr().out
    assert list(csv.reader(io.StringIO(out))) == [["id", "value"], ['a,"b"', "0.1"], ["天\n空", ""], ["NA", "nan"]]
    assert "\r" not in out


def test_a_pipe_gets_csv_by_default(capsys):
    write_rows(["id"], [{"id": "x"}])
    assert capsys.readouterr().out == "id\nx\n"


def test_ndjson_reads_back_line_by_line(capsys):
    write_rows(["id", "value"], ROWS, "ndjson")
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["id"] for line in lines] == ['a,"b"', "天\n空", "NA"]
    assert json.loads(lines[2])["value"] is None
    assert "天" in lines[1]


def test_rows_go_out_as_they_come(capsys):
    def rows():
        yield {"id": 1}
        assert capsys.readouterr().out == "id\n1\n"
        yield {"id": 2}

    write_rows(["id"], rows(), "csv")
    assert capsys.readouterr().out == "2\n"


def test_table_shows_text_as_it_is(capsys):
    write_rows(["id", "value"], [{"id": "[bold]x[/bold] :smile: \x1b[2J", "value": 1234567.0}], "table")
    out = capsys.readouterr().out
    assert "[bold]x[/bold] :smile: \\x1b[2J" in out
    assert "1.23457e+06" in out


def test_a_column_of_a_table_has_one_number_of_decimals(capsys):
    rows = [{"a": 412.3, "b": 0.5, "c": 3e-9}, {"a": 1034.5678, "b": 12.0, "c": 100.0}, {"a": 2.0, "b": None, "c": 1.0}]
    write_rows(["a", "b", "c"], rows, "table")
    cells = [line.split() for line in capsys.readouterr().out.splitlines()[3:] if line.strip()]
    assert cells == [["412.30", "0.5", "3e-09"], ["1034.57", "12.0", "100"], ["2.00", "1"]]


def test_json_has_no_values_that_json_does_not_know(capsys):
    write_json({"a": [float("inf"), {"b": float("nan")}], "c": "é"})
    assert capsys.readouterr().out == '{"a": [null, {"b": null}], "c": "é"}\n'


def test_no_rows_are_a_header_and_unusable_input_is_nothing(capsys):
    write_rows(["id"], [], "csv")
    assert capsys.readouterr().out == "id\n"

    def rows():
        raise ValueError("unusable")
        yield

    with pytest.raises(ValueError, match="unusable"):
        write_rows(["id"], rows(), "csv")
    assert capsys.readouterr().out == ""


def test_a_message_is_one_line_whatever_stands_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    console.error("format version '1\nerror: forged\x1b[2J\u202e'", "hint\nhint: forged")
    said = capsys.readouterr().err
    assert said == "error: format version '1\\nerror: forged\\x1b[2J\\u202e'\nhint: hint\\nhint: forged\n"
