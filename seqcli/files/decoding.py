"""Bytes to text as they arrive, in a given encoding or one detected from the bytes."""

from __future__ import annotations

import codecs
import io
import re
import unicodedata

from seqcli.errors import UsageError

AUTO = "auto"
MARKS = {  # byte order marks; that of UTF-32 begins like that of UTF-16
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
EAST_ASIAN = ["gb18030", "big5", "cp932", "euc-jp", "cp949"]
WESTERN = "windows-1252"
# encodings that text of today is still found in
LEGACY = [*EAST_ASIAN, "tis-620", *(f"windows-{page}" for page in range(1250, 1257)), "koi8-r"]
TIE, TIED = 0.01, 0.6  # of a guess's confidence: the most common encoding is taken when another has hardly more
LOOKED_AT = 200_000  # bytes
FEW_ZEROS = 4  # zero bytes that may stand in any text
MOST_LETTERS = 0.6  # of the characters of UTF-16 without a zero byte, that are two bytes below 128; half of all kanji
BETWEEN = "’‘´·\xad\xa0–—…‐•×"  # signs that stand between two letters
FEW_STRANGE, MOST_STRANGE = 2, 0.2  # characters within words that do not look it, most as a share of all not ASCII
STRAY = 0.01  # runs that are UTF-8 for one accented letter that is not, up to which they are chance
COMMON = 0.4  # share of the syllables of a text in Hangul that are among the common ones
_SYLLABLES = frozenset(
    "이다는을에의가지고하기로도사자시대한리어일인년월수정서보전성부제해주나라스과세아연간여조원만비장상동소공구국요유관경계명분"
    "액량합율률총값격매출판점번호용개중업금날짜품목지역기온강"
)
_OF_TWO_SCRIPTS = re.compile("(?<=[A-Za-z])[\u0370-\u0fff]+|[\u0370-\u0fff]+(?=[A-Za-z])")
_ALONE = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")
_WITHIN = re.compile(rb"(?<=[A-Za-z])[\x80-\xff]{1,2}(?=[A-Za-z])")
_RUNS = re.compile(rb"[\x80-\xff]{2,}")


class TextDecoder:
    """Bytes to text as they come.

    `encoding` is a name Python knows, or `auto`: UTF-8 where the bytes are that, UTF-16 and UTF-32 by their mark or
    their zero bytes, ISO-2022-JP by its escapes, else the encoding that statistics of the bytes speak for. Bytes of
    both UTF-8 and a legacy encoding are an error in either. With the `errors` `replace` instead of `strict` only marks
    and zero bytes are looked for. `found` names an encoding that was found and is not UTF-8. A byte order mark is left
    out; carriage returns alone at the ends of lines become line feeds. Raises `UsageError` for an unknown encoding;
    `decode` raises `UnicodeError`.
    """

    def __init__(self, encoding: str = AUTO, errors: str = "strict") -> None:
        self.found: str | None = None
        self.done = 0  # bytes taken in so far
        self._errors = errors
        self._looking = encoding == AUTO  # whether the encoding may still turn out to be another one
        self._use("utf-8" if self._looking else encoding, "strict" if self._looking else errors)
        self._mark = b""  # the first bytes, while they may be the beginning of a mark
        self._begun, self._ascii = False, True
        self._returns: bool | None = None  # whether lines end with carriage returns alone
        self._return = ""  # one that may have its line feed in what comes next

    def decode(self, data: bytes, final: bool = False) -> str:
        """The text of the next bytes; `final` marks the end."""
        self.done += len(data)
        if not self._begun:
            data = self._mark + data
            self._mark = b""
            if not final and any(mark.startswith(data) and mark != data for mark in MARKS):
                self._mark = data
                return ""
            self._begin(data)
        return self._with_line_feeds(self._text(data, final), final)

    @property
    def pending(self) -> int:
        """How many of the bytes read so far do not form a whole character yet."""
        return len(self._mark) + len(self._decoder.getstate()[0])

    def _use(self, encoding: str, errors: str) -> None:
        self.encoding, self._decoder = encoding, _decoder(encoding, errors)

    def _switch(self, encoding: str) -> None:
        """Continue in an encoding that was detected."""
        self._looking = False
        self._use(encoding, self._errors)
        self.found = encoding if encoding not in ("utf-8", "utf-8-sig") else None

    def _begin(self, data: bytes) -> None:
        self._begun = True
        marked = next((name for mark, name in MARKS.items() if data.startswith(mark)), None)
        if self._looking and (encoding := marked or _of_escapes(data) or _of_zeros(data)) is not None:
            self._switch(encoding)
        elif marked is not None and codecs.lookup(self.encoding).name.startswith(marked.removesuffix("-sig")):
            self._use(marked, self._errors)  # which leaves the mark out

    def _text(self, data: bytes, final: bool) -> str:
        if self.found in LEGACY and (place := _first_utf8(data)) is not None:
            raise UnicodeDecodeError(self.encoding, data, place, place + 1, "from here on it is UTF-8")
        try:
            text = self._decoder.decode(data, final)
        except UnicodeDecodeError:
            if not self._looking:
                raise
            pending = self._decoder.getstate()[0]
            strict = self._errors == "strict"
            found = find_encoding(pending + data) if strict and self._ascii and _is_not_utf8(pending + data) else None
            if strict and found is None:
                raise
            self._switch(found or "utf-8")
            return self._decoder.decode(pending + data, final)
        self._ascii = self._ascii and text.isascii()
        return text

    def _with_line_feeds(self, text: str, final: bool) -> str:
        if self._returns is None:
            text = self._return + text
            self._return = ""
            if "\n" in text or "\r" in text[:-1] or (final and "\r" in text):
                self._returns = "\n" not in text
            elif text.endswith("\r"):
                text, self._return = text[:-1], "\r"
        return text.replace("\r", "\n") if self._returns else text


def _is_hangul(data: bytes, likely: float = 0.0) -> bool:
    """Whether all characters beyond ASCII are syllables of Hangul, as those of traditional Chinese hardly ever are, and
    a `likely` share of them common ones, as those of other texts are not."""
    text = b"".join(_RUNS.findall(data)).decode("euc-kr", "replace")
    common = sum(map(_SYLLABLES.__contains__, text))
    return re.fullmatch("[가-힣]+", text) is not None and common >= likely * len(text)


def find_encoding(data: bytes) -> str | None:
    """The most likely of the `LEGACY` encodings for bytes that are not UTF-8; None if they are not text. The judgement
    is chardet's. If it hardly prefers another encoding, the bytes are taken for Windows-1252."""
    data = data[:LOOKED_AT]
    control = sum(byte < 9 or 13 < byte < 27 or 27 < byte < 32 for byte in data[:4096])
    if control > len(data[:4096]) // 100:
        return None
    import chardet

    # accented letters nearly all stand alone, or within a word; East Asian characters have pairs of bytes
    western = _alone(data) > 0.9 * sum(byte > 127 for byte in data)
    western |= len(_WITHIN.findall(data)) > 0.5 * len(_RUNS.findall(data)) + 0.5 * _alone(data)
    candidates = [name for name in LEGACY if not (western and name in EAST_ASIAN)]
    guesses = chardet.detect_all(data, include_encodings=candidates, max_bytes=LOOKED_AT)
    named = [
        (str(guess["encoding"]).lower(), float(guess["confidence"] or 0)) for guess in guesses if guess["encoding"]
    ]
    high = [byte for byte in data if byte > 127]
    few = sum(byte < 0xC0 for byte in high) < 0.15 * len(high)  # of the consonants of Thai; Cyrillic has none there
    named = [(name, sure) for name, sure in named if _reads_well(data, name) and not (few and name == "tis-620")]
    if not named:
        return None
    best, sure = named[0]
    if _is_hangul(data, 0.0 if best == "big5" else COMMON) and best in ("big5", "gb18030", "tis-620"):
        return "cp949"
    for name, other in named:
        if name == WESTERN and other >= max(sure - TIE, 0.0 if western else TIED * sure):
            return WESTERN
    return best


def _is_not_utf8(data: bytes) -> bool:
    """Whether more of the bytes above 127 are broken UTF-8 than valid, and the valid ones are chance: the text is
    neither damaged UTF-8 nor a mixture of several encodings."""
    text = data[:LOOKED_AT].decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return broken > sum(character > "\x7f" for character in text) - broken and _first_utf8(data) is None


def _first_utf8(data: bytes) -> int | None:
    """Where the first UTF-8 character is in bytes that mix UTF-8 with a legacy encoding; None if they do not. In legacy
    encodings hardly any run of bytes above 127 happens to be valid UTF-8, except pairs of bytes such as a letter
    followed by a quotation mark, which in UTF-8 are characters other than Western ones."""
    first, whole, broken = None, 0, 0
    for run in _RUNS.finditer(data):
        try:
            text = run.group().decode()
        except UnicodeDecodeError:
            broken += 1
            continue
        if len(run.group()) > 2 or text <= "\xff":
            first, whole = run.start() if first is None else first, whole + 1
    return first if whole > max(broken, STRAY * _alone(data)) else None


def _alone(data: bytes) -> int:
    return len(_ALONE.findall(data))


def _reads_well(data: bytes, encoding: str) -> bool:
    """Whether the bytes are text in an encoding, words are of one script, and characters within them are hardly ever
    signs, or capitals between small letters, as bytes of DOS or of old Macintoshes look to Windows."""
    if not _decodes(data, encoding):
        return False
    if encoding in EAST_ASIAN:
        return True
    text = data.decode(encoding, "ignore")
    letters = sum(character > "\x7f" and character.isalpha() for character in text)
    if sum(len(found) for found in _OF_TWO_SCRIPTS.findall(text)) > MOST_STRANGE * letters:
        return False
    words = [three for three in zip(text, text[1:], text[2:], strict=False) if three[1] > "\x7f" and _in_word(*three)]
    return sum(_is_strange(*three) for three in words) <= max(FEW_STRANGE, MOST_STRANGE * len(words))


def _in_word(before: str, character: str, after: str) -> bool:
    """Whether a character stands between letters, or signs that are not of ASCII."""
    return all(near.isalpha() or (near > "\x7f" and not near.isspace()) for near in (before, after))


def _is_strange(before: str, character: str, after: str) -> bool:
    if character in BETWEEN:
        return False
    if unicodedata.category(character)[0] not in "LM":
        return True
    is_latin, *near = (letter < "\u0250" for letter in (character, before, after))
    return is_latin not in near or (character.isupper() and before.islower() and after.islower())


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(data)
    except (UnicodeError, LookupError):
        return False
    return True


def _of_escapes(data: bytes) -> str | None:
    """ISO-2022-JP, as Japanese mail was sent, whose bytes are ASCII: it says where kanji begin and end."""
    return "iso2022_jp" if re.search(rb"\x1b\$[@B](?:[!-~]{2})+\x1b\([BJ]", data[:LOOKED_AT]) else None


def _of_zeros(data: bytes) -> str | None:
    """UTF-16 without a byte order mark, detected by the zero bytes of its spaces, digits and line ends. Zero bytes may
    also separate or pad ASCII text: then the other pairs of bytes are two letters, not one character."""
    part = data[: LOOKED_AT - LOOKED_AT % 2]
    even, odd = part[::2].count(0), part[1::2].count(0)
    if max(even, odd) < max(len(part) / 8, FEW_ZEROS):
        return None
    name = "utf-16-le" if odd > even else "utf-16-be"
    if min(even, odd) * 20 > max(even, odd) or not _decodes(part, name):
        return None
    pairs = [pair for pair in zip(part[::2], part[1::2], strict=False) if all(pair)]
    letters = sum(max(pair) < 128 for pair in pairs)
    return name if letters <= MOST_LETTERS * len(pairs) else None


def _decoder(encoding: str, errors: str) -> codecs.IncrementalDecoder:
    try:
        io.TextIOWrapper(io.BytesIO(), encoding)  # refuses codecs that are not of text, such as hex
        return codecs.getincrementaldecoder(encoding)(errors)
    except (LookupError, ValueError, TypeError) as problem:
        raise UsageError(f"unknown encoding {encoding!r}", hint="utf-8, gb18030 and latin-1 are some") from problem
