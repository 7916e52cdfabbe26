"""Quotes in lines with TABs: the text's own, or those of a CSV writer."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest

from seqcli.errors import DataError
from seqcli.text.tab_cells import tab_rows

TEXTS = ["plain", 'She said "yes", twice.', "two\nlines", "a\tTAB", "one, two", '"Quoted."', ""]
PLAIN = "".join(f"{n}\teng\tline {n}\n" for n in range(300))


def read(text: str) -> list[list[str]]:
    return [row for _, row in tab_rows(text.split("\n")[:-1], "t.tsv")]


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
@pytest.mark.parametrize("times", [1, 100])  # more lines than are looked at
def test_a_table_of_pandas_comes_back(quoting: int, times: int) -> None:
    rows = [[str(n), text] for n, text in enumerate(TEXTS * times)]
    frame = pd.DataFrame({"n": range(len(rows)), "text": [text for _, text in rows]})
    assert read(frame.to_csv(sep="\t", index=False, quoting=quoting, lineterminator="\n")) == [["n", "text"], *rows]


def test_a_spreadsheet_quotes_commas() -> None:
    assert read('1\t"one, two"\n2\tthree\n') == [["1", "one, two"], ["2", "three"]]
    assert read('0\tno, not\n1\t"one, two"\n2\tthree\n')[1] == ["1", '"one, two"']  # one that does not


@pytest.mark.parametrize(
    "lines",
    [
        '1\teng\t"Go!" he said.\n',
        '1\teng\t"Go away.\n2\teng\tI mean it."\n',  # a quotation over two rows
        '1\teng\t"Go away.\n',
        '1\teng\t"Go!"\n',
        '1\teng\t""\n',
        '1\teng\tan 8" disc\n2\teng\t"a\n',
    ],
)
@pytest.mark.parametrize(("before", "after"), [("", ""), (PLAIN, ""), ("", PLAIN), (PLAIN, PLAIN)])
def test_quotes_of_the_text_stay(lines: str, before: str, after: str) -> None:
    text = before + lines + after
    assert read(text) == list(csv.reader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))


def test_lines_are_counted() -> None:
    assert [n for n, _ in tab_rows(["a\tb", "", '1\t"""x""', 'y"', "2\tz"], "t")] == [1, 2, 4, 5]


def test_a_carriage_return_in_a_quoted_table_is_an_error() -> None:
    rows = ['1\t"say ""a"""'] * 300 + ["2\tb\rc"]
    with pytest.raises(DataError, match=r"t.tsv, line 301: cannot be read as CSV"):
        list(tab_rows(rows, "t.tsv"))


def test_lines_come_one_by_one_before_the_first_quote() -> None:
    def lines():
        yield "a\tb"
        raise AssertionError("read ahead")

    assert next(tab_rows(lines(), "t")) == (1, ["a", "b"])
