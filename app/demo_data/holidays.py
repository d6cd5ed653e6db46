"""Public holidays of Japan, by the rules of the Act on National Holidays as amended to 2020."""

from __future__ import annotations

import datetime as dt
from datetime import date

FIRST_YEAR = 2007
LAST_YEAR = 2099
_DAY = dt.timedelta(days=1)
_SUNDAY = 6
_MOUNTAIN_DAY_SINCE = 2016
_REIWA_BIRTHDAY_SINCE = 2020

# Moved for the Tokyo Olympic Games by special measures acts.
_MOVED = {
    2020: {"海の日": (7, 23), "スポーツの日": (7, 24), "山の日": (8, 10)},
    2021: {"海の日": (7, 22), "スポーツの日": (7, 23), "山の日": (8, 8)},
}
_ENTHRONEMENT = {date(2019, 5, 1): "天皇の即位の日", date(2019, 10, 22): "即位礼正殿の儀"}


def public_holidays(year: int) -> dict[date, str]:
    """Return the public holidays of a year, in order, with substitutes and citizens' holidays.

    Args:
        year: 2007 (the act's amendment on substitute holidays) to 2099 (the equinox formula).

    Raises:
        ValueError: the year is outside of what the rules cover.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"holidays are known from {FIRST_YEAR} to {LAST_YEAR}, not {year}")
    named = _named_holidays(year)
    return dict(sorted((named | _citizens_holidays(named) | _substitutes(named)).items()))


def _named_holidays(year: int) -> dict[date, str]:
    days = {
        "元日": (1, 1),
        "成人の日": (1, _nth_monday(year, 1, 2)),
        "建国記念の日": (2, 11),
        "春分の日": (3, _equinox(year, 20.8431)),
        "昭和の日": (4, 29),
        "憲法記念日": (5, 3),
        "みどりの日": (5, 4),
        "こどもの日": (5, 5),
        "海の日": (7, _nth_monday(year, 7, 3)),
        "敬老の日": (9, _nth_monday(year, 9, 3)),
        "秋分の日": (9, _equinox(year, 23.2488)),
        "文化の日": (11, 3),
        "勤労感謝の日": (11, 23),
    }
    days |= _holidays_by_law_of(year) | _MOVED.get(year, {})
    named = {date(year, month, day): name for name, (month, day) in days.items()}
    return named | {day: name for day, name in _ENTHRONEMENT.items() if day.year == year}


def _holidays_by_law_of(year: int) -> dict[str, tuple[int, int]]:
    sports = (10, _nth_monday(year, 10, 2))
    if year < _MOUNTAIN_DAY_SINCE:
        return {"天皇誕生日": (12, 23), "体育の日": sports}
    mountain = {"山の日": (8, 11)}
    if year < _REIWA_BIRTHDAY_SINCE - 1:
        return mountain | {"天皇誕生日": (12, 23), "体育の日": sports}
    if year < _REIWA_BIRTHDAY_SINCE:  # 2019 had no birthday: the throne passed between the two
        return mountain | {"体育の日": sports}
    return mountain | {"天皇誕生日": (2, 23), "スポーツの日": sports}


def _citizens_holidays(named: dict[date, str]) -> dict[date, str]:
    between = (day + _DAY for day in named if day + 2 * _DAY in named)
    return {day: "国民の休日" for day in between if day not in named and day.weekday() != _SUNDAY}


def _substitutes(named: dict[date, str]) -> dict[date, str]:
    substitutes = {}
    for sunday in (day for day in named if day.weekday() == _SUNDAY):
        free = sunday
        while free in named:
            free += _DAY
        substitutes[free] = "振替休日"
    return substitutes


def _nth_monday(year: int, month: int, nth: int) -> int:
    return 1 + (-date(year, month, 1).weekday()) % 7 + 7 * (nth - 1)


def _equinox(year: int, base: float) -> int:
    # The usual approximation for 1980 to 2099; the National Astronomical Observatory of Japan
    # announces the true day a year ahead.
    passed = year - 1980
    return int(base + 0.242194 * passed) - passed // 4
