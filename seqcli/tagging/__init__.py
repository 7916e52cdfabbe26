"""Tagging: a label for each step of a sequence: parts of speech, entities, word boundaries."""
