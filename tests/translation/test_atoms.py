"""Words of a closed set as one token each."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from seqcli.errors import CheckpointError
from seqcli.files.checkpoint import load_checkpoint
from seqcli.training.pipeline import train
from seqcli.translation.atoms import MOST, Atoms
from seqcli.translation.options import TrainRequest, TranslateRequest
from seqcli.translation.preprocessing import BLOB, Preprocessing
from seqcli.translation.score import score_pairs
from seqcli.translation.train import TASK
from seqcli.translation.translate import Translator
from seqcli.translation.units import choose_units
from tests.translation.conftest import PAIRS, write_pairs

LETTERS = "abdefiklmnoprstu"
SOUNDS = dict(zip(LETTERS, [f"{letter.upper()}{n % 2}" for n, letter in enumerate(LETTERS)], strict=True))
SPELLINGS = ["".join(letters) for letters in itertools.permutations(LETTERS, 3)]
SAID = [(word, " ".join(SOUNDS[letter] for letter in word)) for word in SPELLINGS]
TAGS = ("V;NFIN", "V;IND;PST", "V;V.PTCP;PRS")
ENDINGS = dict(zip(TAGS, ("en", "te", "end"), strict=True))
FORMS = [(f"{word} {tag}", word + ending) for word in SPELLINGS for tag, ending in ENDINGS.items()]
SUMS = [(f"{a}+{b}", str(a + b)) for a, b in itertools.product(range(40), range(40))]
SHOUTED = [(f"{a} {b}".upper(), f"{a} {b}") for a, b in itertools.pairwise(SPELLINGS)]


def test_sounds_are_one_token_each() -> None:
    atoms = Atoms.of(SAID)
    assert set(atoms.target) == {f" {sound}" for sound in SOUNDS.values()}
    assert not atoms.source
    assert len(atoms.write("K0 A0 T0")) == 3
    assert atoms.spell(atoms.write("K0 A0 T0")) == " K0 A0 T0"


def test_features_are_one_token_each_beside_a_lemma_that_is_spelt() -> None:
    atoms = Atoms.of(FORMS)
    assert set(atoms.source) == {" V", ";NFIN", ";IND", ";PST", ";V", ".PTCP", ";PRS"}
    assert not atoms.target
    assert len(atoms.read("gehen V;IND;PST")) == len("gehen") + 3
    assert atoms.spell(atoms.read("gehen V;IND;PST")) == "gehen V;IND;PST"
    assert atoms.read("gehen V;OPT") == "gehen V;OPT"  # what was never seen is spelt


@pytest.mark.parametrize("pairs", [SUMS, SHOUTED, [("A man.", "Ein Mann.")], [(t, s) for s, t in SHOUTED]])
def test_open_sets_are_spelt(pairs: list[tuple[str, str]]) -> None:
    assert Atoms.of(pairs) == Atoms()


@pytest.mark.parametrize("text", ["K0 A0 T0", "K0", "K0 zz T0", "zz K0", "zz yy", ""])
def test_what_is_written_is_spelt_as_it_was(text: str) -> None:
    atoms = Atoms(target=(" K0", " A0", " T0"))
    assert atoms.spell(atoms.write(text)).strip() == text


def test_letters_with_blanks_between_are_no_subwords() -> None:
    apart = [(" ".join(source), " ".join(source[::-1])) for source in SPELLINGS]
    assert choose_units(apart).kind == "char"
    assert len(Atoms.of(apart).target) == len(LETTERS)
    assert choose_units(PAIRS).kind == "subword"


@pytest.mark.parametrize("values", [{"source": [1], "target": []}, {"source": [], "target": [""]}, None])
def test_damaged_atoms_are_refused(values: object) -> None:
    data = Preprocessing(normalises=True).to_bytes()
    assert Preprocessing.of({BLOB: data}).atoms == Atoms()
    damaged = data.replace(
        b'"atoms": {"source": [], "target": []}', b'"atoms": ' + repr(values).replace("'", '"').encode()
    )
    with pytest.raises(CheckpointError, match="damaged"):
        Preprocessing.of({BLOB: damaged.replace(b"None", b"null")})


def test_too_many_are_refused() -> None:
    with pytest.raises(ValueError, match="closed set"):
        Atoms(tuple(f" {n}" for n in range(MOST + 1)))


def test_a_model_of_sounds_writes_sounds(tmp_path: Path) -> None:
    pairs = write_pairs(tmp_path / "said.tsv", SAID[::6])
    request = TrainRequest(pairs=(pairs,), output=tmp_path / "said.mt.safetensors", steps=40, hidden=32)
    checkpoint = load_checkpoint(train(TASK, request).path, task="mt")
    translator = Translator.load([checkpoint], TranslateRequest(glossary=[("a", "K0 T0")]))
    (found,) = translator.translate(["kit"], attention=True)
    assert set(found.text.split()) <= set(SOUNDS.values())
    assert found.candidates[0].pieces == tuple(f" {sound}" for sound in found.text.split())
    (forced,) = translator.translate(["a"])
    assert "K0 T0" in forced.text
    scores = score_pairs(translator.decoders[0], translator.tokenizer, SAID[:2], preprocessing=translator.preprocessing)
    assert [len(score.pieces) for score in scores] == [4, 4]
