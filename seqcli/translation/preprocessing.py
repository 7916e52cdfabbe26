"""Preprocessing of lines before translation, and the way back: what a model knows of its training text.

A line is normalised and converted to the forms the model has seen, split into sentences if it has more of them than a
training line, and strings that are copied are replaced by symbols. After the search the symbols become those strings
again and the sentences one line. All of it is learnt from the pairs (`Preprocessing.learn`), applied to them before
training, and kept in the model as JSON. Models from before this was kept do none of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from seqcli.errors import CheckpointError, SeqcliError, UsageError
from seqcli.files.plain import from_plain, to_plain
from seqcli.text.forms import Forms
from seqcli.text.normalisation import normalise
from seqcli.text.placeholders import SYMBOLS, Carrier, choose_kinds, known_characters
from seqcli.text.sentences import USUAL_ABBREVIATIONS, find_abbreviations, join, split_sentences
from seqcli.text.tokenizer import Tokenizer
from seqcli.text.words import WordTokenizer
from seqcli.translation.atoms import Atoms, begins_with_atom
from seqcli.translation.glossary import Glossary
from seqcli.translation.lengths import Lengths

BLOB = "preprocessing"
SHARE_OF_LINES = 0.05  # of the training lines that have so many sentences: then a line may have them
MOST_SENTENCES = 100  # looked for in a line
SAMPLE = 100_000  # pairs that are looked at to learn how text is written


@dataclass(frozen=True)
class Preprocessing:
    """What is done to text; the plain one (`Preprocessing()`) only takes blanks off its ends.

    `forms` are those of the sources, `carrier` says which strings are carried over, `sentences` how many a line has
    at most, `lengths` how long the pairs were in tokens, `unknowns` whether targets had words that the vocabulary
    lacks, `atoms` which words are one token where others are spelt.
    """

    normalises: bool = False
    forms: Forms = field(default_factory=Forms)
    carrier: Carrier | None = None
    sentences: int | None = None
    abbreviations: frozenset[str] = frozenset()
    lengths: Lengths | None = None
    unknowns: bool = False
    atoms: Atoms = field(default_factory=Atoms)

    @classmethod
    def learn(cls, pairs: Sequence[tuple[str, str]], *, carries: bool, atoms: Atoms | None = None) -> Preprocessing:
        """From normalised training pairs; `carries` says whether their tokens leave room for symbols."""
        sample = pairs[:: max(1, len(pairs) // SAMPLE)]
        sources = [source for source, _ in sample]
        forms = Forms.of(sources)
        if not carries and forms.letters == "mixed":  # of words and their features the case says which is which
            forms = replace(forms, words={}, folds_case=False)
        known = known_characters(sources)
        if forms.folds_case:  # the other case of a letter is read as this one
            known |= {other for c in known for other in (c.lower(), c.upper()) if len(other) == 1}
        abbreviations = find_abbreviations(sources)
        counts = np.bincount([min(len(split_sentences(s, abbreviations)), MOST_SENTENCES) for s in sources])
        share = counts[::-1].cumsum()[::-1] / len(sources)
        return cls(
            normalises=True,
            forms=forms,
            carrier=Carrier(choose_kinds(sample), known) if carries else None,
            sentences=int(np.flatnonzero(share >= SHARE_OF_LINES).max()),
            abbreviations=abbreviations | USUAL_ABBREVIATIONS,
            atoms=atoms or Atoms(),
        )

    def with_keep(self, expressions: Sequence[str]) -> Preprocessing:
        """The same, also copying what matches one of the regular expressions; `UsageError` if the model cannot."""
        if not expressions:
            return self
        if self.carrier is None:
            hint = "it reads words or short strings in characters, or is from before --keep; train it anew"
            raise UsageError("--keep: the model has no symbols for strings that are carried over", hint=hint)
        return replace(self, carrier=replace(self.carrier, keep=(*self.carrier.keep, *expressions)))

    def characters(self, line: str) -> str:
        """A source in the characters that the model has seen, words in whatever case."""
        return self.forms.fold_characters(normalise(line)) if self.normalises else line.strip()

    def source(self, line: str) -> str:
        """A source as the model reads it, without symbols."""
        return self.atoms.read(self.forms.fold(normalise(line))) if self.normalises else line.strip()

    def target(self, line: str) -> str:
        """A target as the model produces it, without symbols."""
        return self.atoms.write(normalise(line, typographic=True)) if self.normalises else line.strip()

    def source_with_symbols(self, line: str, glossary: Glossary | None = None) -> tuple[str, list[str]]:
        """A source as the model reads it, and the strings its symbols stand for, in order; no term of a glossary."""
        if self.carrier is None:
            return self.source(line), []
        plain = self.characters(line)
        carrier = self.carrier
        if carrier.words is not None:  # a word whose case is not the vocabulary's is known, too
            both = zip(plain.split(), self.forms.fold_case(plain).split(), strict=True)
            if other := {word for word, folded in both if word != folded and folded in carrier.words}:
                carrier = replace(carrier, words=carrier.words | other)
        text, strings = carrier.replace(plain, glossary.spans(plain) if glossary is not None else ())
        return self.forms.fold_case(text), strings

    def pair(self, source: str, target: str, number: int) -> tuple[str, str]:
        """Training pair `number` as the model reads and produces it."""
        if self.carrier is None:
            return self.source(source), self.target(target)
        source = self.characters(source)
        source, target = self.carrier.replace_pair(source, self.target(target), number)
        return self.forms.fold_case(source), target

    def symbols(self, tokenizer: Tokenizer) -> dict[int, str]:
        """The symbols of strings that are carried over, by their ids; none where nothing is."""
        return {int(tokenizer.encode(symbol)[-1]): symbol for symbol in SYMBOLS} if self.carrier is not None else {}

    def with_words(self, tokenizer: Tokenizer) -> Preprocessing:
        """For tokens that are words: only whole words are carried over, and all that the vocabulary lacks."""
        if self.carrier is None or not isinstance(tokenizer, WordTokenizer) or tokenizer.split_wide:
            return self
        return replace(self, carrier=replace(self.carrier, words=frozenset(tokenizer.words)))

    def split(self, line: str) -> list[str]:
        """Split a line, as `source` returns it, into parts with as many sentences as a training line had."""
        size = self.sentences
        found = split_sentences(line, self.abbreviations) if size is not None else []
        if size is None or len(found) <= size:
            return [line] if line else []
        return [join(found[start : start + size]) for start in range(0, len(found), size)]

    def to_bytes(self) -> bytes:
        carrier = self.carrier
        values = {
            "version": 1,
            "forms": self.forms.to_json(),
            "sentences": self.sentences,
            "unknowns": self.unknowns,
            "abbreviations": sorted(self.abbreviations),
            "lengths": to_plain(self.lengths),
            "atoms": to_plain(self.atoms),
            "carrier": None
            if carrier is None
            else {"kinds": carrier.kinds, "known": "".join(sorted(carrier.known or ())), "keep": carrier.keep},
        }
        return json.dumps(values, ensure_ascii=False).encode("utf-8", "surrogatepass")

    @classmethod
    def of(cls, blobs: Mapping[str, bytes]) -> Preprocessing:
        """The preprocessing in a model's or a state's files, the plain one if there is none; `CheckpointError` if it is
        damaged."""
        if BLOB not in blobs:
            return cls()
        try:
            values: dict[str, Any] = json.loads(blobs[BLOB].decode("utf-8", "surrogatepass"))
            if values["version"] != 1:
                raise ValueError("made by a later version")
            carried = values["carrier"]
            carrier = None
            if carried is not None:
                if not isinstance(carried["known"], str):
                    raise ValueError("not characters")
                carrier = Carrier(tuple(carried["kinds"]), frozenset(carried["known"]), tuple(carried["keep"]))
                carrier.find("")  # its kinds and expressions are known and sound
            sentences = values["sentences"]
            if sentences is not None and (type(sentences) is not int or sentences < 1):
                raise ValueError("not a number of sentences")
            return cls(
                normalises=True,
                forms=Forms.from_json(values["forms"]),
                carrier=carrier,
                sentences=sentences,
                abbreviations=frozenset(map(str, values["abbreviations"])),
                unknowns=bool(values["unknowns"]),
                lengths=None if values["lengths"] is None else from_plain(Lengths, values["lengths"], "lengths"),
                atoms=from_plain(Atoms, values.get("atoms", to_plain(Atoms())), "atoms"),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, SeqcliError) as problem:
            raise CheckpointError("the model's description of its text is damaged") from problem


def encode_sentence(tokenizer: Tokenizer, text: str) -> np.ndarray:
    """The ids of a sentence and its end mark, which is the tokenizer's end of a line. A blank is put before it, so that
    its first word is cut as it would be anywhere else; atoms have theirs."""
    text = text.strip().replace("\n", " ")
    ids = tokenizer.encode(text if begins_with_atom(text) else " " + text)
    return np.append(ids, np.int32(tokenizer.boundary_id))


def decode_sentence(tokenizer: Tokenizer, ids: Sequence[int]) -> str:
    """The text of ids without their end mark, on one line."""
    return tokenizer.decode(ids).replace("\r", " ").replace("\n", " ").strip()
