"""What a tagger takes over from a language model: vectors of words, or of characters, learnt from text without labels.

The strongest directions of the model's embedding fill the width of the tagger's own vectors. The words that the
labelled text lacks become part of the vocabulary, so that they are known by how they are used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seqcli.errors import CheckpointError, UsageError
from seqcli.files.checkpoint import Checkpoint
from seqcli.tagging.lexicon import KNOWN, UNKNOWN, Lexicon
from seqcli.text.tokenizer import tokenizer_of

MOST = 50_000  # types that are taken over: vectors of 100 are 20 MB of a model file
SPREAD = 1.0  # standard deviation of the vectors' entries
TOKENS = {"word": "word", "character": "char"}  # of a language model, by the unit of the tagger's steps


@dataclass(frozen=True)
class Vectors:
    """A language model's vectors: `table` (types, width) in the order of the normal `forms`, the most frequent first;
    `unknown` (width,), of what the model does not know; how many types are `left_out`, beyond `MOST`."""

    forms: list[str]
    table: np.ndarray
    unknown: np.ndarray
    left_out: int

    @classmethod
    def of(cls, model: Checkpoint, unit: str) -> Vectors:
        """Those for steps of `unit`, "word" or "character"; of several spellings of a word the most frequent one's.
        `UsageError` for a model that reads something else."""
        embedding = model.tensors.get("embedding")
        if embedding is None or embedding.ndim != 2 or not embedding.size:
            raise CheckpointError("the language model to start from has no embedding")
        tokenizer = tokenizer_of(model.blobs, len(embedding))
        if tokenizer.kind != TOKENS[unit]:
            kind = "character" if tokenizer.kind == "char" else tokenizer.kind
            raise UsageError(
                f"--init-from: the language model is one of {kind}s, the steps to label are {unit}s",
                hint=f"train a language model with --tokens {TOKENS[unit]}",
            )
        lexicon, rows = Lexicon(unit, ()), dict[str, int]()
        for number in range(tokenizer.size):  # the most frequent first
            if number not in (tokenizer.unk_id, tokenizer.boundary_id):
                rows.setdefault(lexicon.form(tokenizer.piece(number)), number)
        table = embedding[list(rows.values())[:MOST]].astype(np.float32)
        return cls(list(rows)[:MOST], table, embedding[tokenizer.unk_id], max(len(rows) - MOST, 0))

    def describe(self, lexicon: Lexicon) -> str:
        """How many types of a vocabulary of labelled text alone have a vector, and how many are new; `UsageError` where
        none has one."""
        known = len(set(lexicon.words) & set(self.forms))
        if not known:
            raise UsageError(
                f"--init-from: the language model knows none of the {lexicon.unit}s to label",
                hint="take one of text in the same language",
            )
        said = f"the language model knows {known:,} of {len(lexicon.words):,} different {lexicon.unit}s and adds "
        left_out = f" (not its {self.left_out:,} rarest)" if self.left_out else ""
        return f"{said}{len(self.forms) - known:,} to the vocabulary{left_out}"

    def fill(self, table: np.ndarray, lexicon: Lexicon) -> None:
        """Put the vectors into those rows of `table` (words, word width) whose types the language model knows."""
        centred = np.concatenate((self.table, self.unknown[None])) - self.table.mean(0)
        _, directions = np.linalg.eigh(centred.T @ centred)  # the strongest last
        turned = centred @ directions[:, ::-1][:, : table.shape[1]]
        turned *= SPREAD / max(float(turned.std()), 1e-12)
        turned = np.pad(turned, ((0, 0), (0, table.shape[1] - turned.shape[1])))  # a table may be wider
        rows = dict(zip(self.forms, turned, strict=False))
        table[UNKNOWN] = turned[-1]
        for number, word in enumerate(lexicon.words, KNOWN):
            if word in rows:
                table[number] = rows[word]
