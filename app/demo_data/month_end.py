"""The books of the months that are over."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from app.demo_data.master_rows import JobRun, MonthlyClose
from app.demo_data.uploading import MANAGER

if TYPE_CHECKING:
    from datetime import date

    from app.demo_data.trade import TradingDay


class MonthEnd:
    """Adds up what came in, for the months that are closed."""

    def __init__(self) -> None:
        self._kg: Counter[tuple[str, date, str]] = Counter()
        self._yen: Counter[tuple[str, date, str]] = Counter()

    def add(self, trading: TradingDay) -> None:
        """Count what came in on a day."""
        month = trading.day.replace(day=1)
        for receipt in trading.receipts:
            key = receipt.site.site_code, month, receipt.item.category_code
            self._kg[key] += receipt.net_kg
            self._yen[key] += receipt.net_kg * receipt.unit_price

    def rows(self, until: date) -> tuple[list[Any], list[Any]]:
        """Return the closed months and the jobs that closed them; the last month is open."""
        keys = sorted(key for key in self._kg if key[1] < until.replace(day=1))
        closed = [
            MonthlyClose(
                *key, self._kg[key], self._yen[key], MANAGER, f"{_after(key[1])} 10:00:00+09"
            )
            for key in keys
        ]
        months = sorted({month for _, month, _ in keys})
        jobs = [
            JobRun(
                number,
                "monthly_close",
                f"{_after(month)} 09:59:30+09",
                f"{_after(month)} 10:00:00+09",
                json.dumps({"month": f"{month:%Y-%m}"}),
            )
            for number, month in enumerate(months, 1)
        ]
        return closed, jobs


def _after(month: date) -> date:
    """Return the fifth of the next month, when the books are closed."""
    return month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1, day=5)
