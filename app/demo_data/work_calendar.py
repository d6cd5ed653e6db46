"""When the sites work: Sundays, public holidays, Obon and the new year."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.demo_data import vocabulary
from app.demo_data.holidays import public_holidays
from app.demo_data.master_rows import Closure

if TYPE_CHECKING:
    from app.demo_data.master_rows import Site

_SUNDAY = 7
_APRIL = 4


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Whole fiscal years of days, with the holidays and closures in them."""

    days: list[date]
    holidays: dict[date, str]
    closures: list[Closure]
    closed: frozenset[tuple[str, date]]

    def works(self, site: Site, day: date) -> bool:
        """Tell whether a site is open; the rule of `ref.is_business_day`."""
        if day.isoweekday() == _SUNDAY or (site.site_code, day) in self.closed:
            return False
        return site.works_on_holidays or day not in self.holidays


def work_calendar(first: date, until: date) -> WorkCalendar:
    """Return the calendar of the fiscal years that hold `first` and `until`."""
    days = _days(date(fiscal_year(first), _APRIL, 1), date(fiscal_year(until) + 1, 3, 31))
    years = range(days[0].year, days[-1].year + 1)
    holidays = {day: name for year in years for day, name in public_holidays(year).items()}
    closures: list[Closure] = []
    closed: set[tuple[str, date]] = set()
    for reason, start, end in _closed_periods(years):
        for site_code, *_ in vocabulary.SITES:
            closures.append(Closure(len(closures) + 1, site_code, f"[{start},{end}]", reason))
            closed.update((site_code, day) for day in _days(start, end))
    within = {day: name for day, name in holidays.items() if days[0] <= day <= days[-1]}
    return WorkCalendar(days, within, closures, frozenset(closed))


def fiscal_year(day: date) -> int:
    """Return the fiscal year, which begins in April."""
    return day.year - (day.month < _APRIL)


def _days(first: date, last: date) -> list[date]:
    return [first + dt.timedelta(days=passed) for passed in range((last - first).days + 1)]


def _closed_periods(years: range) -> list[tuple[str, date, date]]:
    obon = [("お盆休業", date(year, 8, 13), date(year, 8, 16)) for year in years]
    new_year = [("年末年始休業", date(year, 12, 30), date(year + 1, 1, 4)) for year in years]
    return obon + new_year
