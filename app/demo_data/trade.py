"""What happens in the yards, day by day: waste comes in, is worked on, and leaves."""

from __future__ import annotations

import datetime as dt
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from app.demo_data import vocabulary
from app.demo_data.slip_rows import InventoryDaily
from app.demo_data.volume import customer_index, expected_slips

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from datetime import date

    from app.demo_data.company import Company
    from app.demo_data.master_rows import Customer, Item, Site, Vehicle

_SHARES = [item[8] for item in vocabulary.ITEMS]
_UP_TO = list(accumulate(_SHARES))
_FILLS = [item[9] for item in vocabulary.ITEMS]
_WORKED_ON = 0.4  # share of what comes in that the yard sorts, crushes, presses or bales
_PROCESSES = ("sort", "crush", "press", "bale")
_FULL_YARD_KG = 16_000
_OPENING_KG = 6_000


class Receipt(NamedTuple):
    """A truck over the weighbridge."""

    site: Site
    customer: Customer
    vehicle: Vehicle
    item: Item
    net_kg: int
    unit_price: int


class Shipment(NamedTuple):
    """A load that leaves."""

    site: Site
    item: Item
    net_kg: int


class YardWork(NamedTuple):
    """A lot that was worked on."""

    site: Site
    item: Item
    process_code: str
    net_kg: int
    operator_name: str


class TradingDay(NamedTuple):
    """One day of all sites."""

    day: date
    receipts: list[Receipt]
    yard_works: list[YardWork]
    shipments: list[Shipment]
    inventory: list[InventoryDaily]


def trading_days(company: Company, rng: random.Random, scale: float) -> Iterator[TradingDay]:
    """Yield the days from `company.first` to `company.until`, stock carried from one to the next.

    Args:
        company: the master data.
        rng: the only source of chance; the same state gives the same days.
        scale: how many times the slips of a company of usual size.
    """
    stock = {
        (site.site_code, item.item_id): _OPENING_KG
        for site in company.sites
        for item in company.items
    }
    day = company.first
    while day <= company.until:
        open_sites = [site for site in company.sites if company.calendar.works(site, day)]
        receipts = [
            receipt
            for site in open_sites
            for receipt in _receipts(
                company, rng, site, day, expected_slips(company, site, day, scale)
            )
        ]
        yard_works = [_yard_work(rng, receipt) for receipt in receipts if rng.random() < _WORKED_ON]
        received = _sums(receipts)
        shipments = [
            shipment
            for site in open_sites
            for item in company.items
            for shipment in _shipments(rng, site, item, stock, received)
        ]
        inventory = list(_inventory(day, stock, received, _sums(shipments)))
        yield TradingDay(day, receipts, yard_works, shipments, inventory)
        stock = {(row.site_code, row.item_id): _closing(row) for row in inventory}
        day += dt.timedelta(days=1)


def _receipts(
    company: Company, rng: random.Random, site: Site, day: date, expected: float
) -> Iterator[Receipt]:
    for _ in range(int(expected * (0.85 + 0.3 * rng.random()) + rng.random())):
        customer = company.customers[customer_index(rng)]
        trucks = company.trucks_of(customer)
        vehicle = trucks[int(rng.random() * len(trucks))]
        (item,) = rng.choices(company.items, cum_weights=_UP_TO)
        load = vehicle.max_load_kg * _FILLS[item.item_id - 1] * (0.85 + 0.3 * rng.random())
        net_kg = max(10, round(load / 10) * 10)
        price = company.prices.price(day, item.item_id, customer.customer_id)
        yield Receipt(site, customer, vehicle, item, net_kg, price)


def _yard_work(rng: random.Random, receipt: Receipt) -> YardWork:
    process = _PROCESSES[int(rng.random() * len(_PROCESSES))]
    operator = vocabulary.OPERATORS[int(rng.random() * len(vocabulary.OPERATORS))]
    net_kg = round(receipt.net_kg * (0.8 + 0.2 * rng.random()) / 10) * 10
    return YardWork(receipt.site, receipt.item, process, net_kg, operator)


def _shipments(
    rng: random.Random,
    site: Site,
    item: Item,
    stock: dict[tuple[str, int], int],
    received: dict[tuple[str, int], int],
) -> Iterator[Shipment]:
    """Yield ten-tonne loads until the item fits into the yard again."""
    key = (site.site_code, item.item_id)
    left = stock[key] + received.get(key, 0)
    while left > _FULL_YARD_KG:
        net_kg = 7_000 + 10 * int(rng.random() * 280)
        left -= net_kg
        yield Shipment(site, item, net_kg)


def _sums(movements: list[Receipt] | list[Shipment]) -> dict[tuple[str, int], int]:
    sums: dict[tuple[str, int], int] = {}
    for movement in movements:
        key = (movement.site.site_code, movement.item.item_id)
        sums[key] = sums.get(key, 0) + movement.net_kg
    return sums


def _inventory(
    day: date,
    stock: dict[tuple[str, int], int],
    received: dict[tuple[str, int], int],
    shipped: dict[tuple[str, int], int],
) -> Iterator[InventoryDaily]:
    for key, opening in stock.items():
        yield InventoryDaily(day, *key, opening, received.get(key, 0), shipped.get(key, 0))


def _closing(row: InventoryDaily) -> int:
    return row.opening_kg + row.received_kg - row.shipped_kg
