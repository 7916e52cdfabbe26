"""The command line: one thin module per command, and the only modules that import typer or rich."""
