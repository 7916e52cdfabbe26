"""A look into SentencePiece's models before that library, which trusts them, reads one."""

from __future__ import annotations

from collections.abc import Iterator

# numbers of fields: how text is normalised, and is brought back, and in each of these a table that was compiled
NORMALISATIONS, TABLE = (3, 5), 2


def has_table(model: bytes) -> bool:
    """Whether a SentencePiece model brings a compiled table of normalisation. Ours have none, and versions up to 0.2.2
    read beyond the memory of one that was made to do harm; ValueError for what is no model."""
    rules = [content for number, content in _fields(model) if number in NORMALISATIONS]
    return any(number == TABLE and content for rule in rules for number, content in _fields(rule))


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of the fields of a protocol buffer (https://protobuf.dev/programming-guides/encoding); none of
    numbers."""
    place, end = 0, len(message)
    while place < end:
        key, place = _varint(message, place)
        kind = key & 7
        if kind == 2:
            length, place = _varint(message, place)
            yield key >> 3, message[place : place + length]
            place += length
        elif kind == 0:
            _, place = _varint(message, place)
        elif kind in (1, 5):
            place += 8 if kind == 1 else 4
        else:
            raise ValueError("not a protocol buffer of fields")
    if place != end:
        raise ValueError("a protocol buffer that is cut short")


def _varint(message: bytes, place: int) -> tuple[int, int]:
    """A number of 32 bits in groups of seven, the lowest first, and where it ends."""
    value = shift = 0
    while place < len(message):
        byte = message[place]
        value, place, shift = value | (byte & 0x7F) << shift, place + 1, shift + 7
        if byte < 0x80:
            return value & 0xFFFFFFFF, place  # as protocol buffers read it
    raise ValueError("a protocol buffer that is cut short")
