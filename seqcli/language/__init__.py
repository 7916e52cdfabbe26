"""Language modelling: learn to predict the next token of a text, continue texts, and measure how well it is done."""
