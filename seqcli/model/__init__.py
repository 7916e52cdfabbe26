"""Network layers shared by all tasks: cells, the recurrent stack, output layers."""
