"""Tables, manifests and folders of recordings as people have them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from seqcli.errors import DataError, UsageError
from seqcli.speech.options import EvaluateRequest
from seqcli.speech.recordings import divided, each_once, model_rate, read_recordings
from seqcli.speech.table import Recording, read_rows


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.wav", "b.wav", "wavs/c.wav", "clips/d.flac"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        soundfile.write(tmp_path / name, np.full(4000, 0.1), 8000)
    return tmp_path


def reading(**options: object) -> EvaluateRequest:
    return EvaluateRequest(data=("-",), **options)  # type: ignore[arg-type]


TABLES = {
    "tsv": "a.wav\tone\nb.wav\ttwo  words \n",
    "CRLF": "a.wav\tone\r\nb.wav\ttwo words\r\n",
    "BOM": "\ufeffa.wav\tone\nb.wav\ttwo words\n",
    "header": "path\ttranscript\na.wav\tone\nb.wav\ttwo words\n",
    "csv": 'file,text\na.wav,one\nb.wav,"two words"\n',
    "cells of several lines": 'file,text\na.wav,one\nb.wav,"two\nwords"\n',
    "quoted": '"path"\t"text"\n"a.wav"\t"one"\n"b.wav"\t"two words"\n',
    "bars": "a|one\nb|two words\n",
    "swapped": "sentence,path\none,a.wav\ntwo words,b.wav\n",
    "blanks": "a one\nb.wav two  words\n",
    "sizes": "wav_filename,wav_filesize,transcript\na.wav,3,one\nb.wav,4,two words\n",
    "indented": "a one\n b.wav two words\n",
    "blank lines": "\na.wav\tone\n\nb.wav\ttwo words\n\n",
    "JSON lines": '{"audio_filepath": "a.wav", "text": "one"}\n{"audio_filepath": "b.wav", "text": "two words"}\n',
    "more columns": "client_id\tpath\tsentence\tage\nx\ta.wav\tone\t3\ny\tb.wav\ttwo words\t4\n",
}


@pytest.mark.parametrize("kind", TABLES)
def test_tables(folder: Path, kind: str) -> None:
    (folder / "table").write_text(TABLES[kind])
    found = read_recordings([str(folder / "table")], reading())
    assert [(Path(r.path).name, r.text) for r in found] == [("a.wav", "one"), ("b.wav", "two words")]
    assert {(r.seconds, r.rate) for r in found} == {(0.5, 8000)}
    speakers = ["x", "y"] if kind == "more columns" else ["", ""]
    assert [r.speaker for r in found] == speakers


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("path,text\na.wav,one\nb.wav,two, three\n", "line 3: has 3 columns, the first row 2"),
        ("path\ttext\tstart\tend\na.wav\tone\t0\t.2\na.wav\ttwo\t0.2\t.4\n", "line 3: is about a part of .* from 0.2"),
        ('{"path": "a.wav", "text": "one", "offset": 0.2}', "line 1: is about a part of a recording"),
        ('[{"path": "a.wav", "text": "one"}]', "is a JSON list"),
    ],
)
def test_what_would_be_read_wrongly_is_refused(folder: Path, table: str, message: str) -> None:
    (folder / "table").write_text(table)
    with pytest.raises(DataError, match=message):
        read_rows(str(folder / "table"), reading())
    if "part of" in message:
        assert read_rows(str(folder / "table"), reading(columns="path,text"))[0].text == "one"


def test_times_of_labels_beside_a_recording_are_not_said(folder: Path) -> None:
    (folder / "b.txt").write_text("0.000000\t0.250000\tone\n0.250000\t0.500000\t2 words\n")
    assert [row.text for row in read_rows(str(folder), reading())] == ["one 2 words"]


def test_recordings_in_folders_of_usual_names_and_without_endings(folder: Path) -> None:
    (folder / "metadata.csv").write_text("c|three|three\nd|four|four\n")
    said: list[str] = []
    found = read_rows(str(folder), reading(), notice=said.append)
    assert [Path(row.path).name for row in found] == ["c.wav", "d.flac"]
    assert "metadata.csv" in said[0]
    assert "column 2" in said[1]


@pytest.mark.parametrize("columns", [("2,3", "1"), ("clip,said", "who")])
def test_columns_by_number_and_by_name(folder: Path, columns: tuple[str, str]) -> None:
    header = "who,clip,said\n" if columns[1] == "who" else ""
    (folder / "table.csv").write_text(f"{header}me,a.wav,one\nyou,b.wav,two\n")
    found = read_rows(str(folder / "table.csv"), reading(columns=columns[0], by_speaker=columns[1]))
    assert [(row.speaker, Path(row.path).name, row.text) for row in found] == [
        ("me", "a.wav", "one"),
        ("you", "b.wav", "two"),
    ]


def test_a_column_that_is_not_there_is_named_with_those_that_are(folder: Path) -> None:
    (folder / "table.csv").write_text("clip,said\na.wav,one\n")
    with pytest.raises(UsageError, match="no column 'text'") as caught:
        read_rows(str(folder / "table.csv"), reading(columns="clip,text"))
    assert "clip, said" in str(caught.value.hint)


def test_transcripts_beside_recordings(folder: Path) -> None:
    (folder / "a.txt").write_text("one\n")
    (folder / "wavs/c.txt").write_text("three\nfour")
    said: list[str] = []
    found = read_rows(str(folder), reading(), notice=said.append)
    assert [(Path(row.path).name, row.text) for row in found] == [("a.wav", "one"), ("c.wav", "three four")]
    assert "2 recordings have no transcript" in said[0]


def test_transcripts_of_a_folder_in_one_file(folder: Path) -> None:
    (folder / "1-2.trans.txt").write_text("a ONE TWO\nb THREE\n")
    said: list[str] = []
    assert [row.text for row in read_rows(str(folder), reading(), said.append)] == ["ONE TWO", "THREE"]
    assert said[0].startswith("2 recordings have no transcript")


def test_a_folder_for_each_word(tmp_path: Path) -> None:
    for name in ("yes/1.wav", "yes/2.wav", "turn_left/1.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        soundfile.write(tmp_path / name, np.zeros(800), 8000)
    said: list[str] = []
    found = read_rows(str(tmp_path), reading(), notice=said.append)
    assert [row.text for row in found] == ["turn left", "yes", "yes"]
    assert "name of the folder" in said[0]


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("", "table", "empty"),
        ("a.wav\n", "line 1", "one column"),
        ("\na.wav\n", "line 2", "one column"),
        ("\n\na.wav\tone\nb.wav\n", "line 4", "has 1 column"),
        ("\na one\nz two\n", "line 3", "z: cannot be read"),
        ("\n{]\n", "line 2", "not a JSON object"),
        ("a.wav\tone\nb.wav\n", "line 2", "has 1 column"),
        ("a.wav\tone\nz.wav\ttwo\n", "line 2", "z.wav: cannot be read: No such file"),
        ('{"audio": "a.wav"}\n', "line 1", "lacks a transcript"),
        ("{]\n", "line 1", "not a JSON object"),
        ("[1]\n", "line 1", "one column"),
        ("table\tone\n", "line 1", "is no sound"),
        ("wavs\tone\n", "line 1", "is a folder"),
        ("a\0.wav\tone\n", "line 1", "cannot be read"),
    ],
)
def test_bad_tables_say_where_and_what(folder: Path, text: str, place: str, reason: str) -> None:
    (folder / "table").write_text(text)
    with pytest.raises(DataError) as caught:
        read_recordings([str(folder / "table")], reading())
    assert place in caught.value.message
    assert reason in caught.value.message


def test_a_manifest_without_the_field_that_says_who_speaks(folder: Path) -> None:
    (folder / "table").write_text('{"path": "a.wav", "text": "one", "who": "me"}\n{"path": "b.wav", "text": "two"}\n')
    with pytest.raises(DataError, match="line 2: lacks 'who'"):
        read_rows(str(folder / "table"), reading(by_speaker="who"))


def test_bad_recordings_may_be_left_out(folder: Path) -> None:
    (folder / "table").write_text("z.wav\ttwo\na.wav\tone\n")
    said: list[str] = []
    found = read_recordings([str(folder / "table")], reading(skip_bad=True), notice=said.append)
    assert len(found) == 1
    assert said[0].startswith("left out 1 of 2 recordings")


def test_a_recording_that_is_there_twice_counts_once(folder: Path) -> None:
    (folder / "table").write_text("a.wav\tone\nb.wav\ttwo\n./a.wav\t one \na\tthree\n")
    found = read_recordings([str(folder / "table")], reading())
    said: list[str] = []
    assert [recording.text for recording in each_once(found[:3], False, said.append)] == ["one", "two"]
    assert said == ["left out 1 rows that repeat a recording, 0 of them with another transcript"]
    with pytest.raises(
        DataError, match=r"table, line 4: .*a\.wav is said to hold 'three', but in an earlier row 'one'"
    ):
        each_once(found, False, said.append)
    assert [recording.text for recording in each_once(found, True, said.append)] == ["one", "two"]


def test_recordings_of_hours_are_not_learnt_from(folder: Path) -> None:
    soundfile.write(folder / "long.wav", np.zeros(61 * 8000, np.int16), 8000)
    (folder / "table").write_text("long.wav\tone\n")
    with pytest.raises(DataError, match=r"lasts 1\.0 minutes") as caught:
        read_recordings([str(folder / "table")], reading())
    assert "--skip-bad" in str(caught.value.hint)


def recording(number: int, speaker: str = "", rate: int = 8000) -> Recording:
    return Recording(f"{number}.wav", "x", speaker, 1.0, rate)


def test_speakers_are_held_out_whole():
    all_of = [recording(n, "abcd"[n % 4]) for n in range(40)]
    train, valid, said = divided(all_of, 0.05, by_speaker=True, seed=1)
    assert len({r.speaker for r in valid}) == 1
    assert len(train) == 30
    assert not {r.speaker for r in train} & {r.speaker for r in valid}
    assert valid[0].speaker in said
    with pytest.raises(DataError, match="one speaker"):
        divided([recording(1, "a"), recording(2, "a")], 0.1, by_speaker=True, seed=1)
    with pytest.raises(DataError, match="cannot be divided"):
        divided([recording(1)], 0.1, by_speaker=False, seed=1)


def test_the_sample_rate_is_that_of_most():
    assert model_rate([recording(1, rate=8000), recording(2, rate=44100), recording(3, rate=16000)]) == 16000
    assert model_rate([recording(1, rate=8000), recording(2, rate=11025), recording(3, rate=16000)]) == 8000


def test_composed_letters_and_lower_case(folder: Path) -> None:
    (folder / "table").write_text(json.dumps({"path": "a.wav", "text": "E\u0301  TA"}) + "\n")
    (found,) = read_recordings([str(folder / "table")], reading(), lowercase=True)
    assert found.text == "\u00e9 ta"
