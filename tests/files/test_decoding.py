"""Bytes to text: encodings found, marks, line ends, however the bytes are cut up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqcli.errors import UsageError
from seqcli.files.decoding import TextDecoder, find_encoding

GERMAN = "Größe;Straße\nGrüße aus München\n"
TEXTS = {
    "utf-8": "Größe, 天空, sky\n",
    "utf-8-sig": "Größe, 天空, sky\n",
    "utf-16": "Größe, 天空, sky\n",
    "utf-16-le": "a table of numbers\n1,2,3\n",
    "utf-16-be": "a table of numbers\n1,2,3\n",
    "utf-32": "Größe, 天空, sky\n",
    "gb18030": "日期,销量\n2020年1月5日,120\n今天天气很好，我们去公园散步。\n",
    "big5": "今天天氣很好，我們去公園散步。\n日期,銷量\n" * 2,
    "cp932": "日付,売上\n今日は天気がいいですね。\n",
    "euc-jp": "今日は天気がいいですね。公園を散歩しましょう。\n" * 2,
    "cp949": "오늘은 날씨가 좋습니다. 공원에 산책하러 갑시다.\n" * 2,
    "windows-1252": GERMAN,
    "windows-1251": "Сегодня хорошая погода, пойдём гулять в парк.\n",
    "windows-1253": "Καλημέρα κόσμε, τι κάνεις σήμερα;\n" * 2,
}


def decoded(data: bytes, size: int, encoding: str = "auto") -> tuple[str, TextDecoder]:
    decoder = TextDecoder(encoding)
    pieces = [decoder.decode(data[i : i + size]) for i in range(0, len(data), size)]
    return "".join([*pieces, decoder.decode(b"", final=True)]), decoder


@pytest.mark.parametrize("encoding", TEXTS)
def test_encodings_are_found(encoding: str) -> None:
    text, decoder = decoded(TEXTS[encoding].encode(encoding), 1 << 20)
    assert text == TEXTS[encoding]
    assert (decoder.found is None) == encoding.startswith("utf-8")


def test_a_few_syllables_of_hangul_are_korean() -> None:
    assert find_encoding("일자,판매량\n2020-01-05,120\n".encode("euc-kr")) == "cp949"


@pytest.mark.parametrize(
    "text",
    [
        "mes,año\nenero,3\n",
        "El Niño",
        "température °C\n21\n",
        "£5,000\n",
        "PRECIPITAÇÃO (mm)\n",
        "€5\n",
        "naïve café",
        "Grüße\n",
        "Voilà the cat.",
    ],
)
def test_a_few_letters_of_western_text_are_enough(text: str) -> None:
    assert find_encoding(text.encode("windows-1252")) == "windows-1252"


def test_what_is_not_text_has_no_encoding() -> None:
    assert find_encoding(bytes(range(256)) * 4) is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\ufeff")), size=st.integers(1, 9))
def test_text_does_not_depend_on_where_it_is_cut(encoding: str, text: str, size: int) -> None:
    text = "a line\n" + text
    assert decoded(text.encode(encoding), size)[0] == text


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_carriage_returns_alone_end_lines(size: int) -> None:
    assert decoded(b"ab\rcd\ref\r", size)[0] == "ab\ncd\nef\n"
    assert decoded(b"ab\r\ncd\ref\r\n", size)[0] == "ab\r\ncd\ref\r\n"


def test_a_short_line_is_not_held_back() -> None:
    assert TextDecoder().decode(b"a\n") == "a\n"


@pytest.mark.parametrize(
    ("named", "written"),
    [
        ("utf8", "utf-8-sig"),
        ("UTF-8", "utf-8-sig"),
        ("utf-16-le", "utf-16"),
        ("UTF_32LE", "utf-32"),
        ("utf-16", "utf-16"),
    ],
)
@pytest.mark.parametrize("size", [1, 100])
def test_a_mark_is_left_out_whatever_the_encoding_is_called(named: str, written: str, size: int) -> None:
    assert decoded("Größe\n".encode(written), size, named)[0] == "Größe\n"


def test_an_unknown_encoding_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="klingon"):
        TextDecoder("klingon")


@pytest.mark.parametrize("data", [b"abc\0def\0" * 20, b"a,\0,b\n" * 20, b"a line\n" + bytes(4096) + b"more\n"])
def test_ascii_with_zero_bytes_is_ascii(data: bytes) -> None:
    text, decoder = decoded(data, 1 << 20)
    assert (text.encode(), decoder.found) == (data, None)


LATIN = "café déjà vu\n".encode("windows-1252") * 10


@pytest.mark.parametrize("utf8", ["naïve\n", "天空\n", "it’s\n" * 2])
@pytest.mark.parametrize("size", [1 << 20, len(LATIN)])
def test_utf8_among_other_bytes_is_an_error(utf8: str, size: int) -> None:
    with pytest.raises(UnicodeDecodeError):
        decoded(LATIN + utf8.encode(), size)
    with pytest.raises(UnicodeDecodeError):
        decoded(utf8.encode() + LATIN, 1 << 20)


def test_a_letter_before_a_quotation_mark_is_no_utf8() -> None:
    text = "Das macht Spaß«, sagte er. Größe, über\n" * 9  # ß« are a character in UTF-8, too
    assert decoded(text.encode("windows-1252"), 1 << 20)[0] == text


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp866", "Сегодня хорошая погода, пойдём гулять в парк у реки."),
        ("mac-roman", "L’été, la forêt s’éveille très tôt."),
        ("cp850", "Les élèves répètent la leçon, déjà très fatigués."),
    ],
)
def test_text_of_dos_and_macintosh_is_not_read_as_what_looks_strange(encoding: str, text: str) -> None:
    assert find_encoding(text.encode(encoding)) is None
    with pytest.raises(UnicodeDecodeError):
        decoded(text.encode(encoding), 1 << 20)


def test_signs_between_letters_are_few_or_usual() -> None:
    assert find_encoding("un café…très bon—l’été, rock®band\n".encode("windows-1252")) == "windows-1252"


def test_japanese_mail_is_found_by_its_escapes() -> None:
    text = "Subject: 天気\n今日は天気がいいですね。\n"
    assert decoded(text.encode("iso2022_jp"), 1 << 20)[0] == text
