"""The company: sites, calendar, partners, items and prices, made once from the seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.demo_data import partners, vocabulary
from app.demo_data.master_rows import Item, ItemCategory, Site
from app.demo_data.price_list import PriceList, price_list
from app.demo_data.work_calendar import WorkCalendar, fiscal_year, work_calendar

if TYPE_CHECKING:
    import random
    from datetime import date

    from app.demo_data.master_rows import AppUser, Collector, Customer, Vehicle, Vendor


@dataclass(frozen=True, slots=True)
class Company:
    """All master data, with slips from `first` to `until`, both included."""

    first: date
    until: date
    calendar: WorkCalendar
    prices: PriceList
    users: list[AppUser]
    sites: list[Site]
    customers: list[Customer]
    vendors: list[Vendor]
    collectors: list[Collector]
    vehicles: list[Vehicle]
    categories: list[ItemCategory]
    items: list[Item]

    def trucks_of(self, customer: Customer) -> list[Vehicle]:
        """Return the vehicles of the collector that a customer works with."""
        count = partners.VEHICLES_PER_COLLECTOR
        start = customer.customer_id % partners.COLLECTORS * count
        return self.vehicles[start : start + count]


def found_company(rng: random.Random, first: date, until: date) -> Company:
    """Return the company that trades from `first` to `until`, both included."""
    customers = partners.customers(rng)
    years = range(fiscal_year(first), fiscal_year(until) + 1)
    return Company(
        first=first,
        until=until,
        calendar=work_calendar(first, until),
        prices=price_list(rng, customers, years),
        users=partners.users(rng),
        sites=[Site(*site[:5]) for site in vocabulary.SITES],
        customers=customers,
        vendors=partners.vendors(),
        collectors=partners.collectors(rng, until),
        vehicles=partners.vehicles(rng),
        categories=[
            ItemCategory(code, name, order)
            for order, (code, name) in enumerate(vocabulary.CATEGORIES, 1)
        ],
        items=[Item(number, *item[:5]) for number, item in enumerate(vocabulary.ITEMS, 1)],
    )
