"""The people and firms the company works with, drawn from the vocabulary."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from app.demo_data import vocabulary
from app.demo_data.master_rows import AppUser, Collector, Customer, Vehicle, Vendor

if TYPE_CHECKING:
    import random
    from datetime import date

CUSTOMERS = 120
COLLECTORS = 24
VEHICLES_PER_COLLECTOR = 4
_TRUCKS = ((3900, 2000), (5200, 2900), (7600, 3750), (10800, 9200))  # empty kg, load kg


def users(rng: random.Random) -> list[AppUser]:
    """Return an admin, managers, clerks and viewers."""
    roles = ("admin", "manager", "manager", "clerk", "clerk", "clerk", "viewer", "viewer")
    names = rng.sample(vocabulary.SURNAMES, len(roles))
    return [
        AppUser(
            number,
            f"user{number:02d}@sanbou.example",
            f"{surname} {rng.choice(vocabulary.GIVEN_NAMES)}",
            role,
        )
        for number, (role, (surname, _)) in enumerate(zip(roles, names, strict=True), 1)
    ]


def customers(rng: random.Random) -> list[Customer]:
    """Return firms of different trades; the order is that of their business with us."""
    firms = [(name, trade) for name in vocabulary.SURNAMES for trade in vocabulary.TRADES]
    return [
        Customer(
            number,
            f"C{number:05d}",
            rng.choice(("株式会社{}{}", "{}{}株式会社", "有限会社{}{}")).format(name[0], trade[0]),
            name[1] + trade[1],
            rng.choice(vocabulary.PREFECTURES),
            rng.choice((99, 99, 20, 15)),
        )
        for number, (name, trade) in enumerate(rng.sample(firms, CUSTOMERS), 1)
    ]


def collectors(rng: random.Random, until: date) -> list[Collector]:
    """Return carriers with permits that expire after `until`, some soon."""
    firms = [
        (name, trade) for name, _ in vocabulary.SURNAMES for trade in vocabulary.COLLECTOR_TRADES
    ]
    return [
        Collector(
            number,
            f"T{number:03d}",
            f"{name}{trade}株式会社",
            f"{13 + number % 3:02d}00{rng.randrange(10**7):07d}",
            until + dt.timedelta(days=rng.randrange(20, 1800)),
        )
        for number, (name, trade) in enumerate(rng.sample(firms, COLLECTORS), 1)
    ]


def vehicles(rng: random.Random) -> list[Vehicle]:
    """Return the trucks, those of one collector in a row."""
    count = COLLECTORS * VEHICLES_PER_COLLECTOR
    plates = rng.sample(range(1000, 10000), count)
    return [
        Vehicle(index + 1, index // VEHICLES_PER_COLLECTOR + 1, _plate(rng, plates[index]), *truck)
        for index, truck in enumerate(rng.choice(_TRUCKS) for _ in range(count))
    ]


def _plate(rng: random.Random, number: int) -> str:
    office, kana = rng.choice(vocabulary.PLATE_OFFICES), rng.choice(vocabulary.PLATE_KANA)
    return f"{office} {rng.choice((100, 130, 800))} {kana} {number // 100:02d}-{number % 100:02d}"


def vendors() -> list[Vendor]:
    """Return who takes material and residue."""
    return [
        Vendor(number, f"V{number:03d}", name, is_final)
        for number, (name, is_final) in enumerate(vocabulary.VENDOR_NAMES, 1)
    ]
