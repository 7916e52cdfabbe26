"""What must be in a translation, what may not be repeated, how long it may be, what pairs are cut into."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqcli.errors import CheckpointError
from seqcli.files.plain import from_plain, to_plain
from seqcli.translation.beam import Sentence, beam_search
from seqcli.translation.constraints import Progress
from seqcli.translation.lengths import Lengths
from seqcli.translation.options import TranslateRequest
from seqcli.translation.repetition import allowed_repeats, loop_lengths, repeated_ngram
from seqcli.translation.units import choose_units
from tests.translation.test_beam import END, random_decoder


def times(tokens: tuple[int, ...], phrase: tuple[int, ...]) -> int:
    return sum(tokens[n : n + len(phrase)] == phrase for n in range(len(tokens)))


@pytest.mark.parametrize("beam", [1, 4])
def test_every_phrase_arrives(beam: int) -> None:
    for seed in range(12):
        random = np.random.default_rng(seed)
        phrases = tuple(tuple(random.choice([0, 1, 3], size=n).tolist()) for n in (1, 2, 3))
        sentence = Sentence(np.array([1, 3, END]), 20, phrases=phrases)
        (found,) = beam_search(
            [random_decoder(seed)], [sentence], TranslateRequest(beam=beam), end_id=END, forbidden=[4]
        )
        assert found[0].ended
        assert all(times(found[0].tokens, phrase) for phrase in phrases)
        assert 4 not in found[0].tokens


def test_a_forbidden_symbol_comes_as_often_as_it_is_asked_for() -> None:
    for seed in range(10):
        sentence = Sentence(np.array([1, 3, 1, END]), 20, phrases=((4,), (4,)))
        (found,) = beam_search([random_decoder(seed)], [sentence], TranslateRequest(), end_id=END, forbidden=[4])
        assert found[0].tokens.count(4) == 2


def test_progress_begins_anew_when_a_phrase_breaks_off() -> None:
    progress = Progress(((1, 2, 3), (4,)))
    assert sorted(progress.wanted()) == [1, 4]
    broken = progress.after(1).after(2).after(4)
    assert broken.lacks == 3  # all but the 4
    assert broken.wanted() == [1]
    whole = broken.after(1).after(2).after(3)
    assert not whole.missing
    assert whole.lacks == 0


def test_a_translation_begins_with_its_prefix() -> None:
    for seed in range(5):
        sentence = Sentence(np.array([1, END]), 12, prefix=(3, 0))
        (found,) = beam_search([random_decoder(seed)], [sentence], TranslateRequest(), end_id=END)
        assert found[0].tokens[:2] == (3, 0)


@pytest.mark.parametrize("beam", [1, 2, 5])
def test_a_prefix_comes_before_what_must_occur_and_what_may_not_be_repeated(beam: int) -> None:
    for seed in range(12):
        sentence = Sentence(np.array([1, 3, END]), 24, (3, 0, 3, 0), ((4,), (1, 3), (4,)))
        search = TranslateRequest(beam=beam, no_repeat_ngram=2)
        (found,) = beam_search([random_decoder(seed)], [sentence], search, end_id=END, forbidden=[4])
        assert found[0].tokens[:4] == (3, 0, 3, 0)
        assert found[0].tokens.count(4) == 2


def test_loops_are_seen() -> None:
    def loop(text: str, repeats: int = 3) -> int:
        return int(loop_lengths(np.array([[ord(c) for c in text]]), np.array([repeats]))[0])

    assert loop("x" + "abcd" * 5) == 12
    assert loop("x" + "abcd" * 3) == 0
    assert loop("x" + "abcd" * 5, repeats=7) == 0
    assert loop("1" + "0" * 9) == 0
    assert loop("0" * 40) == 12
    assert loop("") == 0
    assert allowed_repeats(np.array([ord(c) for c in "ab" * 6])) == 7


def test_a_model_that_loops_is_stopped() -> None:
    decoder = random_decoder(0)
    decoder.parameters["output_bias"][:] = [9.0, 0, -50.0, 0, 0]  # always the same, never an end
    (found,) = beam_search([decoder], [Sentence(np.array([1, END]), 500)], TranslateRequest(beam=1), end_id=END)
    assert not found[0].ended
    assert len(found[0].tokens) < 10


@given(st.lists(st.integers(0, 3), max_size=20), st.integers(1, 4))
def test_repeated_ngrams_by_hand(tokens: list[int], size: int) -> None:
    seen = {tuple(tokens[n : n + size]) for n in range(len(tokens) - size + 1)}
    begun = tuple(tokens[len(tokens) - size + 1 :]) if size > 1 else ()
    expected = {t for t in range(4) if len(tokens) >= size and (*begun, t) in seen}
    assert set(repeated_ngram(tokens, size)) == expected


def test_no_phrase_comes_twice_when_that_is_asked_for() -> None:
    for seed in range(6):
        search = TranslateRequest(beam=2, no_repeat_ngram=2)
        (found,) = beam_search([random_decoder(seed)], [Sentence(np.array([1, END]), 30)], search, end_id=END)
        pairs = list(zip(found[0].tokens, found[0].tokens[1:], strict=False))
        assert len(pairs) == len(set(pairs))


@given(st.lists(st.tuples(st.integers(1, 90), st.integers(1, 300)), min_size=1, max_size=200))
def test_every_training_pair_is_within_the_limit(pairs: list[tuple[int, int]]) -> None:
    sources, targets = np.array(pairs).T
    lengths = Lengths.of(sources, targets)
    assert lengths.sources[-1] == sources.max()
    assert all(lengths.limit(s) > t for s, t in pairs)
    assert from_plain(Lengths, to_plain(lengths), "lengths") == lengths
    assert lengths.limit(2 * int(sources.max())) >= 2 * int(targets.max())


@pytest.mark.parametrize("values", [{}, {"sources": [], "targets": []}, {"sources": [2, 1], "targets": [1, 1]}, None])
def test_damaged_lengths_are_refused(values: object) -> None:
    with pytest.raises(CheckpointError, match="length"):
        from_plain(Lengths, values, "lengths")


@pytest.mark.parametrize(
    ("pairs", "kind"),
    [
        ([("813+626", "1439"), ("2+3", "5")], "char"),
        ([("4021", "four thousand and twenty-one")], "char"),
        ([("walk V;PST", "walked")], "char"),
        ([("theta delta zeta", "THETA DELTA ZETA")], "char"),
        ([("A man rides a bike.", "Ein Mann fährt Rad.")], "subword"),
        ([("I saw the old man.", "我看见了那位老人。")], "subword"),
        ([("Go on.", "Va !"), ("Hi.", "Salut !")], "subword"),
    ],
)
def test_tokens_are_chosen_from_the_pairs(pairs: list[tuple[str, str]], kind: str) -> None:
    assert choose_units(pairs).kind == kind
