"""What a tagger takes over from a language model: which vectors, for which words, and which models are refused."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

import seqcli
from seqcli.cli.app import run
from seqcli.errors import CheckpointError, UsageError
from seqcli.files.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from seqcli.tagging import pretrained
from seqcli.tagging.labelling import Labelling
from seqcli.tagging.lexicon import KNOWN, UNKNOWN, Lexicon
from seqcli.tagging.pretrained import Vectors
from seqcli.text.characters import CharTokenizer
from seqcli.text.tokenizer import Tokenizer, train_tokenizer
from seqcli.text.words import WordTokenizer

WORDS = sorted({"".join(random.Random(n).choices("aeiouklmnrst", k=6)) for n in range(400)})
FRUITS, TOOLS = WORDS[::2], WORDS[1::2]
SMALL = ["--hidden", "12", "--embedding", "4", "--dropout", "0.1", "--learning-rate", "0.02", "--precision", "fp32"]


def language_model(tokenizer: Tokenizer, width: int = 6) -> Checkpoint:
    """A language model with random vectors; a tagger reads no other part of it."""
    vectors = np.random.default_rng(3).normal(size=(tokenizer.size, width)).astype(np.float32)
    return Checkpoint("lm", {}, {"embedding": vectors}, {"tokenizer": tokenizer.to_bytes()})


def distances(rows: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.linalg.norm(rows[:, None] - rows[None], axis=2)
    return found


def test_of_several_spellings_the_most_frequent_counts():
    words = ["the", "The", "12", "Dog", "34", "THE", "dog"]
    model = language_model(WordTokenizer(words, False))
    vectors = Vectors.of(model, "word")
    assert vectors.forms == ["the", "00", "dog"]
    places = [2 + words.index(word) for word in ("the", "12", "Dog")]
    assert (vectors.table == model.tensors["embedding"][places]).all()
    assert (vectors.unknown == model.tensors["embedding"][0]).all()


@pytest.mark.parametrize("width", [6, 9])
def test_words_that_the_language_model_knows_lie_as_far_apart_as_there(width):
    vectors = Vectors.of(language_model(WordTokenizer(["a", "b", "c", "d"], False)), "word")
    lexicon = Lexicon("word", ["d", "new", "a", "c", "b"])
    table = np.full((len(lexicon.words) + KNOWN, width), 7.0, np.float32)
    vectors.fill(table, lexicon)
    rows = [KNOWN + lexicon.words.index(word) for word in vectors.forms]
    expected = distances(np.concatenate((vectors.table, vectors.unknown[None])))
    found = distances(table[[*rows, UNKNOWN]])
    assert found / found.max() == pytest.approx(expected / expected.max(), abs=1e-5)
    assert (table[KNOWN + 1] == 7.0).all()  # "new" stays as it was


def test_a_narrow_table_keeps_the_strongest_directions():
    model = language_model(WordTokenizer([*FRUITS, *TOOLS], False))
    embedding = model.tensors["embedding"]
    embedding[:, 4] += np.where(np.arange(len(embedding)) < KNOWN + len(FRUITS), 50, -50)
    table = np.zeros((KNOWN + len(WORDS), 1), np.float32)
    Vectors.of(model, "word").fill(table, Lexicon("word", [*FRUITS, *TOOLS]))
    fruits, tools = np.sign(table[KNOWN:][: len(FRUITS)]), np.sign(table[KNOWN:][len(FRUITS) :])
    assert abs(fruits.sum()) == len(FRUITS)
    assert (tools == -fruits[0]).all()


def test_the_rarest_words_are_left_out_and_that_is_said(monkeypatch):
    monkeypatch.setattr(pretrained, "MOST", 3)
    vectors = Vectors.of(language_model(WordTokenizer(["a", "b", "c", "d", "e"], False)), "word")
    assert (vectors.forms, vectors.left_out, len(vectors.table)) == (["a", "b", "c"], 2, 3)
    said = vectors.describe(Lexicon("word", ["b", "x"]))
    assert said == "the language model knows 1 of 2 different words and adds 2 to the vocabulary (not its 2 rarest)"


def test_new_characters_leave_the_pairs_as_they_are():
    texts = ["北京欢迎你", "你欢迎北京", "北京"]
    lexicon = Lexicon.learn(texts, "character")
    more = lexicon.with_more(["京", "新", "世"])
    assert more.words == [*lexicon.words, "新", "世"]
    starts = np.array([0, 5, 10, 12])
    ids = [one.character_ids("".join(texts)) for one in (lexicon, more)]
    assert (ids[0] == ids[1]).all()
    before, after = lexicon.pair_ids(ids[0], starts), more.pair_ids(ids[1], starts)
    assert (before == after).all()
    assert (before >= KNOWN).any()


@pytest.mark.parametrize(
    ("tokenizer", "unit", "part"),
    [
        (CharTokenizer("abc"), "word", "one of characters, the steps to label are words"),
        (WordTokenizer(["a"], False), "character", "one of words, the steps to label are characters"),
        (train_tokenizer("subword", ["some words of a text\n" * 20]), "word", "one of subwords"),
    ],
)
def test_a_model_that_reads_something_else_is_refused(tokenizer, unit, part):
    with pytest.raises(UsageError, match=part):
        Vectors.of(language_model(tokenizer), unit)


def test_a_model_of_another_language_or_without_vectors_is_refused():
    with pytest.raises(UsageError, match="knows none of the words"):
        Vectors.of(language_model(WordTokenizer(["le", "chat"], False)), "word").describe(Lexicon("word", ["the"]))
    with pytest.raises(CheckpointError, match="no embedding"):
        Vectors.of(Checkpoint("lm", {}, {}, {"tokenizer": CharTokenizer("a").to_bytes()}), "character")


@pytest.fixture
def kinds(tmp_path: Path) -> Path:
    """A folder with single words labelled by kind, which only a language model's vectors tell of the other words."""
    model = language_model(WordTokenizer([*FRUITS, *TOOLS], False))
    model.tensors["embedding"][KNOWN:, 0] += [8] * len(FRUITS) + [-8] * len(TOOLS)
    save_checkpoint(tmp_path / "words.lm.safetensors", model)
    labelled = [f"{word} FRUIT\n\n" for word in FRUITS] + [f"{word} TOOL\n\n" for word in TOOLS]
    random.Random(1).shuffle(labelled)
    (tmp_path / "seen.conll").write_text("".join(labelled[100:]))
    (tmp_path / "unseen.conll").write_text("".join(labelled[:100]))
    return tmp_path


