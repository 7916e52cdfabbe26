"""Vectors that types share: what they add to each, that learning by rows is exact, and that none is left in the end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from seqcli.files.checkpoint import load_checkpoint
from seqcli.files.output import state_path
from seqcli.language.config import LanguageModelConfig
from seqcli.language.evaluate import evaluate_language_model
from seqcli.language.network import LanguageModel, Regularisation
from seqcli.language.objective import LanguageModelTask
from seqcli.language.options import EvaluateRequest, TrainRequest
from seqcli.language.train import TASK
from seqcli.model.affixes import Affixes, parts_of
from seqcli.model.softmax import SampledVocabulary
from seqcli.training.pipeline import train
from seqcli.training.state import load_state

WORDS = ["walked", "talked", "walking", "talking", "a", "", "中国", "中文", "外国", "xyz"]


def model(**drops: float) -> LanguageModel:
    torch.manual_seed(0)
    made = LanguageModel(LanguageModelConfig(len(WORDS), "lstm", 6, 6, 1), Regularisation(**drops))
    made.sampled = SampledVocabulary(torch.ones(len(WORDS), dtype=torch.float64))  # all that is there
    made.auxiliary = Affixes(WORDS, 6)
    torch.nn.init.normal_(made.auxiliary.vectors)
    return made


def sums(affixes: Affixes) -> torch.Tensor:
    """What is added to each type, in plain loops."""
    counts = {part: sum(part in parts_of(word) for word in WORDS) for word in WORDS for part in parts_of(word)}
    shared = [part for part, count in counts.items() if count > 1]
    own = [[affixes.vectors[shared.index(part)] for part in parts_of(word) if part in shared] for word in WORDS]
    nothing = torch.zeros(affixes.vectors.shape[1])
    return torch.stack([sum(rows, nothing) / max(len(rows), 1) ** 0.5 for rows in own])


def test_parts_are_beginnings_and_ends() -> None:
    assert parts_of("walked") == ["<w", "<wa", "<wal", "<walk", "d>", "ed>", "ked>", "lked>"]
    assert parts_of("中国") == ["<中", "<中国", "国>", "中国>"]
    assert parts_of("") == []


def test_what_is_added_is_the_sum_of_the_parts_that_others_have_too() -> None:
    affixes = model().auxiliary
    assert affixes is not None
    expected = sums(affixes)
    assert expected.any(1).tolist() == [True] * 4 + [False] * 2 + [True] * 3 + [False]
    torch.testing.assert_close(affixes(), expected)
    torch.testing.assert_close(affixes.of(torch.arange(len(WORDS))), expected)
    some = torch.tensor([5, 0, 0, 8])
    torch.testing.assert_close(affixes.of(some), expected[some])
    assert affixes.of(torch.tensor([4, 5])).abs().sum() == 0  # no parts at all


def test_texts_without_anything_in_common_share_nothing() -> None:
    assert len(Affixes(["甲", "乙", "丙"], 6).vectors) == 0


@pytest.mark.parametrize("drops", [{}, {"smoothing": 0.1, "words": 0.3}], ids=str)
@pytest.mark.parametrize("bptt", [8, 20])  # of four streams: 20 steps have many tokens of each type
@pytest.mark.parametrize("sampled", [True, False])
def test_the_loss_and_its_gradients_are_those_of_the_table_of_sums(
    drops: dict[str, float], bptt: int, sampled: bool
) -> None:
    made = model(**drops)
    made.sampled = made.sampled if sampled else None
    assert made.auxiliary is not None
    text = np.random.default_rng(0).integers(0, len(WORDS), 100)
    task = LanguageModelTask(made, text, text, batch_size=4, bptt=bptt, seed=0)
    torch.manual_seed(1)
    loss = task.loss(task.parts(0, 0)[0])[0]
    loss.backward()
    tables = (made.embedding, made.auxiliary.vectors)
    assert made.tables == (tables if sampled else ())
    assert all(table.grad is not None and table.grad.is_sparse == sampled for table in tables)
    of_table, of_parts = (table.grad.to_dense() for table in tables if table.grad is not None)

    plain = model(**drops)
    assert plain.auxiliary is not None
    parts = plain.auxiliary.vectors
    whole = (plain.embedding + sums(plain.auxiliary)).detach().requires_grad_()
    plain.embedding, plain.auxiliary, plain.sampled = torch.nn.Parameter(whole), None, None
    torch.manual_seed(1)
    other = LanguageModelTask(plain, text, text, batch_size=4, bptt=bptt, seed=0)
    expected = other.loss(other.parts(0, 0)[0])[0]
    expected.backward()
    torch.testing.assert_close(loss, expected)
    assert plain.embedding.grad is not None
    torch.testing.assert_close(of_table, plain.embedding.grad)
    affixes = Affixes(WORDS, 6)
    affixes.vectors = parts
    (through,) = torch.autograd.grad((sums(affixes) * plain.embedding.grad).sum(), [parts])
    torch.testing.assert_close(of_parts, through)


def test_validation_has_them_in_the_table_and_leaves_the_weights_as_they_were() -> None:
    made, text = model(), np.arange(2000) % len(WORDS)
    assert made.auxiliary is not None
    task = LanguageModelTask(made, text, text, batch_size=4, bptt=8, seed=0)
    before = {name: value.clone() for name, value in made.state_dict().items()}
    with torch.no_grad():
        seen = task.validate(1, 1.0, final=True).score
        assert all(torch.equal(value, before[name]) for name, value in made.state_dict().items())
        table = made.embedding + sums(made.auxiliary)
        made.add_parts()
        torch.testing.assert_close(made.embedding.detach(), table)
        assert task.validate(1, 1.0, final=True).score == seen
    assert list(made.state_dict()) == list(LanguageModel(made.config).state_dict())


def test_a_run_learns_with_them_and_its_model_file_has_none(tmp_path: Path) -> None:
    stems, endings = [f"{a}{b}{c}" for a in "bdgkl" for b in "aeiou" for c in "mnrst"], ["", "a", "ed", "ing", "s"]
    words = [stem + ending + more for stem in stems for ending in endings for more in ("", "er", "o")]
    text, out = tmp_path / "words", tmp_path / "out.lm"
    text.write_text("\n".join(" ".join(words[start : start + 15]) for start in range(0, len(words), 15)) * 2)
    both = (str(text),)
    request = TrainRequest(
        corpus=both, valid=both, output=out, tokens="word", softmax="sampled", steps=4, hidden=8, layers=1, stream=True
    )
    metrics = train(TASK, request).metrics
    state = load_state(state_path(out)).part("weights")
    assert state["auxiliary.vectors"].any()
    model = load_checkpoint(out)
    assert {name: value.shape for name, value in model.tensors.items()} == LanguageModelConfig.from_json(
        model.config
    ).parameter_shapes()
    assert not np.allclose(model.tensors["embedding"], state["embedding"])
    again = evaluate_language_model(model, EvaluateRequest(data=both))
    assert again["perplexity"] == pytest.approx(metrics["perplexity"], rel=0.01)
