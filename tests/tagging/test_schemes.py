"""Chunk schemes: hand-worked examples, round trips of any chunks, and what seqeval reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqcli.tagging.schemes import BIOES, SCHEMES, nearly, recognise

EXAMPLES = {  # [New York]LOC [Paris]LOC saw [Ann]PER
    "IOB1": ["I-LOC", "I-LOC", "B-LOC", "O", "I-PER"],
    "IOB2": ["B-LOC", "I-LOC", "B-LOC", "O", "B-PER"],
    "BIOES": ["B-LOC", "E-LOC", "S-LOC", "O", "S-PER"],
    "BILOU": ["B-LOC", "L-LOC", "U-LOC", "O", "U-PER"],
    "BMES": ["B-LOC", "E-LOC", "S-LOC", "O", "S-PER"],
}
NAMED = {scheme.name: scheme for scheme in SCHEMES}
CHUNKS = [(0, 2, "LOC"), (2, 3, "LOC"), (4, 5, "PER")]


@st.composite
def sentences(draw: st.DrawFn) -> tuple[int, list[tuple[int, int, str]]]:
    """A length, and chunks that do not overlap."""
    place, chunks = 0, []
    for gap, size, kind in draw(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4), st.sampled_from("XY")))):
        chunks.append((place + gap, place + gap + size, kind))
        place += gap + size
    return place + draw(st.integers(0, 2)), chunks


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
def test_examples(scheme):
    assert scheme.labels(CHUNKS, 5) == EXAMPLES[scheme.name]
    assert scheme.chunks(EXAMPLES[scheme.name]) == (CHUNKS, [])


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
@given(sentences())
def test_chunks_survive_a_round_trip(scheme, sentence):
    length, chunks = sentence
    assert scheme.chunks(scheme.labels(chunks, length)) == (chunks, [])


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        (EXAMPLES["IOB1"], "IOB1"),
        (EXAMPLES["IOB2"], "IOB2"),
        (["B-LOC", "I-LOC", "E-LOC", "O"], "BIOES"),
        (["U-LOC", "O", "B-PER", "L-PER"], "BILOU"),
        (["B-LOC", "M-LOC", "E-LOC", "O"], "BMES"),
        (["B", "M", "E", "S"], "BMES"),
        (["B", "I", "O"], "IOB2"),
    ],
)
def test_schemes_are_recognised(labels, name):
    assert recognise([labels]) == NAMED[name]


@pytest.mark.parametrize(
    "labels", [["NOUN", "VERB"], ["B", "S"], ["O"], ["-LRB-", "NN"], ["B-X", "Q-X"], ["X", "O"], ["I-", "B-"]]
)
def test_tags_are_not_taken_for_chunks(labels):
    assert recognise([labels]) is None


@pytest.mark.parametrize(
    ("labels", "strange"),
    [
        (["b-per", "i-per", "o"], ["b-per", "i-per", "o"]),
        (["B_PER", "O"], ["B_PER"]),
        (["PER-B", "O", "PER-I"], ["PER-B", "PER-I"]),
        (["B-PER", "0", *["O"] * 9], ["0"]),
        (["B-PER", "X", *["O"] * 20], ["X"]),
        (["NOUN", "VERB"], []),
        (["B-PER", "X", "Y"], []),
        (["0", "1"], []),
    ],
)
def test_labels_that_look_like_those_of_chunks_and_are_none(labels, strange):
    assert nearly(labels) == strange


@pytest.mark.parametrize(
    ("name", "labels", "broken", "chunks"),
    [
        ("IOB2", ["O", "I-X", "I-X"], [1], [(1, 3, "X")]),
        ("IOB2", ["B-X", "I-Y"], [1], [(0, 1, "X"), (1, 2, "Y")]),
        ("IOB1", ["O", "B-X"], [1], [(1, 2, "X")]),
        ("BIOES", ["B-X", "O"], [0], [(0, 1, "X")]),
        ("BIOES", ["I-X", "E-X"], [0], [(0, 2, "X")]),
        ("BMES", ["B-X", "M-X"], [1], [(0, 2, "X")]),
        ("BMES", ["B-X", "B-X", "E-X"], [0], [(0, 1, "X"), (1, 3, "X")]),
    ],
)
def test_broken_chunks_are_found_where_they_break(name, labels, broken, chunks):
    assert NAMED[name].chunks(labels) == (chunks, broken)


def test_chunks_are_those_that_seqeval_finds():
    metrics = pytest.importorskip("seqeval.metrics.sequence_labeling")
    for name in ("IOB2", "BIOES", "BILOU"):
        scheme = NAMED[name]
        labels = scheme.labels(CHUNKS, 5)
        if name != "BILOU":  # get_entities does not read it
            found = [(start, end + 1, kind) for kind, start, end in metrics.get_entities(labels)]
            assert found == CHUNKS
    assert BIOES.chunks([]) == ([], [])
