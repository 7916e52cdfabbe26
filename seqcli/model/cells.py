"""One time step of each recurrent cell, written once for NumPy arrays and torch tensors.

NumPy runs these formulas for decoding on a CPU (no torch is imported here), torch runs them for decoding on a GPU; the
whole-sequence kernels of `sequence.py` are held equal to them by tests.

Shapes: x (batch, input), every state array (batch, hidden). Parameters are named as in `parameter_shapes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Array = Any  # numpy.ndarray or torch.Tensor: the formulas use what the two have in common
State = tuple[Array, ...]  # (h,) or (h, c)

CELLS = ("rnn", "lstm", "peephole-lstm", "gru", "mingru", "minlstm", "mogrifier-lstm")
ROUNDS = 5  # of the mogrifier: the number that Melis et al. found best and kept


def parameter_shapes(cell: str, input_size: int, hidden_size: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a cell's parameters.

    | cell           | number of parameters             | gates, in the order they are stacked |
    |----------------|----------------------------------|--------------------------------------|
    | rnn            | (h + x)·h + h                    |                                      |
    | lstm           | 4 ((h + x)·h + h)                | input, forget, candidate, output     |
    | peephole-lstm  | 4 ((h + x)·h + h) + 3 h          | input, forget, candidate, output     |
    | gru            | 3 ((h + x)·h + 2 h)              | reset, update, candidate             |
    | mingru         | 2 (x·h + h)                      | update, candidate                    |
    | minlstm        | 3 (x·h + h)                      | input, forget, candidate             |
    | mogrifier-lstm | 4 ((h + x)·h + h) + 5 x·h        | input, forget, candidate, output     |

    The order is that of torch's fused kernels where there are any.
    """
    x, h = input_size, hidden_size
    if cell == "rnn":
        return {"weight": (h + x, h), "bias": (h,)}
    if cell == "lstm":
        return {"weight_ih": (4 * h, x), "weight_hh": (4 * h, h), "bias": (4 * h,)}
    if cell == "peephole-lstm":
        return {"weight_ih": (4 * h, x), "weight_hh": (4 * h, h), "bias": (4 * h,), "peephole": (3, h)}
    if cell == "gru":
        return {"weight_ih": (3 * h, x), "weight_hh": (3 * h, h), "bias_ih": (3 * h,), "bias_hh": (3 * h,)}
    if cell == "mingru":
        return {"weight_ih": (2 * h, x), "bias": (2 * h,)}
    if cell == "minlstm":
        return {"weight_ih": (3 * h, x), "bias": (3 * h,)}
    if cell == "mogrifier-lstm":
        rounds = {f"mogrify_{n}": (x, h) if n % 2 else (h, x) for n in range(1, ROUNDS + 1)}
        return {"weight_ih": (4 * h, x), "weight_hh": (4 * h, h), "bias": (4 * h,), **rounds}
    raise ValueError(f"unknown cell {cell!r}: choose from {', '.join(CELLS)}")


def state_size(cell: str) -> int:
    """How many arrays the state of a cell has: 2 (h, c) for the LSTMs, 1 (h) otherwise."""
    return 2 if cell in ("lstm", "peephole-lstm", "mogrifier-lstm") else 1


def recurrent_weight(cell: str) -> str | None:
    """The parameter with the matrix (or stacked matrices) from the last state; None where a cell has none."""
    return {"rnn": "weight", "mingru": None, "minlstm": None}.get(cell, "weight_hh")


def divide_inputs(cell: str, parameters: dict[str, Array], divisor: float) -> None:
    """Change `parameters`, in place, so that the cell takes `divisor` · x as it took x."""
    if cell == "rnn":
        hidden = parameters["bias"].shape[0]
        parameters["weight"][hidden:] /= divisor
        return
    parameters["weight_ih"] /= divisor
    if cell == "mogrifier-lstm":
        for number in range(2, ROUNDS + 1, 2):  # the other rounds scale x, whatever its length
            parameters[f"mogrify_{number}"] /= divisor


def cell_step(cell: str, parameters: Mapping[str, Array], x: Array, state: State) -> tuple[Array, State]:
    """One step: x (batch, input), state of (batch, hidden) arrays -> output (batch, hidden), new state."""
    return recurrent_part(cell, parameters, input_part(cell, parameters, x), state)


