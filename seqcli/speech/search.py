"""From probabilities at every step to tokens: greedy, and prefix beam search, which may ask a language model too."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from seqcli.speech.fusion import Context, TextScorer
from seqcli.speech.lexicon import Lexicon, Place
from seqcli.speech.options import SearchRequest
from seqcli.text.tokenizer import Tokenizer

NEGLIGIBLE = -9.0  # log-probability under which no token is tried at a step
LIKELY = 40  # tokens at most that are tried at a step
NOTHING = -math.inf


@dataclass(eq=False)
class _Prefix:
    """A sequence of tokens, and log p of all ways to it that end with a blank, and with its last token."""

    parent: _Prefix | None
    token: int
    text: float = 0.0  # α log p(text) + β · words, so far
    context: Context | None = None
    place: Place | None = None  # among texts of known words
    children: dict[int, _Prefix] = field(default_factory=dict)
    blank: float = NOTHING
    last: float = NOTHING
    next_blank: float = NOTHING
    next_last: float = NOTHING

    @property
    def sound(self) -> float:
        return _add(self.blank, self.last)

    @property
    def score(self) -> float:
        return self.sound + self.text

    @property
    def complete(self) -> bool:
        return self.place is None or self.place.complete

    def tokens(self) -> list[int]:
        found, node = [], self
        while node.parent is not None:
            found.append(node.token)
            node = node.parent
        return found[::-1]


def beam_search(
    log_probabilities: np.ndarray,
    search: SearchRequest,
    tokenizer: Tokenizer,
    scorer: TextScorer | None = None,
    lexicon: Lexicon | None = None,
) -> list[int]:
    """The tokens of log_probabilities (steps, vocabulary + 1) in nats, the blank being the last class; see `Search`."""
    found = Search(log_probabilities.shape[1] - 1, search, tokenizer, scorer, lexicon)
    found.push(log_probabilities)
    return found.finish()


class Search:
    """The tokens that are most probable over all their alignments (Graves et al. 2006; as Hannun et al. 2014, with the
    probabilities of a language model beside those of the network: shallow fusion), of all texts or those of a lexicon,
    found step by step. Compared are log p(sound) + α log p(text) + β · words, α and β being `lm_weight` and
    `word_bonus`. Prefixes that score `margin` less than the best are given up. A beam of one is greedy."""

    def __init__(
        self,
        blank: int,
        search: SearchRequest,
        tokenizer: Tokenizer,
        scorer: TextScorer | None = None,
        lexicon: Lexicon | None = None,
        margin: float = math.inf,
    ) -> None:
        self.blank, self.search, self.tokenizer, self.scorer, self.margin = blank, search, tokenizer, scorer, margin
        root = _Prefix(None, blank, context=scorer.start if scorer is not None else None, blank=0.0)
        root.place = lexicon.start if lexicon is not None else None
        self._alive = [root]
        self._greedy: list[int] | None = [] if search.beam == 1 and scorer is None else None
        self._last = blank  # class of the last step, in a greedy search

    def push(self, log_probabilities: np.ndarray) -> None:
        """Go on by steps (steps, vocabulary + 1)."""
        if self._greedy is not None:
            best = log_probabilities.argmax(axis=1)
            changed = np.append(self._last, best[:-1]) != best
            self._greedy += best[changed & (best != self.blank)].tolist()
            self._last = best[-1] if len(best) else self._last
            return
        for row in log_probabilities:
            likely = np.nonzero(row[: self.blank] > NEGLIGIBLE)[0]
            if len(likely) > LIKELY:
                likely = likely[np.argsort(row[likely])[-LIKELY:]]
            self._alive = self._step(row, likely.tolist())

    def settled(self) -> list[int]:
        """The tokens that whatever comes will not change: those that all prefixes begin with."""
        if self._greedy is not None:
            return self._greedy
        first, *others = (prefix.tokens() for prefix in self._alive)
        for number, token in enumerate(first):
            if any(tokens[number : number + 1] != [token] for tokens in others):
                return first[:number]
        return first

    def finish(self) -> list[int]:
        """The tokens of all steps."""
        if self._greedy is not None:
            return self._greedy
        alive = [prefix for prefix in self._alive if prefix.complete]
        if self.scorer is not None:
            ends = self.scorer.finish([_context(prefix) for prefix in alive])
            for prefix, end in zip(alive, ends, strict=True):
                prefix.text += self.search.lm_weight * end
        return max(alive, key=lambda prefix: prefix.score).tokens()

    def _step(self, row: np.ndarray, likely: Sequence[int]) -> list[_Prefix]:
        """The best prefixes one step further."""
        reached: dict[int, _Prefix] = {}
        values = row.tolist()
        new: list[_Prefix] = []
        for prefix in self._alive:
            reached[id(prefix)] = prefix
            sound = prefix.sound
            prefix.next_blank = _add(prefix.next_blank, sound + values[self.blank])
            if prefix.parent is not None:
                prefix.next_last = _add(prefix.next_last, prefix.last + values[prefix.token])
            place = prefix.place
            for token in likely if place is None else place.follow.keys() & likely:
                # a token that repeats the last one is another one only after a blank
                before = prefix.blank if token == prefix.token else sound
                if before == NOTHING:
                    continue
                child = prefix.children.get(token)
                if child is None:
                    child = prefix.children[token] = _Prefix(prefix, token, place=place and place.follow[token])
                    new.append(child)
                reached[id(child)] = child
                child.next_last = _add(child.next_last, before + values[token])
        if self.scorer is not None and new:
            self._ask(self.scorer, new)
        for prefix in reached.values():
            prefix.blank, prefix.last = prefix.next_blank, prefix.next_last
            prefix.next_blank = prefix.next_last = NOTHING
        best = sorted(reached.values(), key=lambda prefix: -prefix.score)
        least = best[0].score - self.margin
        count = sum(prefix.score >= least for prefix in best[: self.search.beam])
        kept, others = best[:count], best[count:]
        if not any(prefix.complete for prefix in kept):
            whole = next(number for number, prefix in enumerate(others) if prefix.complete)
            kept.append(others.pop(whole))
        for prefix in others:
            prefix.blank = prefix.last = NOTHING
            if not prefix.children and prefix.parent is not None:
                prefix.parent.children.pop(prefix.token, None)
        return kept

    def _ask(self, scorer: TextScorer, new: Sequence[_Prefix]) -> None:
        """Let the language model score what new prefixes add."""
        parents = [prefix.parent for prefix in new if prefix.parent is not None]
        added = [self._added(parent, prefix.token) for parent, prefix in zip(parents, new, strict=True)]
        outcomes = scorer.extend([_context(parent) for parent in parents], added)
        for prefix, parent, (log_p, words, context) in zip(new, parents, outcomes, strict=True):
            gain = self.search.lm_weight * log_p + self.search.word_bonus * words
            prefix.text, prefix.context = parent.text + gain, context

    def _added(self, before: _Prefix, token: int) -> str:
        """What a token adds to the text before it."""
        if self.tokenizer.kind == "word":
            previous = before.token if before.parent is not None else self.tokenizer.boundary_id
            return self.tokenizer.stream_decoder([previous]).push(token)
        piece = self.tokenizer.piece(token)
        return piece.lstrip() if before.parent is None else piece


def _context(prefix: _Prefix) -> Context:
    assert prefix.context is not None
    return prefix.context


def _add(a: float, b: float) -> float:
    """log(exp a + exp b)."""
    if a < b:
        a, b = b, a
    return a if b == NOTHING else a + math.log1p(math.exp(b - a))
