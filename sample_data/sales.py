"""Three years of daily sales of six products in two shops, as a till would export them.

Sales are level × trend × weekday × time of year × promotion × holiday × a disturbance that lasts some days, rounded to
pieces. Two stretches are missing: a shop that was rebuilt has no rows, a till that was broken left the cells empty.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

FIRST, LAST = date(2023, 1, 1), date(2025, 12, 31)
AHEAD = 28  # days of the future file
PERSISTENCE, DISTURBANCE, NOISE = 0.75, 0.06, 0.10
PROMOTION = 1 / 40  # chance that a promotion starts on a day without one


@dataclass(frozen=True)
class Product:
    """`summer` is the strength of the yearly wave, its peak on day `peak` of the year; `growth` is per year."""

    level: float
    growth: float
    summer: float
    peak: int
    uplift: float
    weekend: float


PRODUCTS = {
    "bread": Product(140, 0.02, 0.05, 350, 1.3, 1.35),
    "coffee": Product(60, 0.09, 0.15, 10, 1.8, 1.1),
    "ice cream": Product(45, 0.05, 1.1, 200, 1.6, 1.5),
    "soup": Product(30, -0.04, 0.7, 15, 1.7, 0.9),
    "apples": Product(85, 0.03, 0.3, 285, 1.5, 1.2),
    "umbrellas": Product(2.2, 0.0, 0.5, 310, 1.4, 0.8),
}
SHOPS = {"Harbour": (1.0, 1.25), "Market Square": (1.6, 0.9)}  # level, and how strong its weekends are
REBUILT = ("Harbour", date(2024, 2, 12), date(2024, 2, 21))
BROKEN_TILL = ("Market Square", "coffee", date(2025, 5, 5), date(2025, 5, 8))
FIXED_HOLIDAYS = {(1, 1): "New Year", (5, 1): "May Day", (10, 3): "Founders' Day", (12, 25): "Christmas"}
EASTER = (date(2023, 4, 9), date(2024, 3, 31), date(2025, 4, 20), date(2026, 4, 5))


def holidays() -> dict[date, str]:
    """Days on which the shops are closed, by date, from the first year to the one after the last."""
    years = range(FIRST.year, LAST.year + 2)
    found = {date(year, *day): name for year in years for day, name in FIXED_HOLIDAYS.items()}
    found |= {sunday + timedelta(days=1): "Easter Monday" for sunday in EASTER}
    return dict(sorted(found.items()))


def days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def promotions(rng: random.Random) -> set[date]:
    """Days of promotion of one series, the future's included: from three days to a week at a time."""
    found: set[date] = set()
    for day in days(FIRST, LAST + timedelta(days=AHEAD)):
        if day not in found and rng.random() < PROMOTION:
            found |= {day + timedelta(days=number) for number in range(rng.randint(3, 7))}
    return found


def write_sales(seed: int = 0) -> tuple[str, str]:
    """The sales file and the future file: the promotions that are planned for the days after."""
    closed = holidays()
    rows, future = ["date,shop,product,sales,promo"], ["date,shop,product,promo"]
    for shop, (size, weekend) in SHOPS.items():
        for name, product in PRODUCTS.items():
            rng = random.Random(f"sales {seed} {shop} {name}")
            planned = promotions(rng)
            disturbance = 0.0
            for day in days(FIRST, LAST + timedelta(days=AHEAD)):
                promo = int(day in planned)
                if day > LAST:
                    future.append(f"{day},{shop},{name},{promo}")
                    continue
                disturbance = PERSISTENCE * disturbance + rng.gauss(0, DISTURBANCE)
                expected = (
                    size
                    * product.level
                    * math.exp(
                        product.growth * (day - FIRST).days / 365.25
                        + product.summer * math.cos(2 * math.pi * (day.timetuple().tm_yday - product.peak) / 365.25)
                        + disturbance
                    )
                )
                expected *= {4: 1.1, 5: product.weekend * weekend, 6: 0.6 * product.weekend * weekend}.get(
                    day.weekday(), 1.0
                )
                expected *= product.uplift if promo else 1.0
                expected *= 1.4 if day + timedelta(days=1) in closed else 1.0
                spread = math.sqrt(expected + (NOISE * expected) ** 2)
                sold = 0 if day in closed else max(0, round(rng.gauss(expected, spread)))
                if shop == REBUILT[0] and REBUILT[1] <= day <= REBUILT[2]:
                    continue
                broken = (shop, name) == BROKEN_TILL[:2] and BROKEN_TILL[2] <= day <= BROKEN_TILL[3]
                rows.append(f"{day},{shop},{name},{'' if broken else sold},{promo}")
    return "\n".join(rows) + "\n", "\n".join(future) + "\n"


def write_holidays() -> str:
    return "date,holiday\n" + "".join(f"{day},{name}\n" for day, name in holidays().items())
