"""Writes seqcli/series/names.json: the names of months and weekdays in the languages of CLDR, taken from Babel.

python tools/make_names.py      (needs the package Babel, which nothing else in the project does)
"""

from __future__ import annotations

import json
from pathlib import Path

from babel import Locale

# in the order in which a word that several languages share is looked up
LANGUAGES = """
en de fr es pt it nl sv da nb fi pl cs sk hu ro bg ru uk el tr ar he fa hi th vi id ms ca eu gl hr sr bs sl lt lv
et is ga cy sq mk be ka hy az kk uz bn ta te mr ur sw af ko ja zh
"""
FAMILIES = (("format", "wide"), ("format", "abbreviated"), ("stand-alone", "wide"), ("stand-alone", "abbreviated"))


def main() -> None:
    """Each language's months from January and weekdays from Monday, in four families of names each."""
    table = {}
    for language in LANGUAGES.split():
        locale = Locale.parse(language)
        months = [[locale.months[use][width][n] for n in range(1, 13)] for use, width in FAMILIES]
        days = [[locale.days[use][width][n] for n in range(7)] for use, width in FAMILIES]
        table[language] = [list(map(list, dict.fromkeys(map(tuple, names)))) for names in (months, days)]
    place = Path(__file__).parents[1] / "seqcli" / "series" / "names.json"
    lines = (f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in table.items())
    place.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
