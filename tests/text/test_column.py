"""Columns of tables as text: what is taken for a table, its header, its quotes."""

from __future__ import annotations

import json

import pytest

from seqcli.errors import DataError
from seqcli.text.column import column_names, items, row_columns

TEXTS = ["One, two.", '"Go!" he said.', "three"]
OBJECTS = [{"id": n, "text": text} for n, text in enumerate(TEXTS)]


def cells(table: str, column: str) -> tuple[list[str], list[str], list[str]]:
    """Column names, cells and notices."""
    said: list[str] = []
    names, found = items(iter(table.split("\n")[:-1]), column, "t", said.append)
    return names, [cell for cell, _ in found], said


@pytest.mark.parametrize(
    "table",
    [
        json.dumps(OBJECTS) + "\n",
        json.dumps(OBJECTS, indent=1) + "\n",
        json.dumps({"data": OBJECTS}, indent=1) + "\n",
        "".join(json.dumps(row) + "\n" for row in OBJECTS),
    ],
)
def test_objects_in_json(table: str) -> None:
    assert cells(table, "text") == (["id", "text"], TEXTS, [])
    assert column_names(table) == ["id", "text"]
    with pytest.raises(DataError, match=r"has no 'title' \(id, text\)"):
        cells(table, "title")


def test_a_list_in_json_is_no_table_of_lines() -> None:
    assert not row_columns(json.dumps(OBJECTS, indent=1))


@pytest.mark.parametrize("table", ["[]\n", '["a", "b"]\n', '[{"text": "a"}\n'])
def test_json_without_objects_is_an_error(table: str) -> None:
    with pytest.raises(DataError) as refused:
        cells(table, "text")
    assert refused.value.hint


def test_quotes_in_tabbed_text_stay() -> None:
    table = "id\ttext\n" + "".join(f"{n}\t{text}\n" for n, text in enumerate([*TEXTS, '"Open', 'closed"']))
    assert cells(table, "text")[1] == [*TEXTS, '"Open', 'closed"']
    assert column_names(table) == ["id", "text"]


def test_a_table_without_a_header_loses_no_row() -> None:
    table = "".join(f"{n}\t{text}\n" for n, text in enumerate(TEXTS))
    assert cells(table, "2") == (["1", "2"], TEXTS, [])
    assert column_names(table) == ["1", "2"]
    assert cells("id,text\n" + "1,a\n" * 3, "2") == (
        ["id", "text"],
        ["a"] * 3,
        ["t: line 1 is taken for a header (id, text)"],
    )


@pytest.mark.parametrize(
    ("table", "names"),
    [
        (",text\n" + "0,a b\n" * 5, ["", "text"]),  # as pandas writes its index
        ("_id,text\n" + "0,a b\n" * 5, ["_id", "text"]),
        ('text\n"a, b"\nc\n"d ""e"""\n', ["text"]),
        ('Title\n"Go on," he said.\n"No."\n', []),
        ('Title\n"Yes."\n"No."\n', []),
        ("\ta b\n" * 5, []),  # indented
        ('"0","1467","Is this, then, it?"\n' * 12, ["1", "2", "3"]),
        ("one, two, three\n" * 12, []),
        ("1,2\n" * 5, []),
    ],
)
def test_what_is_a_table(table: str, names: list[str]) -> None:
    assert column_names(table) == names


def test_lists_are_found_in_the_beginning_of_a_text() -> None:
    assert column_names(json.dumps(OBJECTS)[:-20]) == ["id", "text"]
    assert not column_names("[" * 100_000 + '{"a": 1}')
    assert not column_names("[1, 2]\n" * 5)


@pytest.mark.parametrize("table", ["label,text\n1,Well, no\n", "label\ttext\n1\tWell\tno\n", "1,Well\n1,Well, no\n"])
def test_a_row_with_more_cells_than_the_first_is_an_error(table: str) -> None:
    with pytest.raises(DataError, match="line 2: has 3 cells instead of 2") as refused:
        cells(table, "2")
    assert "quotes" in refused.value.hint


def test_separators_at_the_end_of_a_row_are_nothing() -> None:
    assert cells("label,text\n1,Well,,\n", "text")[1] == ["Well"]


def test_marks_within_quotes_of_the_first_row_separate_nothing() -> None:
    assert cells('1,"one; two"\n2,three\n', "2") == (["1", "2"], ["one; two", "three"], [])


def test_a_long_name_above_figures_is_a_header() -> None:
    table = "No. of the item,Text that people were shown there\n" + "".join(f"{n},a dog\n" for n in range(9))
    names, found, said = cells(table, "2")
    assert names == ["No. of the item", "Text that people were shown there"]
    assert found == ["a dog"] * 9
    assert "line 1 is taken for a header" in said[0]


def test_a_blank_may_stand_before_quotes() -> None:
    table = 'who, said\n"Ann", "Yes, it is."\n"Bo", "No."\n'
    assert cells(table, "said")[1] == ["Yes, it is.", "No."]
