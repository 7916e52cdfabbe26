"""Characters that look the same made the same, without a model: composition, blanks, what cannot be seen.

What is done, for every script:

- canonical composition (NFC);
- white space of any kind, in any number, is one blank; none at the ends. With `typographic`, for text that is to be
  produced, no-break spaces stay: French puts one before an exclamation mark;
- control and format characters go (zero-width space, soft hyphen, byte order marks, marks of direction), and so do
  variation selectors. The joiners stay where they are spelling: after letters of Arabic, Indic and South-East Asian
  scripts, and within emoji. With `typographic` the zero-width space stays there, too, as Khmer and Thai write it.

What depends on the text that a model has learnt from is in `seqcli.text.forms`.
"""

from __future__ import annotations

import re
import unicodedata

_JOINING = "\u0600-\u0dff\u0e00-\u109f\u1780-\u18af"  # scripts in which joiners are spelling
_EMOJI_PARTS = "\u2190-\u2bff\u3030\u303d\ufe0f\U0001f000-\U0001faff"
_CONTEXTUAL = re.compile(
    rf"(?<![{_JOINING}])\u200c|(?<![{_JOINING}{_EMOJI_PARTS}])\u200d|(?<![\u0e00-\u109f\u1780-\u17ff])\u200b"
)
_SELECTORS = re.compile(rf"(?<![#*0-9\u00a9\u00ae\u203c\u2049\u2122\u2139{_EMOJI_PARTS}])\ufe0f|[\ufe00-\ufe0e]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u180b-\u180e\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]"
)
_TYPOGRAPHIC = re.compile(r"[^\S\u00a0\u2007\u202f]+")


def normalise(text: str, *, typographic: bool = False) -> str:
    """`text` on one line as the module says."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
        text = _SELECTORS.sub("", _CONTEXTUAL.sub("", text))
        if not typographic:
            text = text.replace("\u200b", "")
    text = _INVISIBLE.sub("", text)
    return _TYPOGRAPHIC.sub(" ", text).strip(" ") if typographic else " ".join(text.split())
