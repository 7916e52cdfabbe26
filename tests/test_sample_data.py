"""The sample data: remade byte for byte, and what its README claims of it."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
import wave
from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from sample_data import make, speech
from sample_data.make import FILES, FOLDER, LANGUAGES, PAIRS, long_range, stories
from sample_data.stories import Story

CODES = list(LANGUAGES)


def rows(name: str, delimiter: str = ",") -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE))


def pairs(part: str) -> list[list[str]]:
    name = {"train": "pairs.en-zh.tsv"}.get(part, f"pairs.en-zh.{part}.tsv")
    return [line.split("\t") for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", FILES)
def test_remaking_a_file_gives_the_same_bytes(name: str) -> None:
    assert FILES[name]().encode() == (FOLDER / name).read_bytes()


@pytest.mark.parametrize("code", CODES)
def test_story_files_have_their_size_and_shape(code: str) -> None:
    content = (FOLDER / f"stories.{code}.txt").read_bytes()
    assert 300_000 <= len(content) <= 500_000
    blocks = content.decode().removesuffix("\n").split("\n\n")
    assert len(blocks) == len(set(blocks)) == len(stories(code))
    assert all(block == block.strip() and "{" not in block and "|" not in block for block in blocks)


@pytest.mark.parametrize("code", CODES)
def test_links_lead_from_a_cause_to_the_word_it_decides(code: str) -> None:
    language = LANGUAGES[code]
    blocks = (FOLDER / f"stories.{code}.txt").read_text(encoding="utf-8").removesuffix("\n").split("\n\n")
    links = rows(f"stories.{code}.links.tsv", "\t")
    assert len(links) > 2 * len(blocks)
    for link in links:
        text = blocks[int(link["story"]) - 1]
        units = list(language.unit.finditer(text))
        cause, place = units[int(link["cause"])], units[int(link["place"])]
        assert int(link["place"]) - int(link["cause"]) == int(link["distance"]) > 0
        assert text.startswith(link["answer"], place.start())
        told = language.dependencies[link["kind"]].causes[link["answer"]]
        assert text[: cause.end()].endswith(tuple(told))


@pytest.mark.parametrize("code", CODES)
def test_nothing_between_cause_and_answer_gives_it_away(code: str) -> None:
    language = LANGUAGES[code]
    examples: list[Story] = [*stories(code), *long_range(80, 100, language=code)]
    for story in examples:
        units = list(language.unit.finditer(story.text))
        for link in story.links:
            between = story.text[units[link.cause].end() : link.offset]
            causes = language.dependencies[link.kind].causes
            edge = r"\b" if code == "en" else ""
            telling = {*link.alternatives, *(cause for told in causes.values() for cause in told)}
            said = [words for words in telling if re.search(edge + re.escape(words) + edge, between)]
            assert not said, story.text


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("distance", [12, 40, 160])
def test_long_range_stories_have_the_distance_asked_for(code: str, distance: int) -> None:
    found = list(long_range(distance, 60, language=code, seed=3))
    assert len(found) == 60
    for story in found:
        (link,) = story.links
        units = [unit.start() for unit in LANGUAGES[code].unit.finditer(story.text)]
        assert link.distance == distance == link.place - link.cause
        assert units[link.place] == link.offset
        assert story.text.startswith(link.answer, link.offset)
        assert link.answer in link.alternatives
    assert len({story.links[0].kind for story in found}) >= 6
    assert found == list(long_range(distance, 60, language=code, seed=3))
    assert found != list(long_range(distance, 60, language=code, seed=4))


def test_answers_of_long_range_stories_are_balanced() -> None:
    answers = Counter(story.links[0].answer for story in long_range(60, 600, kind="air"))
    assert set(answers) == {"grey", "blue"}
    assert min(answers.values()) > 230


def test_an_impossible_distance_is_refused() -> None:
    with pytest.raises(ValueError, match="no story"):
        next(long_range(1, 1))


def test_long_range_command_prints_json() -> None:
    command = [sys.executable, str(FOLDER / "make.py"), "long-range", "--distance", "20", "--kind", "air"]
    output = subprocess.run([*command, "--count", "2"], capture_output=True, text=True, check=True).stdout
    assert len(output.splitlines()) == 2
    assert '"distance": 20' in output


def test_people_keep_their_pronouns() -> None:
    """The sibling is a brother where the hero is a woman: he and she are never the same person."""
    english = LANGUAGES["en"]
    for story in long_range(40, 200, kind="mood"):
        hero = next(name for name in (*english.women, *english.men) if name in story.text)
        siblings = [word for word in ("brother", "sister") if word in story.text]
        assert siblings == (["brother"] if hero in english.women else ["sister"])


def test_pairs_are_different_and_their_number_is_right() -> None:
    found = {part: pairs(part) for part in PAIRS}
    assert {part: len(lines) for part, lines in found.items()} == PAIRS
    for side in (0, 1):
        sentences = [line[side] for lines in found.values() for line in lines]
        assert len(sentences) == len(set(sentences))
    assert all(
        len(line) == 2 and all(side == side.strip() != "" for side in line) for part in found.values() for line in part
    )


def test_held_out_pairs_are_new_combinations_of_known_words() -> None:
    split = make.pairs()
    known = set().union(*(pair.joins for pair in (*split.train, *split.valid)))
    assert all(pair.joins - known for pair in split.test)
    words = Counter(word for english, _ in pairs("train") for word in english.lower().rstrip(".?").split())
    characters = Counter(character for _, chinese in pairs("train") for character in chinese)
    assert all(words[word] >= 5 for english, _ in pairs("test") for word in english.lower().rstrip(".?").split())
    assert all(characters[character] >= 20 for _, chinese in pairs("test") for character in chinese)


def test_sales_have_every_day_but_the_gaps() -> None:
    sales = rows("sales.csv")
    series = Counter((row["shop"], row["product"]) for row in sales)
    assert len(series) == 12
    assert all(count == (1086 if shop == "Harbour" else 1096) for (shop, _), count in series.items())
    assert [row["date"] for row in sales if not row["sales"]] == [f"2025-05-0{day}" for day in (5, 6, 7, 8)]
    assert all(int(row["sales"] or 0) >= 0 and row["promo"] in ("0", "1") for row in sales)
    harbour = [date.fromisoformat(row["date"]) for row in sales if (row["shop"], row["product"]) == ("Harbour", "soup")]
    assert [(a, b) for a, b in pairwise(harbour) if (b - a).days != 1] == [(date(2024, 2, 11), date(2024, 2, 22))]
    closed = {row["date"] for row in rows("holidays.csv")}
    assert all(row["sales"] == "0" for row in sales if row["date"] in closed)


def test_future_file_follows_the_sales() -> None:
    sales, future = rows("sales.csv"), rows("sales.future.csv")
    assert {(row["shop"], row["product"]) for row in future} == {(row["shop"], row["product"]) for row in sales}
    days = sorted({row["date"] for row in future})
    assert len(days) == 28
    assert (max(row["date"] for row in sales), days[0]) == ("2025-12-31", "2026-01-01")


def test_recordings_of_a_made_up_voice_are_remade_and_keep_their_rule(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        speech.write_speech(tmp_path / name)
        made.append({str(p.relative_to(tmp_path / name)): p.read_bytes() for p in (tmp_path / name).rglob("*.*")})
    assert made[0] == made[1]
    tables = {name: data.decode().splitlines()[1:] for name, data in made[0].items() if name.endswith(".tsv")}
    assert {name: len(rows) for name, rows in tables.items()} == {"train.tsv": 320, "test.tsv": 80, "strings.tsv": 20}
    with wave.open(str(tmp_path / "one" / tables["train.tsv"][0].split("\t")[0])) as recording:
        assert (recording.getframerate(), recording.getnchannels()) == (8000, 1)
        assert recording.getnframes() > 1600
    for line in made[0]["strings.txt"].decode().splitlines():
        words = line.split()
        assert all(len(set(words[half::2])) == len(words[half::2]) for half in (0, 1))
