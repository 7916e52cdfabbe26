"""Tensors to tensors, shared by all tasks: cells, the recurrent stack, the output layer."""
