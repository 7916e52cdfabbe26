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
    if tokenizer.kind == "char" or not word or len(word) > LONGEST or not prompt.strip():
        return tokenizer.encode(prompt).tolist(), ""
    rest = prompt[: len(prompt) - len(word)]
    if tokenizer.kind == "word":
        known = word == " " or not tokenizer.unknown(word)
        if known or not Agreeing(tokenizer).among(word.lstrip()).any():
            return tokenizer.encode(prompt).tolist(), ""
        rest = rest.rstrip(" ")
    return tokenizer.encode(rest).tolist(), word


class Agreeing:
    """Which tokens agree with a text that is to come: they are its beginning, or it is theirs."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.surfaces = [tokenizer.surface(token) for token in range(tokenizer.size)]

    def among(self, text: str) -> np.ndarray:
        """A mask (vocabulary,) of the tokens that agree with `text`."""
        wanted = text.encode("utf-8", "surrogatepass")
        pieces = self.tokenizer.kind == "subword"  # a word may have several
        return np.array(
            [bool(own) and (own.startswith(wanted) or (pieces and wanted.startswith(own))) for own in self.surfaces]
        )

    def left(self, text: str, token: int) -> str:
        """What of `text` is still to come after a token that agrees with it."""
        wanted, own = text.encode("utf-8", "surrogatepass"), self.surfaces[token]
        return wanted[len(own) :].decode("utf-8", "surrogateescape") if len(own) < len(wanted) else ""
