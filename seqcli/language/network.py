"""The language model in training: embedding, recurrent stack, one output layer shared by all time steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqcli.language.config import LanguageModelConfig
from seqcli.model.affixes import WithAffixes
from seqcli.model.arrays import State
from seqcli.model.cells import cell_of
from seqcli.model.randomness import dropout_mask
from seqcli.model.softmax import SampledVocabulary
from seqcli.model.stack import RecurrentStack, locked_dropout

FEW_TYPES = 4  # tokens a type from which a batch reads a table: each type is multiplied once, and has one mask


@dataclass(frozen=True)
class Regularisation:
    """What keeps a model from learning its text by heart; each is a share of what is dropped, or a factor.

    `input`, `between`, `output`: locked dropout on the embedded tokens, between the layers, before the output layer
    (Gal & Ghahramani 2016); where there are few types, that of the input is locked to each type, not to each stream.
    `words`: whole embedding rows, the same ones for all steps of a piece (ibid.). `recurrent`: DropConnect on the
    recurrent matrices (Merity et al. 2017). `activation`, `change`: factors of the mean square of the last layer's
    outputs and of their change from step to step (ibid., AR and TAR). `smoothing`: share of the target spread over the
    vocabulary (Szegedy et al. 2016). `decay`: what the optimizer takes from every matrix at each step, times the
    learning rate (Loshchilov & Hutter 2019).
    """

    input: float = 0.0
    between: float = 0.0
    output: float = 0.0
    words: float = 0.0
    recurrent: float = 0.0
    activation: float = 0.0
    change: float = 0.0
    smoothing: float = 0.0
    decay: float = 0.01


class LanguageModel(WithAffixes):
    """Parameters as in `LanguageModelConfig.parameter_shapes`, and in training those of `auxiliary`, which only a tied
    model may have. `sampled` is what the training loss sums over; None: the whole vocabulary.
    """

    def __init__(self, config: LanguageModelConfig, regularisation: Regularisation | None = None) -> None:
        super().__init__()
        self.config, self.regularisation = config, regularisation or Regularisation()
        self.sampled: SampledVocabulary | None = None
        self.embedding = nn.Parameter(torch.empty(config.vocabulary, config.embedding).uniform_(-0.05, 0.05))
        self.output_bias = nn.Parameter(torch.zeros(config.vocabulary))
        if not config.tied:
            self.output = nn.Parameter(torch.empty(config.vocabulary, config.hidden).uniform_(-0.05, 0.05))
        self.stack = RecurrentStack(
            config.stack, dropout=self.regularisation.between, weight_dropout=self.regularisation.recurrent
        )

    @property
    def output_weight(self) -> nn.Parameter:
        """(vocabulary, width of the last layer), without what `auxiliary` adds."""
        return self.embedding if self.config.tied else self.output

    @property
    def tables(self) -> tuple[nn.Parameter, ...]:
        """The parameters of whose gradients only a few rows are there: none where the loss is over all types."""
        if self.sampled is None:
            return ()
        more = [self.output_weight] if not self.config.tied else [self.auxiliary.vectors] if self.auxiliary else []
        return (self.embedding, *more)

    def output_rows(self, types: Tensor) -> Tensor:
        """types (n,) -> their rows of the output layer, (n, width). The gradient has these rows and no others."""
        rows = functional.embedding(types, self.output_weight, sparse=True)
        return rows if self.auxiliary is None else rows + self.auxiliary.of(types)

    @torch.no_grad()
    def scale_logits(self, factor: float) -> None:
        """Multiply by `factor` what the hidden state adds to every logit; the bias stays, and so does the rest."""
        self.output_weight.mul_(factor)
        if self.config.tied:  # the stack is not to see that its inputs are longer
            cell_of(self.config.cell).divide_inputs(dict(self.stack.layers[0].named_parameters()), factor)

    def forward(
        self, tokens: Tensor, state: Sequence[State] | None = None, table: Tensor | None = None
    ) -> tuple[Tensor, list[State]]:
        """tokens (time, batch) -> the last layer's outputs (time, batch, width), dropout applied, and the new state.
        `table` is `self.table()` where it is at hand, for the output layer has it, too."""
        drop, of_rows = self.regularisation, self.sampled is not None and self.auxiliary is not None
        if table is None:
            table = self.embedding if of_rows else self.table()
        whole = dropout_mask((len(table), 1), drop.words, table) if self.training and drop.words else None
        if len(table) * FEW_TYPES <= tokens.numel() and not of_rows:
            table = table if whole is None else table * whole
            if self.training and drop.input:
                table = table * dropout_mask(table.shape, drop.input, table)
            hidden, new_state = self.stack(table, state, tokens)
            return hidden, new_state
        if of_rows:  # those of the output layer are those of the input, and each type is looked up once
            types, which = torch.unique(tokens, return_inverse=True)
            embedded = functional.embedding(which, self.output_rows(types))
        else:
            embedded = functional.embedding(tokens, table, sparse=self.sampled is not None)
        embedded = embedded if whole is None else embedded * whole[tokens]
        hidden, new_state = self.stack(locked_dropout(embedded, drop.input, self.training), state)
        return hidden, new_state