def test_words_never_labelled_are_known_by_the_language_model(kinds, capsys):
    command = ["train-tagger", str(kinds / "seen.conll"), *SMALL, "--steps", "60"]
    models = [str(kinds / f"{name}.tag.safetensors") for name in ("without", "with")]
    assert run([*command, "-q", "-o", models[0]]) == 0
    assert run([*command, "-o", models[1], "--init-from", str(kinds / "words.lm.safetensors")]) == 0
    assert "knows 270 of 270 different words and adds 130 to the vocabulary" in capsys.readouterr().err
    without, knowing = (seqcli.load(model).evaluate(str(kinds / "unseen.conll"))["accuracy"] for model in models)
    assert knowing > 0.8
    assert without < 0.65


def test_a_resumed_run_keeps_what_was_taken_over(kinds):
    start = ["--init-from", str(kinds / "words.lm.safetensors")]
    whole, parts = str(kinds / "whole.tag.safetensors"), str(kinds / "parts.tag.safetensors")
    command = ["train-tagger", str(kinds / "seen.conll"), *SMALL, "-q"]
    assert run([*command, "--steps", "6", *start, "-o", whole]) == 0
    assert run([*command, "--steps", "3", *start, "-o", parts]) == 0
    assert run([*command, "--steps", "6", "--resume", "-o", parts]) == 0
    one, other = load_checkpoint(Path(whole)), load_checkpoint(Path(parts))
    assert set(WORDS) <= set(Labelling.from_blobs(one.blobs).lexicon.words)
    assert one.blobs == other.blobs
    assert one.tensors["words"].shape == other.tensors["words"].shape


def test_a_model_of_another_task_is_refused(kinds, capsys):
    model = str(Path(__file__).parent.parent / "fixtures" / "v1.mt.safetensors")
    output = kinds / "x.tag.safetensors"
    assert run(["train-tagger", str(kinds / "seen.conll"), "--init-from", model, "-o", str(output)]) == 4
    assert "is a translation model, a tagger or a language model is needed" in capsys.readouterr().err
    assert not output.exists()
