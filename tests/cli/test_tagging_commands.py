"""`train-tagger` and `tag` as they are typed: every format in and out, streams, refusals."""

from __future__ import annotations

import io
import json
import random
import sys
from pathlib import Path

import pytest

from seqcli.cli.app import run
from seqcli.files.checkpoint import load_checkpoint

NAMES, PLACES, VERBS = ("Ann", "Bo", "Eve", "Deng"), ("Paris", "Rome", "Oslo", "Lima"), ("left", "saw", "likes")
WORDS = ("希望", "世纪", "讲话", "的", "新", "充满")
SMALL = ["--hidden", "16", "--embedding", "16", "--dropout", "0.1", "--learning-rate", "0.02", "--precision", "fp32"]


def sentences(count: int, seed: int) -> list[list[tuple[str, str]]]:
    rng = random.Random(seed)
    return [
        [(rng.choice(NAMES), "PER"), (rng.choice(VERBS), "O"), (rng.choice(PLACES), "LOC"), (".", "O")]
        for _ in range(count)
    ]


def columns(count: int, seed: int) -> str:
    lines = [[f"{word} {'B-' + tag if tag != 'O' else tag}\n" for word, tag in one] for one in sentences(count, seed)]
    return "".join("".join(one) + "\n" for one in lines)


def segmented(count: int, seed: int) -> str:
    rng = random.Random(seed)
    return "".join(" ".join(rng.choices(WORDS, k=rng.randint(2, 5))) + "\n" for _ in range(count))


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tagger of names, trained on columns, and one that cuts text into words."""
    folder = tmp_path_factory.mktemp("taggers")
    (folder / "names.conll").write_text(columns(150, 1))
    (folder / "words.txt").write_text(segmented(150, 1), encoding="utf-8")
    for name, steps in (("names.conll", "80"), ("words.txt", "120")):
        model = str(folder / f"{name.partition('.')[0]}.tag.safetensors")
        assert run(["train-tagger", str(folder / name), "-q", *SMALL, "--steps", steps, "-o", model]) == 0
    return folder


def tag(capsys: pytest.CaptureFixture[str], models: Path, given: str, *options: str, model: str = "names") -> str:
    """What `tag` prints for text on standard input."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode()), encoding="utf-8"))
        assert run(["-q", "tag", "-m", str(models / f"{model}.tag.safetensors"), *options]) == 0
    return capsys.readouterr().out


def test_training_says_what_it_found(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["train-tagger", str(models / "names.conll"), *SMALL, "--steps", "2", "--json"]) == 0
    said = capsys.readouterr()
    for part in ("columns separated by blanks, labels in column 2 of 2", "chunks in IOB2", "holding out 15", "F1"):
        assert part in said.err
    summary = json.loads(said.out)
    assert summary["model"] == "checkpoints/names.tag.safetensors"
    assert set(summary) >= {"accuracy", "precision", "recall", "f1", "steps", "seconds"}


