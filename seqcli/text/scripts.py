"""Ranges of characters for a regular expression's brackets: scripts without blanks between words, wide characters."""

HAN = "\u3400-\u9fff"
SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff"  # Thai, Lao, Burmese, Khmer, kana
WIDE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60"  # Chinese characters, kana and their punctuation
