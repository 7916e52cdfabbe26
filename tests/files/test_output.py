"""Where results are written: nothing is replaced unasked, nobody writes where another does, failures are told first."""

from __future__ import annotations

import errno
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from seqcli.errors import SeqcliError, TrainingError, UsageError
from seqcli.files.output import (
    TEMPORARY,
    check_outputs,
    check_place,
    check_table,
    check_writable,
    output_lock,
    whole_file,
    write_text,
)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "a.lm.safetensors"
    path.write_bytes(b'\x40\0\0\0\0\0\0\0{"a model')
    return path


def test_an_existing_model_is_not_overwritten(model: Path) -> None:
    with pytest.raises(UsageError, match="already there") as refused:
        check_writable(model, overwrite=False)
    assert "--overwrite" in str(refused.value.hint)
    assert "--resume" in str(refused.value.hint)
    check_writable(model, overwrite=True)
    model.write_bytes(b"")
    check_writable(model, overwrite=True)
    model.write_bytes(b"a text that a pattern or a folder may have named")
    with pytest.raises(UsageError, match="this is none"):
        check_writable(model, overwrite=True)


def test_stale_temporaries_are_swept_and_nobody_elses(model: Path) -> None:
    stale = model.with_name(f".{model.name}.123{TEMPORARY}")
    stale_state = model.with_name(f".a.lm.state.safetensors.9{TEMPORARY}")
    others = [model.with_name(f".a.lm2.safetensors.123{TEMPORARY}"), model.with_name(f"{model.name}{TEMPORARY}")]
    for path in (stale, stale_state, *others):
        path.write_bytes(b"half")
    check_writable(model, overwrite=True)
    assert stale.exists()  # its writer may be at work: only who holds the lock knows that nobody is
    with output_lock(model):
        assert not stale.exists()
        assert not stale_state.exists()
    assert all(path.exists() for path in others)


def test_a_folder_that_cannot_be_made_is_found_out_first(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SeqcliError, match="cannot be written"):
        check_writable(tmp_path / "file" / "a.lm.safetensors", overwrite=False)


def test_a_full_disk_is_found_out_first_and_left_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(path: Path, data: bytes) -> int:
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", write)
    with pytest.raises(SeqcliError, match="No space left"):
        check_writable(tmp_path / "a.lm.safetensors", overwrite=False)
    assert not list(tmp_path.iterdir())


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.lm.safetensors"
    code = (
        "import sys; from pathlib import Path; from seqcli.files.output import output_lock\n"
        "with output_lock(Path(sys.argv[1])): pass"
    )
    with output_lock(path):
        second = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
        assert "another process" in second.stderr
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_text_is_written_whole_and_a_link_stays_one(tmp_path: Path) -> None:
    plain, link, old = tmp_path / "plain", tmp_path / "link", tmp_path / "old"
    old.write_text("old")
    link.symlink_to(old)
    for path in (plain, link):
        write_text(path, ["天", "空\n"])
        assert path.read_text() == "天空\n"
    assert link.is_symlink()

    def failing() -> Iterator[str]:
        yield "new"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_text(plain, failing())
    assert plain.read_text() == "天空\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "old", "plain"]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.txt"
    path.write_text("text")
    (tmp_path / "link").symlink_to(path)
    (tmp_path / "hard").hardlink_to(path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder link").symlink_to(tmp_path / "folder")
    return path


@pytest.mark.parametrize("spelling", ["corpus.txt", "./corpus.txt", "folder/../corpus.txt", "link", "hard"])
def test_an_output_that_is_an_input_is_refused(corpus: Path, monkeypatch: pytest.MonkeyPatch, spelling: str) -> None:
    monkeypatch.chdir(corpus.parent)
    with pytest.raises(UsageError, match=r"--output .*: this command reads that file"):
        check_outputs({"--plot": None, "--output": spelling}, ["other", "corpus.txt"])
    with pytest.raises(UsageError, match="reads that file"):
        check_outputs({"--output": "corpus.txt"}, [spelling])


def test_an_output_that_standard_input_comes_from_is_refused(corpus: Path) -> None:
    code = "from seqcli.files.output import check_outputs; check_outputs({'--output': 'corpus.txt'}, ['-'])"
    with corpus.open() as stdin:
        done = subprocess.run(
            [sys.executable, "-c", code], stdin=stdin, capture_output=True, text=True, cwd=corpus.parent, check=False
        )
    assert "reads that file (standard input)" in done.stderr


@pytest.mark.parametrize("second", ["new", "folder/new", "folder link/new", "./folder/new"])
def test_two_outputs_of_one_name_are_refused(corpus: Path, monkeypatch: pytest.MonkeyPatch, second: str) -> None:
    monkeypatch.chdir(corpus.parent)
    first = "new" if second == "new" else "folder/new"
    with pytest.raises(UsageError, match="--plot and --save name the same file"):
        check_outputs({"--plot": first, "--save": second}, [])
    check_outputs({"--plot": "-", "--save": "-", "--output": None}, ["new"])


def test_a_device_is_no_place_for_a_model(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a regular file"):
        check_writable(Path("/dev/null"), overwrite=True)
    with pytest.raises(SeqcliError, match="not a regular file"), whole_file(Path("/dev/null")):
        pass


def test_a_model_behind_a_link_is_replaced_and_the_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    model, link = tmp_path / "disk" / "model", tmp_path / "link"
    begins = b'\x80\0\0\0\0\0\0\0{"'  # as every model file does
    link.symlink_to(model)
    left = tmp_path / "disk" / ".model.99.part"
    left.touch()
    for content in (begins + b"first", begins + b"second"):
        check_writable(link, overwrite=True)
        with output_lock(link), whole_file(link) as file:
            with pytest.raises(TrainingError, match="another process"), output_lock(model):
                pass
            file.write(content)
        assert link.is_symlink()
        assert model.read_bytes() == content
    assert [path.name for path in (tmp_path / "disk").iterdir()] == ["model"]


def test_a_loop_of_links_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    check_outputs({"--output": tmp_path / "a"}, [tmp_path / "text"])
    with whole_file(tmp_path / "a") as file:
        file.write(b"new")
    assert (tmp_path / "a").read_bytes() == b"new"


def test_an_outputs_folder_is_made_and_is_no_output_itself(tmp_path: Path) -> None:
    check_place(str(tmp_path / "some" / "where" / "new.csv"))
    assert (tmp_path / "some" / "where").is_dir()
    with pytest.raises(UsageError, match="is a folder"):
        check_place(str(tmp_path))
    (tmp_path / "file").touch()
    for check in (lambda path: check_place(str(path)), lambda path: check_writable(path, overwrite=True)):
        for name in ("file/new", "file/in/new"):
            with pytest.raises(SeqcliError, match="file is no folder"):
                check(tmp_path / name)


@pytest.mark.parametrize("name", ["x.tsv", "x.TAB", "x.csv.gz", "x.parquet", "x.json", "x.ndjson"])
def test_a_table_is_not_written_under_a_name_that_says_otherwise(name: str) -> None:
    with pytest.raises(UsageError, match="a table is written as CSV or as a workbook"):
        check_table(name)


@pytest.mark.parametrize(("name", "form"), [("x.csv", "csv"), ("x.xlsx", "csv"), ("x", "csv"), ("x.jsonl", "ndjson")])
def test_a_table_is_written_under_a_name_of_its_kind(name: str, form: str) -> None:
    check_table(name, form)
