"""Where results are written: nothing is replaced unasked, nobody writes where another does, failures are told first."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from seqcli.errors import SeqcliError, UsageError
from seqcli.files.output import TEMPORARY, OutputLock, check_writable, write_text


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "a.lm.safetensors"
    path.write_bytes(b"a model")
    return path


def test_an_existing_model_is_not_overwritten(model: Path) -> None:
    with pytest.raises(UsageError, match="already there") as refused:
        check_writable(model, overwrite=False)
    assert "--overwrite" in str(refused.value.hint)
    assert "--resume" in str(refused.value.hint)
    check_writable(model, overwrite=True)


def test_stale_temporaries_are_swept_and_nobody_elses(model: Path) -> None:
    stale = model.with_name(f"{model.name}{TEMPORARY}")
    stale_state = model.with_name(f"a.lm.state.safetensors{TEMPORARY}")
    others = model.with_name(f"a.lm2.safetensors{TEMPORARY}")
    for path in (stale, stale_state, others):
        path.write_bytes(b"half")
    check_writable(model, overwrite=True)
    assert stale.exists()  # its writer may be at work: only who holds the lock knows that nobody is
    with OutputLock(model):
        assert not stale.exists()
        assert not stale_state.exists()
    assert others.exists()


def test_a_folder_that_cannot_be_made_is_found_out_first(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SeqcliError, match="cannot be written"):
        check_writable(tmp_path / "file" / "a.lm.safetensors", overwrite=False)


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.lm.safetensors"
    code = (
        "import sys; from pathlib import Path; from seqcli.files.output import OutputLock\n"
        "with OutputLock(Path(sys.argv[1])): pass"
    )
    with OutputLock(path):
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
