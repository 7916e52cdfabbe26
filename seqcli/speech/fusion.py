"""How likely a language model finds a text that grows: what prefix beam search asks it.

A model of characters is asked for every character, one of words or subwords for every word as soon as it is complete.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from seqcli.model.arrays import State
from seqcli.model.probability import log_softmax
from seqcli.text.tokenizer import Tokenizer


class LanguageModel(Protocol):
    """A language model that is stepped token by token; `language.decoder.LanguageModelDecoder` is one."""

    def initial_state(self, batch: int) -> list[State]: ...

    def step(self, tokens: np.ndarray, state: list[State]) -> tuple[Any, list[State]]:
        """tokens (batch,) -> outputs (batch, width), the new state."""
        ...

    def logits(self, hidden: Any) -> np.ndarray:
        """outputs (batch, width) -> (batch, vocabulary)."""
        ...


@dataclass(eq=False)
class Context:
    """A text as the language model has read it: its state, log-probabilities of the next token, and the beginning of a
    word that is not complete. `first` says that no word has been read. The text's last token is `pending` until
    something is asked that depends on it: most prefixes of a search are given up before that."""

    state: list[State]
    next: np.ndarray
    pending: int | None = None
    unfinished: str = ""
    first: bool = True


class TextScorer:
    """A language model with its tokenizer; texts are lines, and begin after the end of one."""

    def __init__(self, model: LanguageModel, tokenizer: Tokenizer) -> None:
        self.model, self.tokenizer = model, tokenizer
        self.by_character = tokenizer.kind == "char"
        self.start = Context(model.initial_state(1), np.zeros(0), tokenizer.boundary_id)  # of an empty line

    def extend(self, contexts: Sequence[Context], texts: Sequence[str]) -> list[tuple[float, int, Context]]:
        """What a piece of text more, which may end in the middle of a word, adds to each context: log p in nats and
        words begun, and the context with it."""
        self._catch_up(contexts)  # once for all continuations of a text
        added = [self._tokens(context, text) for context, text in zip(contexts, texts, strict=True)]
        scores, reached = self._read(contexts, [tokens for tokens, _ in added])
        extensions = []
        for context, after, text, score, (_, unfinished) in zip(contexts, reached, texts, scores, added, strict=True):
            at_start = context.first or context.unfinished.endswith(" ")
            begun = len(text.split()) - (bool(text[:1].strip()) and not at_start)
            first = context.first and not text.strip()
            after = Context(after.state, after.next, after.pending, unfinished, first)
            extensions.append((score, begun, after))
        return extensions

    def finish(self, contexts: Sequence[Context]) -> list[float]:
        """log p of the rest of each line: the word that is not complete, and the line's end."""
        ids = [[*self._word(context.unfinished), self.tokenizer.boundary_id] for context in contexts]
        return self._read(contexts, ids)[0]

    def _tokens(self, context: Context, text: str) -> tuple[list[int], str]:
        """The tokens that are certain, and the text that is not."""
        if self.by_character:
            return self.tokenizer.encode(text).tolist(), text[-1:]
        whole = context.unfinished + text
        cut = whole.rfind(" ")
        if cut <= 0:
            return [], whole
        return self._word(whole[:cut]), whole[cut:]

    def _word(self, text: str) -> list[int]:
        """The tokens of whole words; in a model of words, blanks are between them."""
        return [] if self.by_character or not text.strip() else self.tokenizer.encode(text).tolist()

    def _read(self, contexts: Sequence[Context], ids: Sequence[Sequence[int]]) -> tuple[list[float], list[Context]]:
        """log p of each context's tokens, and the contexts after them."""
        reached, scores = list(contexts), [0.0] * len(contexts)
        for place in range(max(map(len, ids), default=0)):
            rows = [row for row, tokens in enumerate(ids) if len(tokens) > place]
            self._catch_up([reached[row] for row in rows])
            for row in rows:
                token = ids[row][place]
                scores[row] += float(reached[row].next[token])
                reached[row] = Context(reached[row].state, reached[row].next, token)
        return scores, reached

    def _catch_up(self, contexts: Sequence[Context]) -> None:
        """Read the pending tokens of all contexts, in one step of the model."""
        waiting = list({id(context): context for context in contexts if context.pending is not None}.values())
        if not waiting:
            return
        layers = zip(*(context.state for context in waiting), strict=True)
        state: list[State] = [tuple(np.concatenate(parts) for parts in zip(*layer, strict=True)) for layer in layers]
        hidden, state = self.model.step(np.array([context.pending for context in waiting]), state)
        following = log_softmax(np.array(self.model.logits(hidden)))
        for row, context in enumerate(waiting):
            context.state = [tuple(part[row : row + 1] for part in layer) for layer in state]
            context.next, context.pending = following[row], None
