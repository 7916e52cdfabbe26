"""Prompts that end within a word: its pieces are taken back, and the model writes the word anew as it begins.

A text that goes on after "My lord, " or "gre" is cut into other tokens than one that ends there: a blank belongs to the
word behind it, and "grey" is a piece of its own. So the last word's tokens are taken back, and the next tokens are
chosen among those that agree with what was taken.
"""

from __future__ import annotations

import re

import numpy as np

from seqcli.text.tokenizer import Tokenizer

LONGEST = 30  # characters of a word that is taken back
_LAST_WORD = re.compile(r" ?[^ \n]*\Z")


def healed(tokenizer: Tokenizer, prompt: str) -> tuple[list[int], str]:
    """The ids of a prompt without its last word, where that may go on, and the word with the blank before it."""
    match = _LAST_WORD.search(prompt)
    word = match.group() if match else ""
    if not prompt.strip() or len(word) > LONGEST or not _may_go_on(tokenizer, word):
        word = ""
    return tokenizer.encode(prompt[: len(prompt) - len(word)]).tolist(), word


def _may_go_on(tokenizer: Tokenizer, word: str) -> bool:
    """Whether a prompt's last word may be the beginning of another; one that a vocabulary of words has is whole."""
    bare = word.strip(" ")
    if tokenizer.kind != "word" or not bare:
        return tokenizer.kind != "char"
    return bool(tokenizer.unknown(bare)) and bool(Agreeing(tokenizer).among(in_bytes(bare)).any())


class Agreeing:
    """Which tokens agree with a text that is to come: they are its beginning, or it is theirs."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.several = tokenizer.kind == "subword"  # a word may have several tokens
        self.surfaces = [tokenizer.surface(token) for token in range(tokenizer.size)]

    def among(self, wanted: bytes) -> np.ndarray:
        """A mask (vocabulary,) of the tokens that agree with a text, or with what is left of it, in UTF-8."""
        several = self.several
        return np.array(
            [bool(own) and (own.startswith(wanted) or (several and wanted.startswith(own))) for own in self.surfaces]
        )

    def left(self, wanted: bytes, token: int) -> bytes:
        """What of a text is still to come after a token that agrees with it; it may begin within a character."""
        return wanted[len(self.surfaces[token]) :]


def in_bytes(text: str) -> bytes:
    """A text as its tokens' `surface` has it."""
    return text.encode("utf-8", "surrogatepass")
