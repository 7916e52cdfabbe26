"""Recurrent networks for sequences on the command line: language models, translation, forecasting."""

__version__ = "0.1.0"
