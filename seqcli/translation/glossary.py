"""Glossaries: terms with a given translation, source term TAB target term."""

from __future__ import annotations

import re
from collections.abc import Sequence

from seqcli.errors import UsageError
from seqcli.text.scripts import SPACELESS, WIDE
from seqcli.text.tokenizer import Tokenizer
from seqcli.translation.atoms import begins_with_atom

# of scripts with blanks; to the words of Korean endings are attached, so that they are found anywhere, too
_LETTER = rf"[^\W{SPACELESS}{WIDE}\uac00-\ud7af\U00020000-\U0003ffff]"


class Glossary:
    """Terms, one or more, and the tokens of their translations.

    A term is found as whole words in whatever case, the longest first; where it stands in a source its translation
    must be in the target, once each time, exactly as it is given. In scripts without blanks a term is found anywhere.
    Raises `UsageError` for an empty one, and for a translation that the vocabulary has no tokens for.
    """

    def __init__(self, terms: Sequence[tuple[str, str]], tokenizer: Tokenizer) -> None:
        if not all(side.strip() for term in terms for side in term):
            raise UsageError("a term of the glossary, or its translation, is empty", hint="leave it out")
        translations = {source.lower(): _tokens(target, tokenizer) for source, target in terms}
        for source, target in terms:
            if tokenizer.unk_id in translations[source.lower()]:
                raise UsageError(f"the term {target!r} has words that the model cannot write", hint="leave it out")
        sources = sorted(translations, key=len, reverse=True)
        self._translations = [translations[source] for source in sources]
        # a group for each, which says which one it was: of µ and μ, say, one is found as the other
        self._pattern = re.compile("|".join(f"({_pattern(source)})" for source in sources), re.IGNORECASE)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where terms begin and end in a text."""
        return [match.span() for match in self._pattern.finditer(text)]

    def phrases(self, text: str) -> list[tuple[int, ...]]:
        """The token sequences that the translation of a source must contain."""
        return [self._translations[(match.lastindex or 0) - 1] for match in self._pattern.finditer(text)]


def _pattern(term: str) -> str:
    start = f"(?<!{_LETTER})" if _is_bounded(term[0]) else ""
    end = f"(?!{_LETTER})" if _is_bounded(term[-1]) else ""
    return start + re.escape(term) + end


def _is_bounded(character: str) -> bool:
    """Whether a term that begins or ends so is no part of a longer word."""
    return character.isascii() or bool(re.match(_LETTER, character))


def _tokens(term: str, tokenizer: Tokenizer) -> tuple[int, ...]:
    wide = "\u2e80" <= term[0] < "\uac00"
    return tuple(map(int, tokenizer.encode(term if wide or begins_with_atom(term) else " " + term)))
