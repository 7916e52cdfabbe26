"""Labelled text as files have it: columns, CoNLL-U, words with tags in a line, JSON lines, words between blanks."""
