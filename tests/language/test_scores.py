"""Scoring lines and evaluating texts, against sums done by hand over the model's own probabilities."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from seqcli.errors import CheckpointError, DataError
from seqcli.files.checkpoint import Checkpoint
from seqcli.files.plain import to_plain
from seqcli.language import score as scoring
from seqcli.language.evaluate import evaluate_language_model
from seqcli.language.objective import hidden_states, mean_loss
from seqcli.language.options import EvaluateRequest
from seqcli.language.reading import Reading, cached_loss, dynamic_loss
from seqcli.language.score import score_lines, score_text, word_surprisals
from seqcli.model.probability import Score, log_softmax
from seqcli.models import LanguageModel
from seqcli.text.tokenizer import train_tokenizer

from .conftest import TEXT, Trained


def by_hand(trained: Trained, ids: list[int]) -> list[float]:
    """-log p of each token, stepping from the end of a line."""
    state = trained.decoder.initial_state(1)
    surprisals, before = [], trained.tokenizer.boundary_id
    for token in ids:
        hidden, state = trained.decoder.step(np.array([before]), state)
        surprisals.append(-float(log_softmax(trained.decoder.logits(hidden))[0, token]))
        before = token
    return surprisals


def checkpoint(trained: Trained) -> Checkpoint:
    tensors = {name: value.numpy() for name, value in trained.model.state_dict().items()}
    return Checkpoint("lm", to_plain(trained.model.config), tensors, {"tokenizer": trained.tokenizer.to_bytes()})


def test_lines_are_scored_one_by_one_in_order(trained: Trained) -> None:
    lines = ["the sky here is grey", "", "the", "grey is here sky the unheard-of", "   ", "天空 很 蓝"] * 3
    scores = list(score_lines(trained.decoder, trained.tokenizer, lines))
    assert [score.text for score in scores] == lines
    for line, score in zip(lines, scores, strict=True):
        ids = [*trained.tokenizer.encode(line).tolist(), trained.tokenizer.boundary_id] if line.strip() else []
        expected = by_hand(trained, ids)
        np.testing.assert_allclose(score.surprisals, expected, atol=1e-4)
        assert score.log_probability == pytest.approx(-sum(expected), abs=1e-3)
        assert score.tokens == len(ids)
    assert scores[0].perplexity < scores[3].perplexity
    assert math.isnan(scores[1].perplexity)


def test_lines_of_one_text_sum_to_what_evaluate_finds(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "OUTPUT_ROWS", 3)
    text = "the sky here is grey\n\nthe  grey unheard-of\n天空 很 蓝\n"
    scores = list(score_text(trained.decoder, trained.tokenizer, text.splitlines()))
    assert [score.text for score in scores] == text.splitlines()
    assert [score.tokens for score in scores][1] == 1  # the end of an empty line
    (tmp_path / "text").write_text(text, encoding="utf-8")
    found = LanguageModel(checkpoint(trained)).evaluate(str(tmp_path / "text"), device="cpu")
    assert sum(score.tokens for score in scores) == found["tokens"]
    assert -sum(score.log_probability for score in scores) == pytest.approx(
        found["nll_per_token"] * found["tokens"], rel=1e-5
    )


def test_lines_that_begin_alike_are_read_together_and_long_ones_announced(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Equal lines cost one; what takes long is said; blocks and batches of outputs change no figure."""
    rows: list[int] = []
    step = trained.decoder.step

    def counted(tokens: np.ndarray, state: list[Any]) -> Any:
        rows.append(len(tokens))
        return step(tokens, state)

    monkeypatch.setattr(trained.decoder, "step", counted)
    lines = ["the sky here is grey", "the sky here is clear", "the sky here is grey", "the old town " * 30, ""]
    together = list(score_lines(trained.decoder, trained.tokenizer, lines))
    assert rows[:6] == [1, 1, 2, 2, 2, 3]
    assert rows[-1] == 1
    notices: list[str] = []
    monkeypatch.setattr(scoring, "READ_AHEAD", 2)
    monkeypatch.setattr(scoring, "OUTPUT_ROWS", 3)
    monkeypatch.setattr(scoring, "LONG", 50)
    apart = list(score_lines(trained.decoder, trained.tokenizer, lines, notice=notices.append))
    assert [line.text for line in apart] == lines
    for ours, expected in zip(apart, together, strict=True):
        np.testing.assert_allclose(ours.surprisals, expected.surprisals, atol=1e-5)
    assert notices == ["line 4 has 91 tokens: they are read one after the other"]


