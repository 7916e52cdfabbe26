"""Recognisers of one direction: the same whatever the blocks sound comes in, nothing that depends on what comes later,
and what is written while sound still comes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pad_sequence

from seqcli.errors import CheckpointError
from seqcli.speech.config import SpeechConfig
from seqcli.speech.decoder import SpeechDecoder, Stream
from seqcli.speech.features import AHEAD, FORGOTTEN, StreamFeatures, levelled, normalised, stacked
from seqcli.speech.fusion import TextScorer
from seqcli.speech.lexicon import Lexicon
from seqcli.speech.network import SpeechModel
from seqcli.speech.options import SearchRequest
from seqcli.speech.search import Search, beam_search
from seqcli.speech.transcribe import PAUSE, WINDOW, LiveUtterance, Passage, Recogniser, Transcript
from seqcli.text.tokenizer import Tokenizer, train_tokenizer
from tests.speech.conftest import random_decoder
from tests.speech.test_search import language_model, probabilities

MEAN, SCALE = np.zeros(4), np.ones(4)
LETTERS = train_tokenizer("char", ["ab a\n"])
A, B, BLANK = (int(LETTERS.encode(letter)[0]) for letter in "ab ")


@pytest.fixture
def live() -> SpeechDecoder:
    return random_decoder(bidirectional=False, lookahead=3)


def sound(samples: int, seed: int = 0) -> np.ndarray:
    """Noise that is now soft, now loud."""
    random = np.random.default_rng(seed)
    loudness = np.repeat(10 ** random.uniform(-3, 0, samples // 800 + 1), 800)[:samples]
    return np.asarray(random.normal(0, 0.2, samples) * loudness, np.float32)


def blocks(samples: np.ndarray, size: int) -> list[np.ndarray]:
    return [samples[start : start + size] for start in range(0, len(samples), size)]


@pytest.mark.parametrize("length", [1, 639, 640, 641, 1280, 5000, 24_001])
@pytest.mark.parametrize("size", [37, 80, 640, 3001])
def test_the_blocks_that_sound_comes_in_change_nothing(live: SpeechDecoder, length: int, size: int) -> None:
    samples = sound(length)
    whole = live.log_probabilities(samples)
    found = np.concatenate(list(Stream(live).rows(blocks(samples, size))))
    np.testing.assert_array_equal(found, whole)


@pytest.mark.parametrize("cell", ["lstm", "gru", "minlstm"])
@pytest.mark.parametrize("lookahead", [0, 1, 7])
def test_the_network_in_training_is_that_of_a_stream(cell: str, lookahead: int) -> None:
    stream = random_decoder(cell=cell, bidirectional=False, lookahead=lookahead)
    model = SpeechModel(stream.config).eval()
    model.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in stream.parameters.items()})
    recordings = [sound(9000), sound(700, 1), sound(1, 2)]
    frames = [stacked(stream.features(samples), stream.config.stack, stream.config.stride) for samples in recordings]
    lengths = torch.tensor([len(each) for each in frames])
    with torch.no_grad():
        expected = model(pad_sequence([torch.from_numpy(each) for each in frames]), lengths).numpy()
    for column, found in enumerate(map(stream.log_probabilities, recordings)):
        np.testing.assert_allclose(found, expected[: lengths[column], column], atol=1e-4)


def test_nothing_depends_on_what_comes_later_than_the_lookahead(live: SpeechDecoder) -> None:
    """.02 s for a frame's window, .1 s for the level, .03 s for the stack, and the lookahead's steps."""
    before, after = sound(8000), sound(8000)
    after[4000:] = sound(4000, 1)
    first, second = map(live.log_probabilities, (before, after))
    differs = np.nonzero((first != second).any(axis=1))[0][0]
    latest = 0.5 - (0.02 + AHEAD / 100 + 0.03 + live.config.lookahead * 0.02)
    assert latest <= differs * 0.02 <= latest + 0.05


def test_a_stream_keeps_nothing_of_what_it_is_done_with(live: SpeechDecoder) -> None:
    stream = Stream(live)
    for _ in stream.rows(blocks(sound(16_000), 640)):
        held = [value for value in vars(stream).values() if isinstance(value, np.ndarray)]
        assert len(held) == 2
        assert max(map(len, held)) <= 480


def test_features_of_a_stream_are_those_of_the_whole(live: SpeechDecoder) -> None:
    power = np.exp(np.random.default_rng(1).normal(0, 3, (400, 4)))
    features = StreamFeatures(MEAN, SCALE)
    parts = np.split(power, [1, 5, AHEAD + 6, 200])
    found = np.concatenate([features.push(part, last=part is parts[-1]) for part in parts])
    np.testing.assert_allclose(found, normalised(power, MEAN, SCALE, streaming=True), atol=1e-5)


def test_the_level_of_a_stream_rises_before_a_sound_and_sinks_slowly_after_it() -> None:
    power = np.full((400, 4), 1e-3)
    power[100:200] = 1.0
    logarithms, speech = levelled(power, streaming=True)
    level = np.log(power[:, 0]) - logarithms[:, 0]
    assert level[50] == pytest.approx(np.log(1e-3), abs=0.05)
    assert level[90] > level[80] + 0.1  # a fifth of what is averaged is loud
    np.testing.assert_allclose(level[95:195], 0, atol=0.05)
    assert level[250] == pytest.approx(level[240] - 10 * 0.03 * np.log(10), abs=1e-3)  # .3 dB in a frame
    assert level[399] == pytest.approx(-(2.5 + 199 * 0.001) * np.log(10), abs=0.05)  # 25 dB under .01 in a frame
    assert speech[100:200].all()
    louder, _ = levelled(100 * power, streaming=True)
    np.testing.assert_allclose(louder, logarithms, atol=1e-3)


def test_the_mean_of_a_stream_is_that_of_what_was_heard() -> None:
    power = np.exp(np.random.default_rng(1).normal(size=(300, 4)))
    logarithms, speech = levelled(power, streaming=True)
    assert speech.all()
    weights = (1 - FORGOTTEN) ** np.arange(300)
    own = [weights[n::-1] @ logarithms[: n + 1] / (weights[: n + 1].sum() + 100) for n in range(300)]
    np.testing.assert_allclose(normalised(power, MEAN, SCALE, streaming=True), logarithms - own, atol=1e-4)


def searches(seed: int) -> list[Search]:
    scorer, lexicon = TextScorer(*language_model("char", seed)), Lexicon(["ab", "a", "b"], LETTERS)
    kinds = [(1, None, None), (2, None, None), (20, None, None), (20, scorer, None), (2, None, lexicon)]
    return [
        Search(LETTERS.size, SearchRequest(beam=beam, lm_weight=1.0), LETTERS, text, words, margin=4.0)
        for beam, text, words in kinds
    ]


@pytest.mark.parametrize("seed", range(10))
def test_what_is_settled_stays(seed: int) -> None:
    heard = probabilities(seed, steps=30, classes=LETTERS.size + 1, sharp=9.0)
    heard[:, :2] = -50  # neither an unknown character nor a line feed is heard
    found = 0
    for search in searches(seed):
        settled: list[list[int]] = [[]]
        for row in heard:
            search.push(row[None])
            settled.append(list(search.settled()))
        found += len(settled[-1])
        settled.append(search.finish())
        for before, after in itertools.pairwise(settled):
            assert after[: len(before)] == before
    assert found > 20


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("beam", [1, 3])
def test_a_search_step_by_step_is_one_of_all_steps(seed: int, beam: int) -> None:
    heard = probabilities(seed, steps=12, classes=6)
    search = Search(5, SearchRequest(beam=beam), LETTERS)
    for part in np.split(heard, [1, 1, 6]):
        search.push(part)
    assert search.finish() == beam_search(heard, SearchRequest(beam=beam), LETTERS)


def test_what_scores_much_less_is_given_up() -> None:
    heard = np.log(np.full((1, 6), 0.001))
    heard[0, 2] = np.log(0.995)
    search = Search(5, SearchRequest(), LETTERS, margin=4.0)
    search.push(heard)
    assert search.settled() == [2]
    search = Search(5, SearchRequest(), LETTERS, margin=8.0)
    search.push(heard)
    assert search.settled() == []
    lexicon = Search(5, SearchRequest(), LETTERS, None, Lexicon(["bab"], LETTERS), margin=4.0)
    lexicon.push(heard)
    assert lexicon.finish() == []  # the only text that is whole


def steps(*tokens: int | None) -> np.ndarray:
    """Log-probabilities of steps that are sure of a token, or of the blank (None)."""
    found = np.full((len(tokens), LETTERS.size + 1), -30.0)
    for row, token in zip(found, tokens, strict=True):
        row[LETTERS.size if token is None else token] = -0.001
    return found


def recogniser(tokenizer: Tokenizer = LETTERS) -> Recogniser:
    return Recogniser(random_decoder(vocabulary=tokenizer.size, bidirectional=False, lookahead=2), tokenizer)


def test_an_utterance_is_written_as_it_grows_and_ends_at_a_pause() -> None:
    utterance = LiveUtterance(recogniser(), 5.0, words=True)
    pieces: list[Passage] = []
    for given in (steps(A, None, B, None), steps(None, BLANK, None), steps(A, None)):
        utterance.push(given)
        pieces.append(utterance.passage(utterance.over))
    assert [piece.text for piece in pieces] == ["ab", "", " a"]
    assert [piece.goes_on for piece in pieces] == [False, True, True]
    utterance.push(steps(*[None] * round(PAUSE / 0.02 - 2)))
    assert not utterance.over
    utterance.push(steps(None))
    assert utterance.over
    last = utterance.passage(True)
    assert (last.text, last.start, round(last.end, 6)) == ("", 5.0, round(5 + 0.02 * (8 + PAUSE / 0.02), 6))
    assert [word.text for word in last.words] == ["ab", "a"]
    assert all(5.0 <= word.start < word.end <= last.end for word in last.words)
    assert Transcript("x", 0.0, (*pieces, last, Passage("b", 6.0, 7.0))).text == "ab a b"


def test_a_character_is_written_when_all_its_bytes_are_settled() -> None:
    tokenizer = train_tokenizer("subword", ["hello world\n"] * 50)
    utterance, written = LiveUtterance(recogniser(tokenizer), 0.0, words=False), []
    for token in tokenizer.encode(" é hello").tolist():
        row = np.full((2, tokenizer.size + 1), -30.0)
        row[0, token] = row[1, -1] = -0.001
        utterance.push(row)
        written.append(utterance.passage(False).text)
    assert [text for text in written if text] == ["é", " hello"]


def test_an_utterance_without_a_pause_ends_nevertheless() -> None:
    utterance = LiveUtterance(recogniser(), 0.0, words=False)
    while not utterance.over:
        utterance.push(steps(A, B))
    assert WINDOW + 5 < utterance.end < WINDOW + 7
    utterance = LiveUtterance(recogniser(), 0.0, words=False)
    while not utterance.over:
        utterance.push(steps(A, B, *[None] * 10))
    assert WINDOW + 3 < utterance.end < WINDOW + 5


@pytest.mark.parametrize("size", [333, 8000])
def test_a_transcript_does_not_depend_on_the_blocks(size: int) -> None:
    engine, samples = recogniser(), sound(40_000)

    def pieces(given: Sequence[np.ndarray]) -> list[Passage]:
        return list(engine.live(given, words=True))

    whole = pieces([samples])
    assert len([passage for passage in whole if passage.text]) > 3
    assert pieces(blocks(samples, size)) == whole
    assert whole[-1].end == 5.0


def test_silence_has_no_text() -> None:
    engine = recogniser()
    for samples in (np.zeros(30_000, np.float32), np.full(1, 9e-5, np.float32)):
        assert [passage.text for passage in engine.live([samples], words=True)] == [""]


def test_a_network_of_both_directions_cannot_look_ahead() -> None:
    with pytest.raises(CheckpointError, match="no lookahead"):
        SpeechConfig.from_json({"vocabulary": 3, "lookahead": 2})
    with pytest.raises(CheckpointError, match="too large"):
        SpeechConfig.from_json({"vocabulary": 3, "lookahead": 101, "bidirectional": False})
