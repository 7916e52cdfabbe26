"""Files to ids and arrays, shared by all tasks: text, tokenizers, corpora, sentence pairs, panels of series."""
