"""Search against every alignment written out, and language models asked piece by piece against whole lines."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqcli.language.config import LanguageModelConfig
from seqcli.language.decoder import LanguageModelDecoder
from seqcli.language.score import score_lines
from seqcli.speech.alignment import align, words_of
from seqcli.speech.fusion import TextScorer
from seqcli.speech.options import SearchRequest
from seqcli.speech.search import beam_search
from seqcli.text.tokenizer import train_tokenizer

TEXT = "ab a\nba b\nbb\n"


def probabilities(seed: int, steps: int = 5, classes: int = 4, sharp: float = 1.5) -> np.ndarray:
    logits = sharp * np.random.default_rng(seed).normal(size=(steps, classes))
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def collapsed(path: tuple[int, ...], blank: int) -> tuple[int, ...]:
    return tuple(token for token, _ in itertools.groupby(path) if token != blank)


def all_sequences(log_probabilities: np.ndarray) -> dict[tuple[int, ...], float]:
    """log p of every sequence of tokens: the sum over all its alignments."""
    steps, classes = log_probabilities.shape
    found: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(classes), repeat=steps):
        p = sum(log_probabilities[t, token] for t, token in enumerate(path))
        tokens = collapsed(path, classes - 1)
        found[tokens] = np.logaddexp(found.get(tokens, -math.inf), p)
    return found


def test_greedy_leaves_out_repetitions_and_blanks():
    best = [3, 0, 0, 3, 0, 1, 1, 2, 3]
    given_ = np.log(np.eye(4)[best] * 0.9 + 0.01)
    assert beam_search(given_, SearchRequest(beam=1), train_tokenizer("char", ["a\n"])) == [0, 0, 1, 2]


@pytest.mark.parametrize("seed", range(20))
def test_a_wide_beam_finds_the_best_of_all_sequences(seed):
    given_ = probabilities(seed)
    tokenizer = train_tokenizer("char", ["a\n"])
    found = beam_search(given_, SearchRequest(beam=500), tokenizer)
    exact = all_sequences(given_)
    assert tuple(found) == max(exact, key=lambda tokens: exact[tokens])


def language_model(kind: str, seed: int = 0) -> tuple[LanguageModelDecoder, object]:
    tokenizer = train_tokenizer(kind, [TEXT])
    config = LanguageModelConfig(tokenizer.size, "gru", embedding=4, hidden=5, layers=2)
    random = np.random.default_rng(seed)
    tensors = {n: random.normal(0, 1.5, s).astype(np.float32) for n, s in config.parameter_shapes().items()}
    return LanguageModelDecoder(config, tensors), tokenizer


def in_pieces(scorer: TextScorer, pieces: list[str]) -> tuple[float, int]:
    context, total, words = scorer.start, 0.0, 0
    for piece in pieces:
        ((log_p, begun, context),) = scorer.extend([context], [piece])
        total, words = total + log_p, words + begun
    return total + scorer.finish([context])[0], words


@pytest.mark.parametrize("kind", ["char", "word", "subword"])
@settings(max_examples=30, deadline=None)
@given(text=st.text("ab ", min_size=1, max_size=12), cuts=st.sets(st.integers(1, 11)))
def test_a_text_in_pieces_has_the_score_of_the_line(kind, text, cuts):
    text = " ".join(text.split())
    if not text:
        return
    model, tokenizer = language_model(kind)
    places = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    pieces = [text[a:b] for a, b in itertools.pairwise(places)]
    total, words = in_pieces(TextScorer(model, tokenizer), pieces)
    (expected,) = score_lines(model, tokenizer, [text])
    assert total == pytest.approx(expected.log_probability, abs=1e-3)
    assert words == len(text.split())


@pytest.mark.parametrize("kind", ["char", "word"])
@pytest.mark.parametrize("seed", range(6))
def test_fusion_finds_the_best_of_all_sequences(kind, seed):
    """Characters a, b and the blank between words, heard; the language model reads characters or words."""
    letters = train_tokenizer("char", [TEXT])  # ids 2, 3, 4 are b, a and the blank
    heard = probabilities(seed, steps=4, classes=6)
    heard[:, :2] = -50  # no transcript holds an unknown character or a line feed
    search = SearchRequest(beam=800, lm_weight=0.7, word_bonus=0.4)
    scorer = TextScorer(*language_model(kind, seed))
    found = beam_search(heard, search, letters, scorer)
    best, best_score = None, -math.inf
    for tokens, sound in all_sequences(heard).items():
        if any(token < 2 for token in tokens):
            continue
        text = letters.decode(tokens)
        if text.startswith(" ") or "  " in text or text.endswith(" "):
            continue  # a line of another text: compared below
        total, words = in_pieces(scorer, list(text))
        score = sound + 0.7 * total + 0.4 * words
        if score > best_score:
            best, best_score = tokens, score
    if letters.decode(found) == " ".join(letters.decode(found).split()):
        assert tuple(found) == best


@pytest.mark.parametrize("seed", range(10))
def test_the_best_alignment_is_that_of_all(seed):
    given_ = probabilities(seed, steps=6)
    tokens = [[0, 1], [1, 1], [2], [0, 1, 0]][seed % 4]
    path = align(given_, tokens)

    def value(labels):
        return sum(given_[t, label] for t, label in enumerate(labels))

    labels = [3 if place < 0 else tokens[place] for place in path]
    assert collapsed(tuple(labels), 3) == tuple(tokens)
    every = (p for p in itertools.product(range(4), repeat=6) if collapsed(p, 3) == tuple(tokens))
    assert value(labels) == pytest.approx(max(value(p) for p in every))


def test_a_transcript_of_many_tokens_is_aligned():
    path = align(np.log(np.tile(np.eye(3)[:2] * 0.9 + 0.03, (100, 1))), [0, 1] * 100)
    assert path.tolist() == list(range(200))


def test_too_few_steps_cannot_be_aligned():
    with pytest.raises(ValueError, match="more tokens than steps"):
        align(probabilities(0, steps=3), [0, 0, 1])


def test_words_have_times_in_order_and_confidences():
    tokenizer = train_tokenizer("char", ["ab a\n"])
    ids = {c: int(tokenizer.encode(c)[0]) for c in "ab "}
    blank = tokenizer.size
    path = [blank] * 10 + [ids["a"], ids["b"], blank, ids[" "], blank, ids["a"]] + [blank] * 14
    given_ = np.log(np.full((30, blank + 1), 0.1 / blank))
    given_[np.arange(30), path] = np.log(0.9)
    words = words_of(given_, beam_search(given_, SearchRequest(beam=1), tokenizer), tokenizer, 0.02, start=5.0)
    assert [word.text for word in words] == ["ab", "a"]
    first, second = words
    assert first.start == pytest.approx(5.1)
    assert 5.0 < first.start < first.end <= second.start < second.end < 5.6
    assert {type(time) for word in words for time in (word.start, word.end)} == {float}
    assert first.confidence == pytest.approx(0.9, abs=1e-3)
    assert words_of(given_, [], tokenizer, 0.02) == ()


def test_a_word_that_ends_with_a_character_of_several_tokens_is_whole():
    tokenizer = train_tokenizer("subword", ["hello world\n"] * 50)
    ids = tokenizer.encode(" hello é").tolist()
    path = [part for token in ids for part in (token, tokenizer.size)]
    given_ = np.log(np.full((len(path), tokenizer.size + 1), 0.1 / tokenizer.size))
    given_[np.arange(len(path)), path] = np.log(0.9)
    assert [word.text for word in words_of(given_, ids, tokenizer, 0.02)] == ["hello", "é"]


def test_blanks_alone_are_no_words():
    tokenizer = train_tokenizer("char", ["ab a\n"])
    blank = int(tokenizer.encode(" ")[0])
    assert words_of(probabilities(0, classes=tokenizer.size + 1), [blank], tokenizer, 0.02) == ()