def test_evaluation_is_stateful_over_the_whole_text(trained: Trained, tmp_path: Path) -> None:
    path = tmp_path / "text"
    text = TEXT[: TEXT.rindex("\n", 0, 2000) + 1]
    path.write_text(text)
    result = LanguageModel(checkpoint(trained)).evaluate(str(path))
    expected = by_hand(trained, trained.tokenizer.encode(text).tolist())
    assert result["tokens"] == len(expected)
    assert result["nll_per_token"] == pytest.approx(np.mean(expected), rel=1e-4)
    assert result["perplexity"] == pytest.approx(math.exp(result["nll_per_token"]))
    assert result["bits_per_char"] == pytest.approx(sum(expected) / math.log(2) / len(text), rel=1e-4)
    assert result["bits_per_byte"] < result["bits_per_char"]  # there is Chinese in it


def test_a_model_of_lines_reads_each_line_by_itself(trained: Trained, tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("the sky here is grey\n\nthe old town\nthe purple river")
    good = checkpoint(trained)
    of_lines = Checkpoint("lm", {**good.config, "lines": True}, good.tensors, good.blobs)
    notices: list[str] = []
    result = evaluate_language_model(
        of_lines, EvaluateRequest(data=str(path), cache=True, dynamic=True), notices.append
    )
    scores = list(score_lines(trained.decoder, trained.tokenizer, path.read_text().split("\n")))
    expected = -sum(score.log_probability for score in scores)
    assert result["tokens"] == sum(score.tokens for score in scores) == 6 + 4 + 4
    assert result["nll_per_token"] * 14 == pytest.approx(expected, rel=1e-5)
    assert result["unknown"] == pytest.approx(1 / 14)
    unknown = scores[3].surprisals[1]
    assert math.log(result["perplexity_known"]) == pytest.approx((expected - unknown) / 13, rel=1e-4)
    assert "7.1%" in notices[0]
    assert {"cache", "dynamic"} <= set(result)


@pytest.mark.parametrize("lines", [False, True])
def test_short_texts_have_the_figures_of_long_ones(
    trained: Trained, lines: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are read without torch, which takes longer to import."""
    path = tmp_path / "text"
    path.write_text("the sky here is grey\n\nthe old town\nthe purple river\n天空 很")
    good = checkpoint(trained)
    model = Checkpoint("lm", {**good.config, "lines": lines}, good.tensors, good.blobs)
    short = evaluate_language_model(model, EvaluateRequest(data=str(path)))
    assert short.pop("task") == "lm"
    monkeypatch.setattr("seqcli.language.evaluate.SHORT", 0)
    long = evaluate_language_model(model, EvaluateRequest(data=str(path)))
    assert short == pytest.approx({name: long[name] for name in long if name != "task"}, rel=1e-5)


def test_cache_and_dynamic_evaluation_adapt_to_a_text(trained: Trained, tmp_path: Path) -> None:
    """A text that repeats a line the model finds unlikely: both find it likelier the longer it goes on."""
    path = tmp_path / "text"
    path.write_text("grey the many is river\n" * 60)
    result = LanguageModel(checkpoint(trained)).evaluate(str(path), dynamic=True, cache=True)
    assert result["cache"]["perplexity"] < 0.9 * result["perplexity"]
    assert result["dynamic"]["perplexity"] < 0.9 * result["perplexity"]


def test_dynamic_evaluation_scores_before_it_learns_and_leaves_the_model_as_it_was(trained: Trained) -> None:
    before = {name: value.clone() for name, value in trained.model.state_dict().items()}
    tokens = trained.ids[:100]
    assert dynamic_loss(trained.model, reading(tokens), rate=0.0, decay=0.0) == pytest.approx(
        99 * mean_loss_of(trained, tokens), rel=1e-5
    )
    dynamic_loss(trained.model, reading(tokens))
    assert all(torch.equal(before[name], value) for name, value in trained.model.state_dict().items())


def test_an_empty_cache_is_the_model(trained: Trained) -> None:
    tokens = trained.ids[:300]
    with torch.no_grad():
        expected = 299 * mean_loss_of(trained, tokens)
        assert cached_loss(trained.model, reading(tokens), share=0.0) == pytest.approx(expected, rel=1e-4)


def reading(tokens: np.ndarray) -> Reading:
    """tokens[1:] as one text, after tokens[0]."""
    return Reading(tokens[1:], int(tokens[0]), False)


def mean_loss_of(trained: Trained, tokens: np.ndarray) -> float:
    with torch.no_grad():
        return mean_loss(trained.model, hidden_states(trained.model, tokens))


def test_nothing_to_evaluate(trained: Trained, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("")
    with pytest.raises(DataError, match="nothing to evaluate"):
        LanguageModel(checkpoint(trained)).evaluate(str(tmp_path / "empty"))


def test_models_that_do_not_fit_their_configuration_are_refused(trained: Trained) -> None:
    good = checkpoint(trained)
    for tensors in (
        {name: value for name, value in good.tensors.items() if name != "embedding"},
        {**good.tensors, "surprise": np.zeros(3, np.float32)},
        {**good.tensors, "embedding": good.tensors["embedding"][:, :-1]},
    ):
        with pytest.raises(CheckpointError):
            evaluate_language_model(Checkpoint("lm", good.config, tensors, good.blobs), EvaluateRequest(data="x"))
    with pytest.raises(CheckpointError, match="tokenizer"):
        evaluate_language_model(Checkpoint("lm", good.config, good.tensors, {}), EvaluateRequest(data="x"))


def test_cached_probabilities_are_the_papers(trained: Trained) -> None:
    """Grave et al. 2017 by hand: each word that followed one of the last `window` states counts as exp(θ h·h_i)."""
    tokens, window, flatness, share = trained.ids[:200], 30, 0.7, 0.25
    with torch.no_grad():
        hidden, _ = trained.model(torch.from_numpy(np.asarray(tokens[:-1], np.int64))[:, None])
        logits = hidden[:, 0] @ trained.model.output_weight.t() + trained.model.output_bias
        from_model = logits.double().softmax(1).numpy()
        h = hidden[:, 0].double().numpy()
        total = 0.0
        for t in range(len(tokens) - 1):
            past = range(max(0, t - window), t)
            weights = np.array([math.exp(flatness * float(h[t] @ h[i])) for i in past])
            hits = np.array([tokens[i + 1] == tokens[t + 1] for i in past], float)
            mixed = from_model[t, tokens[t + 1]]
            if len(past):
                mixed = (1 - share) * mixed + share * float(weights @ hits) / float(weights.sum())
            total -= math.log(mixed)
        ours = cached_loss(trained.model, reading(tokens), window=window, flatness=flatness, share=share)
    assert ours == pytest.approx(total, rel=1e-4)


def test_a_dynamic_update_by_hand(trained: Trained) -> None:
    """Two pieces: the second is scored by weights that moved by -η g / (√m + mean √m), then back by λ."""
    tokens, rate, decay = trained.ids[:41], 0.01, 0.1
    model = copy.deepcopy(trained.model)
    ids = torch.from_numpy(np.asarray(tokens, np.int64))

    def loss(piece: torch.Tensor, state: Any) -> tuple[torch.Tensor, Any]:
        hidden, state = model(piece[:-1, None], state)
        logits = hidden[:, 0] @ model.output_weight.t() + model.output_bias
        return torch.nn.functional.cross_entropy(logits, piece[1:]), state

    first, state = loss(ids[:21], None)
    first.backward()
    with torch.no_grad():
        for parameter in model.parameters():
            assert parameter.grad is not None
            root = parameter.grad.abs()  # √m after one update, its share that is not there yet made up for
            moved = parameter - rate * parameter.grad / (root + root.mean())
            parameter.copy_(moved + decay * (parameter - moved))
        second, _ = loss(ids[20:], state)
    ours = dynamic_loss(trained.model, reading(tokens), rate=rate, decay=decay, steps=20)
    assert ours == pytest.approx(20 * (first.item() + second.item()), rel=1e-4)


def test_words_tokens_and_what_is_unknown(trained: Trained) -> None:
    (score,) = score_lines(trained.decoder, trained.tokenizer, ["the  purple river"])
    tokens = list(word_surprisals(score, whole_words=False))
    assert [(start, text, unknown) for start, text, _, unknown in tokens] == [
        (0, "the", False),
        (5, "purple", True),
        (12, "river", False),
        (17, "\\n", False),
    ]
    assert sum(surprisal for _, _, surprisal, _ in tokens) == pytest.approx(-score.log_probability)
    (without,) = score_lines(trained.decoder, trained.tokenizer, ["the  purple river"], line_end=False)
    assert without.surprisals == score.surprisals[:-1]


def test_an_open_vocabulary_adds_the_spelling_of_what_is_unknown(trained: Trained, tmp_path: Path) -> None:
    model, lines = LanguageModel(checkpoint(trained)), ["the <unk> purple river", "the old town"]
    plain, plain_known = model.score(lines, context=True)
    spelt, spelt_known = model.score(lines, context=True, open_vocabulary=True)
    assert spelt.pieces == plain.pieces == ("the", "<unk>", "purple", "river", "<eos>")
    more = np.subtract(spelt.surprisals, plain.surprisals)
    costs = [trained.tokenizer.spelling_surprisal(word) for word in ("<unk>", "purple")]
    np.testing.assert_allclose(more, [0, *costs, 0, 0], atol=1e-9)
    assert spelt_known == plain_known
    (tmp_path / "text").write_text("\n".join(lines) + "\n")
    found = model.evaluate(str(tmp_path / "text"), open_vocabulary=True, cache=True)
    nats = -(spelt.log_probability + spelt_known.log_probability)
    assert found["nll_per_token"] * 9 == pytest.approx(nats, rel=1e-5)
    assert found["bits_per_char"] * 36 == pytest.approx(nats / math.log(2), rel=1e-5)
    assert found["cache"]["nll_per_token"] * 9 > sum(costs)


@pytest.mark.parametrize("kind", ["char", "subword"])
@pytest.mark.parametrize("line", ["the old town", " two  blanks ", "x", "naïve 天空 很"])
def test_tokens_join_to_the_line_and_sum_to_its_words(kind: str, line: str) -> None:
    tokenizer = train_tokenizer(kind, [TEXT])
    ids = [tokenizer.boundary_id, *tokenizer.encode(line).tolist(), tokenizer.boundary_id]
    unknown = frozenset(place for place, token in enumerate(ids[1:]) if token == tokenizer.unk_id)
    pieces = scoring._pieces(tokenizer, line, ids, unknown)
    score = Score(line, pieces, tuple(float(n) for n in range(len(pieces))), unknown)
    if kind == "char":
        assert "".join(pieces) == line + "\n"
    words = list(word_surprisals(score, whole_words=True))
    assert [text for _, text, _, _ in words if text not in ("", "\\n")] == line.split()
    assert all(line[start : start + len(text)] == text for start, text, _, _ in words[:-1])
    assert sum(surprisal for _, _, surprisal, _ in words) == pytest.approx(sum(score.surprisals))
