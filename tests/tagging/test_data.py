"""Labelled files as a training reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from seqcli.errors import DataError
from seqcli.tagging.data import open_labelled
from seqcli.tagging.formats.columns import Columns
from seqcli.tagging.labelling import Labelling
from seqcli.tagging.labels import LabelSet
from seqcli.tagging.lexicon import Lexicon
from seqcli.tagging.options import TrainRequest
from seqcli.tagging.schemes import SCHEMES
from seqcli.tagging.words import WordRule


def test_a_label_that_the_model_to_start_from_does_not_know_is_named(tmp_path: Path) -> None:
    (bilou,) = (scheme for scheme in SCHEMES if scheme.name == "BILOU")
    steps, labels = ["New", "York", "Ann"], ["B-LOC", "L-LOC", "U-PER"]
    base = Labelling(Lexicon.learn([steps], "word"), LabelSet.learn([labels], bilou), Columns(), WordRule())
    lines = [f"{step}\t{label}" for step, label in zip(steps, labels, strict=True)]
    path = tmp_path / "more.conll"
    path.write_text("\n".join([*lines, "", *lines, "Acme\tU-ORG", ""] * 2))
    with pytest.raises(DataError, match="does not know the label 'U-ORG'"):
        open_labelled(TrainRequest(data=(str(path),), valid=(str(path),)), base)


def test_places_are_named_in_the_file_that_has_them(tmp_path: Path) -> None:
    whole, other = tmp_path / "whole.conll", tmp_path / "other.conll"
    whole.write_text("Ann\tB-X\nran\tO\n\n" * 20)
    for lines, said in (
        ("Bo\tO\nLi\tI-X\n\n", "broken chunks at line 2"),
        ("Bo\tB-X\nran\t0\n\n", "line 2: '0' is no label"),
    ):
        other.write_text(lines)
        request = TrainRequest(data=(str(whole), str(other)), valid=(str(whole),))
        (note,) = (note for note in open_labelled(request).notes if "line 2" in note)
        assert note.startswith(str(other))
        assert said in note
