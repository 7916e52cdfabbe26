"""The conditional random field: against enumeration of all label sequences, numerical gradients and itself."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from seqcli.model.chain import FORBIDDEN, Chain
from seqcli.model.crf import forbid, log_likelihood

LENGTHS = np.array([4, 2, 2, 1])


@pytest.fixture
def scores():
    generator = torch.Generator().manual_seed(3)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, dtype=torch.float64, generator=generator) * 1.5

    return draw(4, 4, 3), draw(3, 3), draw(3), draw(3)


@pytest.fixture
def labels():
    return torch.from_numpy(np.random.default_rng(0).integers(0, 3, (4, 4)))


def chain_of(transitions, start, end):
    return Chain(transitions.numpy(), start.numpy(), end.numpy())


def enumerated(chain: Chain, emissions: np.ndarray) -> dict[tuple[int, ...], float]:
    """Every label sequence of a sentence with its score, summed by hand."""
    steps, size = emissions.shape
    totals = {}
    for path in itertools.product(range(size), repeat=steps):
        total = chain.start[path[0]] + chain.end[path[-1]] + sum(emissions[t, k] for t, k in enumerate(path))
        totals[path] = total + sum(chain.transitions[a, b] for a, b in itertools.pairwise(path))
    return totals


def test_log_likelihood_is_that_of_enumeration(scores, labels):
    emissions, *rest = scores
    found = log_likelihood(emissions, *rest, labels, LENGTHS)
    for row, length in enumerate(LENGTHS):
        totals = enumerated(chain_of(*rest), emissions[:length, row].numpy())
        own = totals[tuple(labels[:length, row].tolist())]
        assert found[row].item() == pytest.approx(own - np.logaddexp.reduce(list(totals.values())), abs=1e-9)


def test_gradients_are_the_numerical_ones(scores, labels):
    inputs = [part.clone().requires_grad_() for part in scores]
    assert torch.autograd.gradcheck(lambda *parts: log_likelihood(*parts, labels, LENGTHS), inputs)


def test_forbidden_transitions_have_no_share_and_no_gradient(scores, labels):
    emissions, transitions, start, end = scores
    allowed = torch.tensor([[True, False, True], [True, True, True], [True, True, False]])
    transitions = transitions.clone().requires_grad_()
    gold = torch.zeros_like(labels)
    log_likelihood(emissions, forbid(transitions, allowed), start, end, gold, LENGTHS).sum().backward()
    assert (transitions.grad[~allowed] == 0).all()
    assert (transitions.grad[allowed] != 0).all()
    masked = np.where(allowed.numpy(), transitions.detach().numpy(), FORBIDDEN)
    probabilities, _ = Chain(masked, start.numpy(), end.numpy()).marginals(emissions.numpy(), LENGTHS)
    assert np.isfinite(probabilities).all()


def test_long_sentences_and_sharp_scores_stay_finite():
    generator = torch.Generator().manual_seed(0)
    emissions = (torch.randn(10_000, 1, 5, generator=generator) * 20).requires_grad_()
    labels = emissions.argmax(2)
    zeros = torch.zeros(5, 5)
    found = log_likelihood(emissions, zeros, zeros[0], zeros[0], labels, np.array([10_000]))
    found.sum().backward()
    exact = torch.log_softmax(emissions.detach().double(), 2).amax(2).sum()  # without transitions steps are independent
    assert found.item() == pytest.approx(exact.item(), rel=1e-4)
    assert torch.isfinite(emissions.grad).all()


def test_rising_lengths_are_refused(scores, labels):
    with pytest.raises(ValueError, match="longest first"):
        log_likelihood(*scores, labels, np.array([1, 2, 2, 4]))


@pytest.mark.parametrize("weight", [1.0, 0.0])
def test_best_and_n_best_are_those_of_enumeration(scores, weight):
    emissions, *rest = scores
    rest = [part * weight for part in rest]
    chain = chain_of(*rest)
    best = chain.best(emissions.numpy(), LENGTHS)
    for row, length in enumerate(LENGTHS):
        totals = enumerated(chain, emissions[:length, row].numpy())
        ranked = sorted(totals, key=lambda path: -totals[path])
        assert tuple(best[row]) == ranked[0]
        found = chain.n_best(emissions[:length, row].numpy(), 7)
        assert [tuple(path) for path, _ in found] == ranked[:7]
        assert [score for _, score in found] == pytest.approx([totals[path] for path in ranked[:7]])


def test_marginals_and_surprisals_are_those_of_enumeration(scores, labels):
    emissions, *rest = scores
    chain = chain_of(*rest)
    probabilities, norms = chain.marginals(emissions.numpy(), LENGTHS)
    for row, length in enumerate(LENGTHS):
        totals = enumerated(chain, emissions[:length, row].numpy())
        norm = np.logaddexp.reduce(list(totals.values()))
        assert norms[row] == pytest.approx(norm)
        expected = np.zeros((length, 3))
        for path, total in totals.items():
            expected[np.arange(length), path] += np.exp(total - norm)
        assert probabilities[:length, row] == pytest.approx(expected)
        own = labels[:length, row].numpy()

        def prefix(steps: int, own=own, totals=totals) -> float:
            return sum(np.exp(total) for path, total in totals.items() if path[:steps] == tuple(own[:steps]))

        expected = [-np.log(prefix(t + 1) / prefix(t)) for t in range(length)]
        assert chain.surprisals(emissions[:length, row].numpy(), own) == pytest.approx(np.array(expected))


@pytest.mark.parametrize("size", [1, 2, 700])
def test_label_sets_of_any_size(size):
    random = np.random.default_rng(size)
    emissions = random.normal(size=(5, 3, size)).astype(np.float32)
    chain = Chain(*(random.normal(size=shape).astype(np.float32) for shape in ((size, size), size, size)))
    lengths = np.array([5, 3, 1])
    together = chain.best(emissions, lengths)
    for row, length in enumerate(lengths):
        (alone,) = chain.best(emissions[:length, row : row + 1], np.array([length]))
        assert together[row].tolist() == alone.tolist()
        best, score = chain.n_best(emissions[:length, row], 1)[0]
        assert best.tolist() == alone.tolist()
        assert score == pytest.approx(chain.score(emissions[:length, row], alone), rel=1e-5)
