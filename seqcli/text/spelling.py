"""How words that a vocabulary lacks are spelt: what an unknown word costs beyond being unknown."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

ORDER = 5  # characters of an n-gram
CODE_POINTS = 0x110000  # of Unicode: what any character is among
END = "\n"  # stands before and after every word, and in none


class Spelling:
    """Character n-grams of words, interpolated by the rule of Witten & Bell (1991, their method C) down to a uniform
    choice among `kinds` characters and the end. The probabilities of all spellings sum to one; the empty one has
    none."""

    def __init__(self, words: Iterable[str], kinds: int = CODE_POINTS) -> None:
        self.kinds = kinds
        self.counts: Counter[str] = Counter()  # of a context and the character after it
        for word in words:
            marked = END + word + END
            for place in range(1, len(marked)):
                self.counts.update(marked[start : place + 1] for start in range(max(place + 1 - ORDER, 0), place + 1))
        self.totals: Counter[str] = Counter()  # of a context
        self.different: Counter[str] = Counter()  # characters after it
        for gram, count in self.counts.items():
            self.totals[gram[:-1]] += count
            self.different[gram[:-1]] += 1

    def surprisal(self, word: str) -> float:
        """-log p in nats of a word's spelling, its end included."""
        marked = END + word + END
        steps = (marked[max(place + 1 - ORDER, 0) : place + 1] for place in range(1, len(marked)))
        return math.log1p(-self._p(END + END)) - sum(math.log(self._p(gram)) for gram in steps)

    def _p(self, gram: str) -> float:
        """The probability of the last character of an n-gram after those before it."""
        p = 1 / (self.kinds + 1)
        for start in range(len(gram) - 1, -1, -1):
            context = gram[start:-1]
            if not (total := self.totals[context]):
                break
            p = (self.counts[gram[start:]] + self.different[context] * p) / (total + self.different[context])
        return p
