"""The kind of tokens for sentence pairs: subwords for sentences, characters for words, numbers and spellings."""

from __future__ import annotations

import difflib
import math
import re
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqcli.notices import Notice, change_with
from seqcli.text.layout import ENDS
from seqcli.text.pair_rows import Pair
from seqcli.text.placeholders import SYMBOLS
from seqcli.text.scripts import HAN, SPACELESS
from seqcli.text.subwords import SPECIAL
from seqcli.text.tokenizer import Kind, Tokenizer, train_tokenizer
from seqcli.translation.atoms import Atoms, closed_set
from seqcli.translation.options import TrainRequest
from seqcli.translation.preprocessing import Preprocessing

SAMPLE = 1000  # pairs that are looked at
FEW_WORDS = 2  # in the middle one of a side's lines: a word, a number, a lemma and its features
LETTERS = 3  # of a word on average, where words are letters or sounds
ALIKE = 0.75  # of the characters of a pair are the same and in the same order: spelling is what changes
_BLANKLESS = re.compile(f"[{SPACELESS}{HAN}]")


@dataclass(frozen=True)
class Units:
    """The kind of tokens for pairs, whether they are sentences, and why, in a sentence."""

    kind: Kind
    sentences: bool
    reason: str


def learn_units(pairs: Sequence[Pair], request: TrainRequest, notice: Notice) -> tuple[Tokenizer, Preprocessing]:
    """The tokenizer of training pairs, of the kind and size that are asked for, and how their text is prepared."""
    plain = Preprocessing(normalises=True)
    normal = [(plain.source(pair.source), plain.target(pair.target)) for pair in pairs]
    units = choose_units(normal)
    kind = units.kind if request.tokens == "auto" else request.tokens
    atoms = Atoms.of(normal) if request.tokens == "auto" and not units.sentences else None
    preprocessing = Preprocessing.learn(normal, carries=units.sentences, atoms=atoms).with_keep(request.keep)
    texts = (preprocessing.pair(*pair, number) for number, pair in enumerate(normal))
    tokenizer = train_tokenizer(
        kind,
        (f" {source}\n {target}\n" for source, target in texts),
        request.vocab_size or (vocabulary_size(pairs) if kind == "subword" else None),
        symbols=SYMBOLS if preprocessing.carrier is not None else (),
    )
    if request.tokens == "auto":
        notice(units.reason)
    if atoms is not None and (count := len(atoms.source) + len(atoms.target)):
        notice(f"{count} recurring words are one token each; --tokens char spells them out")
    return tokenizer, preprocessing


def vocabulary_size(pairs: Sequence[Pair]) -> int:
    """Of one subword vocabulary for both sides: small data, small vocabulary. Twice the square root of the number of
    characters, the characters themselves (of which Chinese has thousands) and the bytes, to the nearest hundred; 4,300
    for 29,000 image captions."""
    counts: Counter[str] = Counter()
    for pair in pairs:
        counts.update(pair.source + pair.target)
    alphabet = sum(count > 2 for count in counts.values())
    return min(round((2 * math.sqrt(counts.total()) + alphabet + SPECIAL) / 100) * 100, 16_000)


def choose_units(pairs: Sequence[tuple[str, str]]) -> Units:
    """Characters if a side is hardly more than a word and not a sentence, if both are letters or sounds separated by
    spaces, or if the sides are spelled alike; subwords otherwise."""
    chosen = np.random.default_rng(0).permutation(len(pairs))[:SAMPLE]
    sample = [pairs[int(number)] for number in chosen]
    sources, targets = (statistics.median(_words(pair[side]) for pair in sample) for side in (0, 1))
    # where most lines of both sides end as sentences do, they are sentences, however short
    spoken = statistics.mean(all(side.endswith(ENDS) for side in pair) for pair in sample) > 0.5
    if min(sources, targets) <= FEW_WORDS and not spoken:
        where = "sources" if sources <= targets else "targets"
        reason = f"tokens: characters, since the {where} are of a word or two; {change_with('--tokens')}"
        return Units("char", False, reason)
    if all(_spelt_apart([pair[side] for pair in sample]) for side in (0, 1)):
        return Units("char", False, f"tokens: what stands between blanks; {change_with('--tokens')}")
    likeness = statistics.median(
        difflib.SequenceMatcher(None, s.casefold(), t.casefold(), autojunk=False).ratio() for s, t in sample[:200]
    )
    if likeness >= ALIKE:
        return Units("char", True, f"tokens: characters, since the sides are spelt alike; {change_with('--tokens')}")
    return Units("subword", True, f"tokens: subwords; {change_with('--tokens')}")


def _spelt_apart(lines: Sequence[str]) -> bool:
    words = [word for line in lines for word in line.split()]
    return sum(map(len, words)) <= LETTERS * len(words) and bool(closed_set(lines))


def _words(text: str) -> float:
    """Words of a text; in scripts without blanks two characters are about one."""
    return max(len(text.split()), len(_BLANKLESS.findall(text)) / 2)
