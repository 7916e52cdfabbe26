"""Scripts that are written without blanks between words, as ranges for a regular expression's brackets."""

HAN = "\u3400-\u9fff"
SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff"  # Thai, Lao, Burmese, Khmer, kana
