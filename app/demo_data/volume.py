"""How much comes in: the pattern of weekdays, seasons and growth, and the targets set from it."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from app.demo_data import vocabulary
from app.demo_data.master_rows import MonthlyTarget, ProcessingCapacity, WeekdayWeight
from app.demo_data.partners import CUSTOMERS

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from datetime import date

    from app.demo_data.company import Company
    from app.demo_data.master_rows import Site

SLIPS_PER_DAY = 60  # all sites, at scale 1
WEEKDAYS = (1.05, 1.0, 1.0, 1.05, 1.1, 0.6, 0.0)
SEASONS = (0.82, 0.93, 1.18, 1.02, 0.96, 1.0, 1.03, 0.88, 1.02, 1.05, 1.08, 1.12)
_ON_HOLIDAYS = 0.7
_GROWTH_PER_YEAR = 0.03
_CAPACITY_DAYS = 2.5  # a licence allows that many average days

_SHARES = [item[8] for item in vocabulary.ITEMS]
_FILLS = [item[9] for item in vocabulary.ITEMS]
_SITE_SHARES = {site[0]: site[5] for site in vocabulary.SITES}


def expected_slips(company: Company, site: Site, day: date, scale: float) -> float:
    """Return how many receive slips a site makes on a day, on average."""
    if not company.calendar.works(site, day):
        return 0.0
    growth = 1 + _GROWTH_PER_YEAR * (day - company.first).days / 365
    holiday = _ON_HOLIDAYS if day in company.calendar.holidays else 1.0
    pattern = WEEKDAYS[day.weekday()] * SEASONS[day.month - 1]
    return SLIPS_PER_DAY * scale * _SITE_SHARES[site.site_code] * pattern * growth * holiday


def customer_index(rng: random.Random) -> int:
    """Pick a customer; the first ones of the list bring most."""
    return int(CUSTOMERS * rng.random() ** 2)


def weekday_weights(company: Company) -> list[WeekdayWeight]:
    """Return the shares by which a month's target spreads over its working days."""
    return [
        WeekdayWeight(site.site_code, iso_dow, weight)
        for site in company.sites
        for iso_dow, weight in enumerate(WEEKDAYS, 1)
    ]


def monthly_targets(company: Company, rng: random.Random, scale: float) -> list[MonthlyTarget]:
    """Return targets close to what will come in: managers know their business."""
    kg_per_slip, yen_per_kg = _kg_per_slip(company), _yen_per_kg()
    targets = []
    for (site_code, month), slips in _slips_per_month(company, scale).items():
        for category, kg in kg_per_slip.items():
            target = round(slips * kg * (0.97 + 0.07 * rng.random()) / 100) * 100
            yen = round(target * yen_per_kg[category] / 1000) * 1000
            targets.append(MonthlyTarget(site_code, month, category, target, max(yen, 0), 2))
    return targets


def capacities(company: Company, scale: float) -> Iterator[ProcessingCapacity]:
    """Yield what the licence of each site allows per day."""
    valid_from = company.calendar.days[0]
    for site in company.sites:
        slips = SLIPS_PER_DAY * scale * _SITE_SHARES[site.site_code]
        for category, kg in _kg_per_slip(company).items():
            capacity = round(_CAPACITY_DAYS * slips * kg / 1000) * 1000
            yield ProcessingCapacity(site.site_code, category, valid_from, max(capacity, 1000))


def _slips_per_month(company: Company, scale: float) -> dict[tuple[str, date], float]:
    slips: dict[tuple[str, date], float] = {}
    days = [day for day in company.calendar.days if day >= company.first.replace(day=1)]
    for site in company.sites:
        for day in days:
            key = (site.site_code, day.replace(day=1))
            slips[key] = slips.get(key, 0.0) + expected_slips(company, site, day, scale)
    return slips


def _kg_per_slip(company: Company) -> dict[str, float]:
    """Return the average net weight that one slip brings to each category, in kg."""
    loads = 0.0
    for index, customer in enumerate(company.customers):
        trucks = company.trucks_of(customer)
        chance = sqrt((index + 1) / CUSTOMERS) - sqrt(index / CUSTOMERS)
        loads += chance * sum(truck.max_load_kg for truck in trucks) / len(trucks)
    kilograms: dict[str, float] = {}
    for item, share, fill in zip(company.items, _SHARES, _FILLS, strict=True):
        weight = share / sum(_SHARES) * fill * loads
        kilograms[item.category_code] = kilograms.get(item.category_code, 0.0) + weight
    return kilograms


def _yen_per_kg() -> dict[str, float]:
    """Return the average disposal price of each category, weighted by what comes in."""
    yen: dict[str, float] = {}
    kilograms: dict[str, float] = {}
    for item in vocabulary.ITEMS:
        category, price, weight = item[2], item[5], item[8] * item[9]
        yen[category] = yen.get(category, 0.0) + price * weight
        kilograms[category] = kilograms.get(category, 0.0) + weight
    return {category: yen[category] / kilograms[category] for category in yen}
