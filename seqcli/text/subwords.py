"""Subwords as tokens: byte-pair encoding by SentencePiece, set up so that every text can be restored exactly."""

from __future__ import annotations

import codecs
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from seqcli.errors import DataError
from seqcli.text.tokenizer import StreamDecoder, Tokenizer, default_vocab_size, most_frequent

SAMPLE = 20_000_000  # characters a vocabulary is learnt from at most
LONGEST = 4000  # characters of one training sentence; SentencePiece silently skips long ones, so they are cut
REMEMBERED = 2_000_000  # characters of words whose ids are kept, so that a frequent word is cut up once
FEW_WORDS = 64  # so many and fewer are cut up one by one
SPECIAL = 261  # control symbols, the line feed and 256 bytes
COVERAGE = 0.9995  # of a text by the characters that have pieces of their own
_MARK = "\u2581"  # what SentencePiece writes for a blank
_LOST = re.compile("([\u2581\\0\ud800-\udfff])")  # what SentencePiece would take for a blank, or cannot take
# A blank belongs to the word after it, and no piece of byte-pair encoding has one further on: words are cut up alone.
_WORDS = re.compile(r" ?[^ \n]+|[ \n]")


class SubwordTokenizer(Tokenizer):
    """SentencePiece pieces. Ids: 0 unknown, 1 begin, 2 end, 3 padding (never in text), 4 the line feed, then the rest.
    What no piece covers is written in bytes, so nothing is ever unknown; no text is read as a control symbol."""

    kind = "subword"
    bos_id, eos_id, pad_id, boundary_id = 1, 2, 3, 4

    def __init__(self, model: bytes) -> None:
        import sentencepiece

        if has_table(model):
            raise ValueError("not a SentencePiece model of this program")
        self._model = model
        self._processor = sentencepiece.SentencePieceProcessor()
        self._processor.load_from_serialized_proto(model)
        self.size = self._processor.get_piece_size()
        pieces = [self._processor.id_to_piece(number) for number in range(self.size)]
        if self.size < SPECIAL or pieces[self.boundary_id] != "\n":
            raise ValueError("not a SentencePiece model of this program")
        self._bytes = [
            b""
            if number < 4
            else bytes([int(piece[3:5], 16)])
            if self._processor.is_byte(number)
            else piece.replace(_MARK, " ").encode()
            for number, piece in enumerate(pieces)
        ]
        self._forget()

    @classmethod
    def train(
        cls, chunks: Iterable[str], vocab_size: int | None = None, symbols: Sequence[str] = ()
    ) -> SubwordTokenizer:
        import sentencepiece

        sentences, characters = _sample(chunks)
        if not sentences:
            raise DataError("there is no text to learn subwords from", hint="give a larger text, or use --tokens char")
        counts = Counter(character for sentence in sentences for character in sentence)
        alphabet = most_frequent(counts, COVERAGE)
        size = vocab_size or max(default_vocab_size(characters), SPECIAL + 2 * len(alphabet))
        size = max(size, SPECIAL + 8 + len(symbols))
        # rare characters are left to the bytes, so that pieces of several characters have room
        learnt = alphabet[: (size - SPECIAL - len(symbols)) // 2]
        if len(learnt) < len(counts):
            within = re.compile(f"[{''.join(map(re.escape, learnt))}]+")
            sentences = [piece for sentence in sentences for piece in within.findall(sentence)]
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(sentences),
            model_writer=model,
            model_type="bpe",
            vocab_size=size,
            character_coverage=1.0,
            byte_fallback=True,
            normalization_rule_name="identity",
            add_dummy_prefix=False,
            remove_extra_whitespaces=False,
            max_sentence_length=8 * LONGEST,
            hard_vocab_limit=False,  # a small text does not hold as many different pieces
            user_defined_symbols=["\n", *symbols],
            unk_id=cls.unk_id,
            bos_id=cls.bos_id,
            eos_id=cls.eos_id,
            pad_id=cls.pad_id,
            num_threads=4,
            minloglevel=2,
        )
        return cls(model.getvalue())

    @classmethod
    def load(cls, body: bytes) -> SubwordTokenizer:
        return cls(body)

    def body(self) -> bytes:
        return self._model

    def encode_piece(self, text: str) -> np.ndarray:
        words = _WORDS.findall(text)
        new = list(set(words).difference(self._known))
        if self._remembered + sum(map(len, new)) > REMEMBERED:
            self._forget()
            new = list(set(words).difference(self._known))
        self._remembered += sum(map(len, new))
        for word, ids in zip(new, self._encode_words(new), strict=True):
            self._known[word] = np.array(ids, np.int32).tobytes()
        return np.frombuffer(bytearray().join(map(self._known.__getitem__, words)), np.int32)

    def _forget(self) -> None:
        self._remembered = 0  # characters
        self._known: dict[str, bytes] = {"\n": np.array([self.boundary_id], np.int32).tobytes()}

    def _encode_words(self, words: list[str]) -> list[list[int]]:
        """Ids of each of many words without a line feed, on several cores."""
        encoded: list[list[int]]
        plain = [_LOST.sub("", word) for word in words]
        if len(plain) > FEW_WORDS:
            encoded = self._processor.encode(plain, out_type=int, num_threads=2)
        else:  # a list would start threads, which takes a hundred times as long as a word
            encoded = [self._processor.encode(word, out_type=int) for word in plain]
        for number, word in enumerate(words):
            if word != plain[number]:
                encoded[number] = self._spelt(word)
        return encoded

    def _spelt(self, word: str) -> list[int]:
        """A word with characters that SentencePiece would lose: those are spelt in bytes."""
        ids: list[int] = []
        for part in _LOST.split(word):
            if _LOST.fullmatch(part):
                ids.extend(self._processor.piece_to_id(f"<0x{byte:02X}>") for byte in part.encode("utf-8", "replace"))
            elif part:
                ids.extend(self._processor.encode(part, out_type=int))
        return ids

    def unknown(self, text: str) -> list[str]:
        return []

    def decode(self, ids: Sequence[int]) -> str:
        return b"".join([self._bytes[int(token)] for token in ids]).decode("utf-8", "replace")

    def surface(self, token: int) -> bytes:
        return self._bytes[token]

    def piece(self, token: int) -> str:
        piece: str = self._processor.id_to_piece(int(token))
        return piece.replace(_MARK, " ")

    def stream_decoder(self, context: Sequence[int] = ()) -> StreamDecoder:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        return StreamDecoder(lambda token: decoder.decode(self._bytes[token]), lambda: decoder.decode(b"", final=True))


