"""Whatever is written in a style that is known is read back to the same panel; whatever is not is refused by name.

A few hundred cases by default; SEQCLI_FUZZ=10000 takes as many as that.
"""

import os
from datetime import datetime, timedelta

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqcli.errors import DataError
from seqcli.series.panel import read_panel

CASES = int(os.environ.get("SEQCLI_FUZZ", "200"))
relaxed = settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))

STARTS = {
    "hourly": (datetime(2021, 3, 1), lambda i: timedelta(hours=i)),
    "daily": (datetime(2021, 3, 1), lambda i: timedelta(days=i)),
    "weekly": (datetime(2021, 3, 1), lambda i: timedelta(weeks=i)),
}
STYLES = {
    "hourly": [
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M:%SZ",
        "%d.%m.%Y %H:%M",
        "%Y%m%d%H",
        "%d-%b-%Y %H:%M",
        "%Y/%m/%d %I:%M %p",
    ],
    "daily": ["%Y-%m-%d", "%d.%m.%Y", "%Y%m%d", "%d %b %Y", "%A, %B %d, %Y", "%Y-%j", "%d/%m/%Y", "%Y年%m月%d日"],
    "weekly": ["%Y-%m-%d", "%G-W%V", "%d/%m/%Y", "%b %d, %Y"],
    "monthly": ["%Y-%m", "%b %Y", "%Y-%m-01", "%m/%Y", "%B %Y", "%YM%m", "%Y年%m月"],
}
NUMBERS = {
    ",": [
        lambda v: f"{v:.2f}",
        lambda v: f'"{v:,.2f}"',
        lambda v: f"${v:.2f}",
        lambda v: f"{v:.4e}",
        lambda v: f"{v:.1f} kWh",
    ],
    ";": [
        lambda v: f"{v:.2f}".replace(".", ","),
        lambda v: f"{v:,.2f}".replace(",", " ").replace(".", ","),
        lambda v: f"{v:,.2f}".replace(",", "_").replace(".", ",").replace("_", "."),
        lambda v: f"{v:.2f} €".replace(".", ","),
    ],
    "\t": [lambda v: f"{v:.2f}", lambda v: f"{v:,.2f}"],
    "|": [lambda v: f"{v:.2f}"],
}
HEADERS = [
    [],
    ["# a comment"],
    ["Monthly report"],
    ["# made by", "# 2024-01-01"],
    ["Source: Office", "Updated: 2024-03-05"],
    ["Table 3.1", "Units: EUR", ""],
]
FOOTERS = [[], [], ["", "Source: Office of Statistics"], ["", "* provisional", "1) estimate"]]
NUMBERED = ["", "#", "index", "Unnamed: 0", "id"]  # names of a column that numbers the rows


def moments(frequency, count):
    if frequency == "monthly":
        return [datetime(2019 + i // 12, i % 12 + 1, 1) for i in range(count)]
    start, step = STARTS[frequency]
    return [start + step(i) for i in range(count)]


@st.composite
def tables(draw):
    """The text of a table, its series' values, and its frequency."""
    frequency = draw(st.sampled_from(sorted(STYLES)))
    style = draw(st.sampled_from(STYLES[frequency]))
    delimiter = draw(st.sampled_from(sorted(NUMBERS)))
    write = draw(st.sampled_from(NUMBERS[delimiter]))
    count = draw(st.integers(24, 60))
    names = draw(st.sampled_from([[], ["A", "B"], ["north", "south", "00123"]]))
    layout = draw(st.sampled_from(["long", "wide", "across"])) if names else "long"
    shuffled = draw(st.booleans())
    ending = draw(st.sampled_from(["\n", "\r\n"]))
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    values = np.round(random.uniform(100.5, 9999, (max(len(names), 1), count)), 1)
    times = [f'"{moment.strftime(style)}"' for moment in moments(frequency, count)]
    if layout == "wide":
        lines = [delimiter.join(["date", *names])]
        rows = [delimiter.join([time, *map(write, values[:, i])]) for i, time in enumerate(times)]
    elif layout == "across":
        lines = [delimiter.join(["shop", *times])]
        rows = [delimiter.join([name, *map(write, values[n])]) for n, name in enumerate(names)]
    else:
        lines = [delimiter.join(["date", *(["shop"] if names else []), "y"])]
        rows = [
            delimiter.join([time, *([name] if names else []), write(values[n, i])])
            for n, name in enumerate(names or [""])
            for i, time in enumerate(times)
        ]
    if shuffled:
        rows = [rows[place] for place in random.permutation(len(rows))]
    above, below = draw(st.sampled_from(HEADERS)), draw(st.sampled_from(FOOTERS))
    if layout == "wide" and draw(st.booleans()):  # a unit below each name
        rows.insert(0, delimiter.join(["", *("EUR" for _ in names)]))
    if layout == "wide" and draw(st.booleans()):
        rows.append(delimiter.join(["Total", *map(write, values.sum(axis=1))]))
    if layout != "across" and draw(st.booleans()):
        lines = [draw(st.sampled_from(NUMBERED)) + delimiter + lines[0]]
        rows = [f"{number}{delimiter}{row}" for number, row in enumerate(rows)]
    text = ending.join([*above, *lines, *rows, *below]) + ending
    return text, {name: values[n] for n, name in enumerate(names or [""])}, frequency, write


@relaxed
@given(tables())
def test_what_is_written_is_read_back(tmp_path_factory, table):
    text, expected, frequency, write = table
    path = tmp_path_factory.mktemp("p") / "x.csv"
    path.write_text(text, encoding="utf-8", newline="")
    panel = read_panel(path)
    assert panel.frequency.name == frequency
    found = {"/".join(one.key): one.values for one in panel.series}
    if set(expected) == {""}:
        found = {"": panel.series[0].values}
    assert set(found) == set(expected)
    tolerance = 1e-4 if "e" in write(1234.5) else 1e-9
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=tolerance)


BASE = "date,shop,y\n" + "".join(f"2021-03-{day:02d},{shop},{day * 3}\n" for shop in "AB" for day in range(1, 29))
NOISE = st.tuples(st.integers(0, len(BASE)), st.binary(min_size=0, max_size=4), st.integers(0, 4))


@relaxed
@given(st.lists(NOISE, min_size=1, max_size=8))
def test_noise_is_read_or_refused_and_never_an_accident(tmp_path_factory, noise):
    data = bytearray(BASE.encode())
    for place, inserted, removed in noise:
        data[place : place + removed] = inserted
    path = tmp_path_factory.mktemp("n") / "x.csv"
    path.write_bytes(bytes(data))
    try:
        panel = read_panel(path)
    except DataError:
        return
    assert all(np.isfinite(one.values[~np.isnan(one.values)]).all() for one in panel.series)
    assert all(panel.calendar.label(one.first, len(one.values)) for one in panel.series)
