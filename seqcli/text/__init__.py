"""Text of all kinds to ids: lines, tokenizers, corpora, sentence pairs."""