def input_part(cell: str, parameters: Mapping[str, Array], x: Array) -> Array:
    """What of a step its input alone decides, so that it can be had for all steps at once, or kept: W x + b.

    x (…, input) -> (…, gates · hidden); x itself for the mogrifier, which changes it before any product.
    """
    if cell == "mogrifier-lstm":
        return x
    if cell == "rnn":
        return x @ parameters["weight"][-x.shape[-1] :] + parameters["bias"]
    return x @ parameters["weight_ih"].T + parameters["bias_ih" if cell == "gru" else "bias"]


def recurrent_part(cell: str, parameters: Mapping[str, Array], inputs: Array, state: State) -> tuple[Array, State]:
    """The rest of a step: inputs (batch, gates · hidden) of `input_part` and the state -> output, new state."""
    if cell == "rnn":
        return rnn_step(parameters, inputs, state)
    if cell == "lstm":
        return lstm_step(parameters, inputs, state)
    if cell == "peephole-lstm":
        return peephole_lstm_step(parameters, inputs, state)
    if cell == "gru":
        return gru_step(parameters, inputs, state)
    if cell in ("mingru", "minlstm"):
        return minimal_step(cell, inputs, state)
    if cell == "mogrifier-lstm":
        return mogrifier_lstm_step(parameters, inputs, state)
    raise ValueError(f"unknown cell {cell!r}: choose from {', '.join(CELLS)}")


def rnn_step(parameters: Mapping[str, Array], inputs: Array, state: State) -> tuple[Array, State]:
    """The simple recurrent network: h_t = tanh([h_{t-1}, x_t] W + b) (Elman 1990)."""
    (h,) = state
    h = tanh(h @ parameters["weight"][: h.shape[-1]] + inputs)
    return h, (h,)


def lstm_step(parameters: Mapping[str, Array], inputs: Array, state: State) -> tuple[Array, State]:
    """LSTM with forget gate (Hochreiter & Schmidhuber 1997; Gers et al. 2000).

    i, f, o = σ(W x_t + U h_{t-1} + b), g = tanh(same); c_t = f ⊙ c_{t-1} + i ⊙ g; h_t = o ⊙ tanh(c_t).
    """
    h, c = state
    i, f, g, o = quarters(h @ parameters["weight_hh"].T + inputs)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    h = sigmoid(o) * tanh(c)
    return h, (h, c)


def peephole_lstm_step(parameters: Mapping[str, Array], inputs: Array, state: State) -> tuple[Array, State]:
    """LSTM with peepholes (Gers & Schmidhuber 2000): one weight a cell, p_i, p_f, p_o.

    The input and forget gates see x_t, h_{t-1} and c_{t-1}; the output gate sees x_t, h_{t-1} and the new c_t:
    i = σ(… + p_i ⊙ c_{t-1}), f = σ(… + p_f ⊙ c_{t-1}), c_t = f ⊙ c_{t-1} + i ⊙ g, o = σ(… + p_o ⊙ c_t).
    """
    h, c = state
    p_i, p_f, p_o = parameters["peephole"]
    i, f, g, o = quarters(h @ parameters["weight_hh"].T + inputs)
    i, f = sigmoid(i + p_i * c), sigmoid(f + p_f * c)
    c = f * c + i * tanh(g)
    h = sigmoid(o + p_o * c) * tanh(c)
    return h, (h, c)


def gru_step(parameters: Mapping[str, Array], inputs: Array, state: State) -> tuple[Array, State]:
    """Gated recurrent unit (Cho et al. 2014), the reset gate applied after the product, as fused kernels have it.

    r, z = σ(W x_t + U h_{t-1} + b); n = tanh(W_n x_t + b_n + r ⊙ (U_n h_{t-1} + b'_n));
    h_t = (1 - z) ⊙ n + z ⊙ h_{t-1}.
    """
    (h,) = state
    size = h.shape[-1]
    from_h = h @ parameters["weight_hh"].T + parameters["bias_hh"]
    gates = sigmoid(inputs[..., : 2 * size] + from_h[..., : 2 * size])
    r, z = gates[..., :size], gates[..., size:]
    n = tanh(inputs[..., 2 * size :] + r * from_h[..., 2 * size :])
    h = n + z * (h - n)
    return h, (h,)


