"""What a kilogram costs: common prices and contracts, revised each April."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.demo_data import vocabulary
from app.demo_data.master_rows import Customer, UnitPrice
from app.demo_data.work_calendar import fiscal_year

if TYPE_CHECKING:
    import random

_RISE = 1.02  # from one fiscal year to the next
_CONTRACT_SHARE = 0.92  # of the common price, for a customer with a contract
_ITEM_IDS = range(1, len(vocabulary.ITEMS) + 1)


@dataclass(frozen=True, slots=True)
class PriceList:
    """The rows of `ref.unit_price`, and a fast look-up in them."""

    rows: list[UnitPrice]
    yen: dict[tuple[int, int, int | None], int]

    def price(self, day: date, item_id: int, customer_id: int) -> int:
        """Return yen per kg: the customer's price, else the common one."""
        year = fiscal_year(day)
        contract = self.yen.get((year, item_id, customer_id))
        return self.yen[year, item_id, None] if contract is None else contract


def price_list(rng: random.Random, customers: list[Customer], years: range) -> PriceList:
    """Return the prices of every item in every fiscal year; each fourth customer has contracts."""
    priced: list[tuple[int, int | None]] = [(item_id, None) for item_id in _ITEM_IDS]
    for customer in customers[::4]:
        items = sorted(rng.sample(_ITEM_IDS, 3))
        priced.extend((item_id, customer.customer_id) for item_id in items)
    rows: list[UnitPrice] = []
    yen: dict[tuple[int, int, int | None], int] = {}
    for year in years:
        ends = None if year == years[-1] else date(year + 1, 4, 1)
        for item_id, customer_id in priced:
            share = _RISE ** (year - years[0]) * (_CONTRACT_SHARE if customer_id else 1.0)
            price = round(vocabulary.ITEMS[item_id - 1][5] * share)
            number = len(rows) + 1
            rows.append(UnitPrice(number, item_id, customer_id, price, date(year, 4, 1), ends))
            yen[year, item_id, customer_id] = price
    return PriceList(rows, yen)
