"""The same schedule for cron, where there is no systemd: as far as cron has words for it."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from dbops.commands.schedule import wrapped

if TYPE_CHECKING:
    from dbops.commands.schedule import Schedule


def crontab(schedule: Schedule) -> str:
    """Return the lines for the account's crontab; cron mails what a failed run has to say."""
    # cron takes % for the end of the command, quoted or not; a backslash before it leaves a %.
    command = shlex.join(wrapped(schedule)).replace("%", r"\%") + " >/dev/null"
    head = f"# for the crontab of {schedule.account}; cron does not catch up after a downtime\n"
    when = time(schedule.calendar)
    if when is None:
        return f"{head}# write {schedule.calendar!r} as five fields before this:\n# {command}\n"
    fields, zone = when
    return f"{head}{_zoned(zone)}{fields} {command}\n"


def _zoned(zone: str) -> str:
    said = f"# {zone} is meant; a cron that ignores CRON_TZ (Debian's) takes the host's own time\n"
    return f"{said}CRON_TZ={zone}\n" if zone else ""


def time(calendar: str) -> tuple[str, str] | None:
    """Return a systemd CALENDAR as cron's five fields, with its time zone, or None.

    There is none for years, seconds, days counted from the end of a month, and for a weekday
    together with a day: cron runs when one of the two fits, systemd when both do.
    """
    first, space, rest = calendar.partition(" ")
    found = _CALENDAR.fullmatch(_SHORT.get(first.lower(), first) + space + rest)
    if not found:
        return None
    part = found.groupdict(default="*")
    fields = [
        _field(part["minute"], 0, 59),
        _field(part["hour"], 0, 23),
        _field(part["day"], 1, 31),
        _field(part["month"], 1, 12),
        _field(_numbered(part["weekday"]), 1, 7),
    ]
    has_both_days = fields[2] != "*" != fields[4]
    return None if "" in fields or has_both_days else (" ".join(fields), found["zone"] or "")


_SHORT = {
    "hourly": "*:00",
    "daily": "00:00",
    "weekly": "Mon 00:00",
    "monthly": "*-*-01 00:00",
}
_PART = r"[0-9*.,/]+"
_CALENDAR = re.compile(
    rf"(?:(?P<weekday>[A-Za-z]+(?:(?:\.\.|,)[A-Za-z]+)*) +)?"
    rf"(?:(?:\*-)?(?P<month>{_PART})-(?P<day>{_PART}) +)?"
    rf"(?P<hour>{_PART}):(?P<minute>{_PART})(?::0?0)?"
    r"(?: +(?P<zone>[A-Za-z][A-Za-z0-9_+/-]*))?"
)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _numbered(weekdays: str) -> str:
    """Return WEEKDAYS with numbers for the names: 1 is Monday, 7 Sunday; an unknown one stays."""
    return re.sub(
        r"[A-Za-z]+",
        lambda name: (
            str(_WEEKDAYS.index(name[0][:3].lower()) + 1)
            if name[0][:3].lower() in _WEEKDAYS
            else name[0]
        ),
        weekdays,
    )


def _field(text: str, lowest: int, highest: int) -> str:
    """Return a part of a calendar as cron writes it, empty when cron cannot."""
    items = [_item(each, lowest, highest) for each in text.split(",")]
    return "" if "" in items else ",".join(items)


def _item(text: str, lowest: int, highest: int) -> str:
    found = re.fullmatch(r"(\d+)(?:\.\.(\d+))?(?:/(\d+))?", text)
    if not found:
        return "*" if text == "*" else ""
    start, end, step = map(int, found.groups(default="0"))
    last = end or (highest if step else start)
    if not lowest <= start <= last <= highest:
        return ""
    span = str(start) if last == start else f"{start}-{last}"
    return f"{span}/{step}" if step else span