def minimal_step(cell: str, inputs: Array, state: State) -> tuple[Array, State]:
    """minGRU and minLSTM (Feng et al. 2024): gates that see x_t alone, h_t = k ⊙ h_{t-1} + (1 - k) ⊙ h̃."""
    (h,) = state
    keep, candidate = minimal_gates(cell, inputs)
    h = candidate + keep * (h - candidate)
    return h, (h,)


def minimal_gates(cell: str, gates: Array) -> tuple[Array, Array]:
    """(…, gates · hidden) before any nonlinearity -> the share k of the old state that is kept, and h̃: (…, hidden).

    minGRU: z = σ(W_z x + b_z), k = 1 - z. minLSTM: f, i = σ(W x + b), normalised to f' = f / (f + i) = k, i' = 1 - k.
    The candidate is g(W x + b) with g(v) = v + 1/2 for v ≥ 0 and σ(v) below, as in the log-space form (appendix B) that
    the paper's experiments use: with h̃ = W x + b alone the layer would be linear in its candidates.
    """
    if cell == "mingru":
        size = gates.shape[-1] // 2
        keep = sigmoid(-gates[..., :size])
    else:
        size = gates.shape[-1] // 3
        # f / (f + i) = σ(log f - log i), which does not divide 0 by 0 when both gates are shut
        keep = sigmoid(log_sigmoid(gates[..., size : 2 * size]) - log_sigmoid(gates[..., :size]))
    return keep, positive(gates[..., -size:])


def mogrifier_lstm_step(parameters: Mapping[str, Array], x: Array, state: State) -> tuple[Array, State]:
    """Mogrifier LSTM (Melis et al. 2020): x_t and h_{t-1} scale one another in turn before an LSTM's step.

    Odd rounds: x ← 2 σ(Q h) ⊙ x; even rounds: h ← 2 σ(R x) ⊙ h; round n has the matrix `mogrify_n`.
    """
    h, c = state
    for number in range(1, ROUNDS + 1):
        matrix = parameters[f"mogrify_{number}"].T
        if number % 2:
            x = 2 * sigmoid(h @ matrix) * x
        else:
            h = 2 * sigmoid(x @ matrix) * h
    return lstm_step(parameters, input_part("lstm", parameters, x), (h, c))


def quarters(gates: Array) -> tuple[Array, Array, Array, Array]:
    """(batch, 4 * hidden) -> four views (batch, hidden)."""
    size = gates.shape[-1] // 4
    return (
        gates[..., :size],
        gates[..., size : 2 * size],
        gates[..., 2 * size : 3 * size],
        gates[..., 3 * size :],
    )


def sigmoid(x: Array) -> Array:
    """The logistic function; for NumPy through tanh, which cannot overflow."""
    if isinstance(x, np.ndarray):
        half = x.dtype.type(0.5)
        return np.tanh(x * half) * half + half
    return x.sigmoid()


def log_sigmoid(x: Array) -> Array:
    """log σ(x) as min(x, 0) - log(1 + exp -|x|), which neither overflows nor takes the logarithm of 0."""
    if isinstance(x, np.ndarray):
        return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))
    import torch  # the array is torch's already: nothing new is loaded

    return torch.nn.functional.logsigmoid(x)


def positive(x: Array) -> Array:
    """g of minGRU and minLSTM: x + 1/2 for x ≥ 0, σ(x) below; everywhere above 0, with a slope everywhere."""
    if isinstance(x, np.ndarray):
        return np.maximum(x, 0) + sigmoid(np.minimum(x, 0))
    return x.clamp(min=0) + x.clamp(max=0).sigmoid()


def tanh(x: Array) -> Array:
    """Hyperbolic tangent of either kind of array."""
    return np.tanh(x) if isinstance(x, np.ndarray) else x.tanh()


def concatenate(parts: tuple[Array, ...], axis: int = -1) -> Array:
    """Arrays of either kind joined along an axis, the last by default."""
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts, axis=axis)
    import torch  # the arrays are torch's already: nothing new is loaded

    return torch.cat(parts, dim=axis)
