"""Word and character error rate: insertions, deletions and substitutions over the reference's length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class ErrorRates:
    """Errors in words and characters, of how many words and characters; rates are shares, and may be above one."""

    word_errors: int
    words: int
    character_errors: int
    characters: int
    exact: int
    utterances: int

    @property
    def wer(self) -> float:
        return self.word_errors / max(self.words, 1)

    @property
    def cer(self) -> float:
        return self.character_errors / max(self.characters, 1)


def error_rates(references: Sequence[str], hypotheses: Sequence[str]) -> ErrorRates:
    """Of all utterances together. Words are what stands between blanks; how many blanks does not matter."""
    word_errors = words = character_errors = characters = exact = 0
    for reference, hypothesis in zip(references, hypotheses, strict=True):
        expected, found = reference.split(), hypothesis.split()
        word_errors += distance(expected, found)
        words += len(expected)
        character_errors += distance(" ".join(expected), " ".join(found))
        characters += len(" ".join(expected))
        exact += expected == found
    return ErrorRates(word_errors, words, character_errors, characters, exact, len(references))


def distance(reference: Sequence[str], hypothesis: Sequence[str]) -> int:
    """The least number of insertions, deletions and substitutions (Levenshtein 1966)."""
    row = list(range(len(hypothesis) + 1))
    for number, expected in enumerate(reference, start=1):
        diagonal, row[0] = row[0], number
        for place, found in enumerate(hypothesis, start=1):
            change = diagonal + (expected != found)
            diagonal = row[place]
            row[place] = min(change, diagonal + 1, row[place - 1] + 1)
    return row[-1]
