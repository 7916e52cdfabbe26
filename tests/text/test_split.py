"""What is held out is what was asked for, from everywhere, and together with the rest it is the text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqcli.requests import ColumnRequest
from seqcli.text import split
from seqcli.text.sources import Sources
from seqcli.text.split import HeldLines, HeldStretches, hold_lines, hold_stretches, usual_share


def test_short_texts_hold_out_more_and_long_ones_less() -> None:
    assert usual_share(7_000) == 0.1
    assert usual_share(150_000) == pytest.approx(1 / 15)
    assert usual_share(1_000_000) == 0.05
    assert usual_share(10**9) == pytest.approx(0.001)


@given(st.lists(st.sampled_from(["a", "bb", "", " ", "c d"]), min_size=2), st.data())
def test_lines_in_both_parts_are_all_lines(lines: list[str], data: st.DataObject) -> None:
    filled = [line for line in lines if line.strip()]
    numbers = sorted(data.draw(st.sets(st.integers(0, max(len(filled) - 1, 0)), max_size=len(filled))))
    held = HeldLines(np.array(numbers if filled else [], np.int64))
    chunks = [line + "\n" for line in lines]
    out = "".join(held.part(chunks, held=True)).splitlines()
    assert out == [filled[number] for number in numbers if filled]
    rest = "".join(held.part(["".join(chunks)], held=False)).splitlines()
    assert sorted(out + rest) == sorted(filled)


@given(st.lists(st.text("ab\n", min_size=1), min_size=1), st.sets(st.integers(0, 60), min_size=2, max_size=2))
def test_stretches_cut_a_text_at_their_ends(chunks: list[str], edges: set[int]) -> None:
    start, stop = sorted(edges)
    text, held = "".join(chunks), HeldStretches(((start, stop),))
    assert "".join(held.part(chunks, held=True)) == text[start:stop]
    assert "".join(held.part(chunks, held=False)) == text[:start] + text[stop:]


def test_every_file_is_represented(tmp_path: Path) -> None:
    paths = []
    for number, length in enumerate((300, 20, 300, 2000)):
        paths.append(tmp_path / f"{number}")
        paths[-1].write_text(f"a line of file {number}\n" * length)
    sources = Sources(list(map(str, paths)), ColumnRequest())
    size = sources.measure()
    held = hold_stretches(sources, size, 0.05)
    text = "".join(held.part(sources.chunks(), held=True))
    assert len(text) == pytest.approx(0.05 * size.characters, rel=0.2)
    assert {line[-1] for line in text.splitlines()} >= {"0", "2", "3"}
    by_line = "".join(hold_lines(size, 0.05).part(sources.chunks(), held=True)).splitlines()
    assert len(by_line) == 131
    assert {line[-1] for line in by_line} == {"0", "1", "2", "3"}


def test_the_same_text_is_held_out_every_time(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("".join(f"{number}\n" for number in range(5000)))
    sources = Sources([str(tmp_path / "a")], ColumnRequest())
    size = sources.measure()
    assert hold_stretches(sources, size, 0.1) == hold_stretches(sources, size, 0.1)
    assert np.array_equal(hold_lines(size, 0.1).numbers, hold_lines(size, 0.1).numbers)


def test_lines_that_end_in_another_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    chunks = ["abcdef", "gh\nij", "kl\n"]
    assert split._line_starts(chunks, [2, 10], 100) == [9, 14]
    assert split._line_starts(chunks, [2, 10], 3) == [2, 10]