def _sample(chunks: Iterable[str]) -> tuple[list[str], int]:
    """Lines to learn from, cut to what SentencePiece takes, and how many characters the whole text has. Of a text
    larger than SAMPLE every second chunk is kept, then every fourth, and so on: a sample of all of it."""
    kept: list[str] = []
    held = total = 0
    stride = 1
    for number, chunk in enumerate(chunks):
        total += len(chunk)
        if number % stride:
            continue
        kept.append(chunk)
        held += len(chunk)
        if held > SAMPLE and len(kept) > 1:
            kept = kept[::2]
            held = sum(map(len, kept))
            stride *= 2
    return [piece for chunk in kept for line in chunk.split("\n") for piece in _cut(line)], total


def _cut(line: str) -> Iterator[str]:
    for start in range(0, len(line), LONGEST):
        piece = line[start : start + LONGEST].replace("\0", "").replace(_MARK, "")
        piece = piece.encode("utf-8", "ignore").decode()
        if piece.strip():
            yield piece


# numbers of fields: how text is normalised, and is brought back, and in each of these a table that was compiled
NORMALISATIONS, TABLE = (3, 5), 2


def has_table(model: bytes) -> bool:
    """Whether a SentencePiece model brings a compiled table of normalisation. Ours have none, and versions up to 0.2.2
    read beyond the memory of one that was made to do harm; ValueError for what is no model."""
    rules = [content for number, content in _fields(model) if number in NORMALISATIONS]
    return any(number == TABLE and content for rule in rules for number, content in _fields(rule))


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of fields of a protocol buffer (https://protobuf.dev/programming-guides/encoding)."""
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