def test_names_are_found_in_columns_and_in_text(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = columns(20, 2)
    bare = expected.replace(" B-PER", " O").replace(" B-LOC", " O")
    assert tag(capsys, models, bare) == expected
    text = "".join(" ".join(word for word, _ in one) + "\n" for one in sentences(20, 2))
    assert tag(capsys, models, text) == expected
    assert tag(capsys, models, text.replace(" .", ".")) == expected


def test_lines_in_are_sentences_out(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = tag(capsys, models, "Ann saw Rome.\n\nBo left Oslo.\n", "--format", "inline")
    assert written == "Ann/B-PER saw/O Rome/B-LOC ./O\n\nBo/B-PER left/O Oslo/B-LOC ./O\n"


def test_json_lines_have_spans_probabilities_and_others(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = tag(capsys, models, "Ann saw Rome.\n", "--format", "ndjson", "--probabilities", "--n-best", "3")
    record = json.loads(written)
    assert [(s["start"], s["end"], s["label"]) for s in record["spans"]] == [(0, 3, "PER"), (8, 12, "LOC")]
    assert record["tokens"] == ["Ann", "saw", "Rome", "."]
    assert all(0.5 < p <= 1 for p in record["probabilities"])
    assert len(record["others"]) == 2
    assert record["others"][0]["log_probability"] < record["log_probability"]
    again = tag(capsys, models, '{"text": "Eve left Lima.", "id": 4}\n', "--format", "ndjson")
    assert json.loads(again)["id"] == 4


def test_conllu_is_written_and_read(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = tag(capsys, models, "Ann saw Rome.\n", "--format", "conllu", "--probabilities")
    rows = [line.split("\t") for line in written.splitlines()[1:-1]]
    assert [row[3:5] for row in rows] == [["_", "_"]] * 4  # chunks are neither kind of part of speech
    labels = [dict(part.split("=") for part in row[9].split("|")) for row in rows]
    assert [values["Label"] for values in labels] == ["B-PER", "O", "B-LOC", "O"]
    assert list(labels[2]) == ["SpaceAfter", "Label", "Prob"]
    assert written == tag(capsys, models, written, "--input", "conllu", "--format", "conllu", "--probabilities")


def test_text_is_cut_into_words(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = segmented(20, 2)
    raw = expected.replace(" ", "")
    assert tag(capsys, models, raw, model="words") == expected
    assert tag(capsys, models, "\n" + raw, model="words") == "\n" + expected
    best = tag(capsys, models, raw.splitlines()[0] + "\n", "--n-best", "2", model="words").splitlines()
    assert [line.split("\t")[0] for line in best] == ["1", "2"]
    assert best[0].split("\t")[2] + "\n" == expected.splitlines(keepends=True)[0]
    spans = json.loads(tag(capsys, models, raw.splitlines()[0] + "\n", "--format", "ndjson", model="words"))["spans"]
    assert " ".join(span["text"] for span in spans) + "\n" == expected.splitlines(keepends=True)[0]


def test_output_does_not_depend_on_what_comes_together(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = [" ".join(word for word, _ in one) for one in sentences(70, 3)] + ["Ann " * 40, "Bo"]
    together = tag(capsys, models, "\n".join(text) + "\n", "--probabilities")
    alone = "".join(tag(capsys, models, line + "\n", "--probabilities") for line in text)
    assert together == alone


def test_evaluate_score_and_info(models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, model = tmp_path / "test.conll", str(models / "names.tag.safetensors")
    data.write_text(columns(25, 5))
    assert run(["evaluate", model, str(data), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["sentences"], found["f1"], found["accuracy"]) == (25, 1.0, 1.0)
    assert run(["score", model, str(data)]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert len(rows) == 1 + 25
    assert rows[0] == "log_probability,tokens,perplexity,text"
    assert run(["info", model]) == 0
    assert "labelling.labels,LOC PER" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "part"),
    [
        (["--format", "segmented"], 2, "for models that cut text"),
        (["--format", "inline", "--probabilities"], 2, "no place for --probabilities"),
        (["--format", "conll", "--n-best", "2"], 2, "no place for --n-best"),
        (["missing.txt"], 3, "missing.txt"),
        (["--encoding", "klingon"], 2, "klingon"),
    ],
)
def test_what_does_not_fit_is_refused(
    models: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    part: str,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xffx\n"), encoding="utf-8"))
    assert run(["tag", "-m", str(models / "names.tag.safetensors"), *arguments]) == code
    said = capsys.readouterr().err
    assert part in said
    assert said.count("error: ") == 1


@pytest.mark.parametrize(
    ("text", "options", "code", "part"),
    [
        ("plain text\nof no format at all\n", [], 3, "cannot tell where the labels are"),
        ("a X\nb Y\n\n", ["--column", "7"], 2, "--column 7"),
        ("a X\nb Y\n\n", [], 3, "too few sentences"),
        ("a X\n\nb\n\n" + "c Y\n\n" * 90, [], 3, "line 3"),
        ("a X\nb X\n\n" * 9, [], 3, "all steps have the label 'X'"),
        ("", [], 3, "is empty"),
        ("a B-X\nb I-X\n\n" * 20 + "a I-Y\n\n" * 20 + "a B-Y\nb I-X\n\n" * 20, [], 3, "break the chunk scheme"),
    ],
)
def test_data_that_cannot_be_used_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, options: list[str], code: int, part: str
) -> None:
    data = tmp_path / "data"
    data.write_text(text)
    output = str(tmp_path / "x.safetensors")
    assert run(["train-tagger", str(data), *SMALL, "--steps", "1", "-o", output, *options]) == code
    assert part in capsys.readouterr().err
    assert not Path(output).exists()


def test_a_broken_chunk_is_named_and_taken_for_a_beginning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    data.write_text("a B-X\nb I-X\nc O\n\n" * 30 + "a O\nb I-X\n\n")
    assert run(["train-tagger", str(data), *SMALL, "--steps", "1", "-o", str(tmp_path / "x.safetensors")]) == 0
    said = capsys.readouterr().err
    assert "broken chunks at line 122" in said or "holding out" in said


def test_labels_that_are_nearly_chunks_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    data.write_text("a B-X\nb I-X\nc O\n\n" * 30 + "a O\nb 0\n\n" * 5)
    assert run(["train-tagger", str(data), *SMALL, "--steps", "1", "-o", str(tmp_path / "x.safetensors")]) == 0
    assert "line 122: '0' is no label of a chunk" in capsys.readouterr().err


def test_training_goes_on_from_a_model(models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = models / "names.tag.safetensors", tmp_path / "more.tag.safetensors"
    more = tmp_path / "more.conll"
    more.write_text(columns(60, 9))
    fine = ["train-tagger", str(more), "--steps", "2", "--init-from", str(first), "-o", str(second)]
    assert run([*fine, "-q", "--learning-rate", "0.0001"]) == 0
    assert load_checkpoint(second).metrics["f1"] > 0.95
    assert run([*fine, "--hidden", "99", "--overwrite"]) == 2
    more.write_text("Ann B-ANIMAL\nran O\n\n" * 30)
    assert run([*fine, "--overwrite"]) == 3
    assert "does not know the label" in capsys.readouterr().err


def test_a_run_that_was_stopped_keeps_its_data(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, output = tmp_path / "data.conll", str(tmp_path / "x.tag.safetensors")
    data.write_text(columns(60, 1))
    command = ["train-tagger", str(data), *SMALL, "-o", output]
    assert run([*command, "--steps", "2"]) == 0
    assert run([*command, "--steps", "4", "--resume"]) == 0
    assert load_checkpoint(Path(output)).metrics["steps"] == 4
    data.write_text(columns(60, 2))
    assert run([*command, "--steps", "6", "--resume"]) == 2
    assert "other data" in capsys.readouterr().err


@pytest.mark.parametrize("lines", ["Ann\nsaw\n\n", "Ann NNP\nsaw VBD\n\n", "Ann\tx\tNNP\nsaw\tx\tVBD\n\n"])
def test_columns_can_be_named_as_input_of_a_model_of_another_format(lines, models: Path, capsys) -> None:
    expected = "".join(line.split()[0] + "\n" for line in lines.split("\n\n")[0].split("\n"))
    found = tag(capsys, models, lines, "--input", "conll", "--format", "ndjson", model="words")
    assert json.loads(found)["text"].replace(" ", "\n") + "\n" == expected


@pytest.mark.parametrize(
    ("command", "option"),
    [("evaluate", "--lm=x"), ("evaluate", "--dynamic"), ("score", "--unit=bits"), ("score", "--no-line-end")],
)
def test_options_of_other_models_are_refused(
    command: str, option: str, models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [str(models / "names.tag.safetensors"), str(models / "names.conll")]
    assert run([command, *given, option]) == 2
    assert f"{option.partition('=')[0]} is not for a tagger" in capsys.readouterr().err


def test_text_in_place_of_a_file_is_told_from_it(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = next(models.glob("*.tag.safetensors"))
    assert run(["tag", "--model", str(model), "Ruth walked ."]) == 2
    assert "echo 'Ruth walked .' | seqcli tag" in capsys.readouterr().err


def test_a_file_with_a_word_a_line_has_sentences(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, model = tmp_path / "words.txt", str(models / "names.tag.safetensors")
    for text, sentences in (("Ann\nleft\nRome\n.\n\nBo\nsaw\n", 2), ("Ann\nBo\nRome\n", 3)):
        path.write_text(text)
        assert run(["tag", "--model", model, str(path), "--format", "ndjson"]) == 0
        assert len(capsys.readouterr().out.splitlines()) == sentences


def test_other_columns_are_read_as_they_are(models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, model = tmp_path / "test.csv", str(models / "names.tag.safetensors")
    data.write_text("word,pos,ner\n" + columns(25, 5).replace(" ", ",X,"))
    assert run(["evaluate", model, str(data), "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["f1"] == 1.0
    assert "read as columns separated by commas, labels in column 3 of 3" in captured.err
    data.write_text("Ann\nleft\n")
    assert run(["evaluate", model, str(data)]) == 3
    assert "has no labels" in capsys.readouterr().err
