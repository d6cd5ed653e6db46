"""One type per table: its fields are the columns that COPY fills, in this order."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import date

SINCE = "2019-04-01 09:00:00+09"  # when the master data was entered


class AppUser(NamedTuple):
    user_id: int
    email: str
    display_name: str
    role: str
    created_at: str = SINCE
    updated_at: str = SINCE


class Site(NamedTuple):
    site_code: str
    site_name: str
    prefecture: str
    works_on_holidays: bool
    opened_on: str
    created_at: str = SINCE
    updated_at: str = SINCE


class CalendarDay(NamedTuple):
    day: date


class Holiday(NamedTuple):
    holiday_date: date
    holiday_name: str


class Closure(NamedTuple):
    closure_id: int
    site_code: str
    period: str
    reason: str


class Customer(NamedTuple):
    customer_id: int
    customer_code: str
    customer_name: str
    customer_kana: str
    prefecture: str
    closing_day: int
    created_at: str = SINCE
    updated_at: str = SINCE


class Vendor(NamedTuple):
    vendor_id: int
    vendor_code: str
    vendor_name: str
    is_final_disposal: bool
    created_at: str = SINCE
    updated_at: str = SINCE


class Collector(NamedTuple):
    collector_id: int
    collector_code: str
    collector_name: str
    permit_no: str
    permit_expires_on: date
    created_at: str = SINCE
    updated_at: str = SINCE


class Vehicle(NamedTuple):
    vehicle_id: int
    collector_id: int
    plate_number: str
    empty_kg: int
    max_load_kg: int
    created_at: str = SINCE
    updated_at: str = SINCE


class ItemCategory(NamedTuple):
    category_code: str
    category_name: str
    sort_order: int


class Item(NamedTuple):
    item_id: int
    item_code: str
    item_name: str
    category_code: str
    waste_class: str
    kg_per_m3: int
    created_at: str = SINCE
    updated_at: str = SINCE


class UnitPrice(NamedTuple):
    unit_price_id: int
    item_id: int
    customer_id: int | None
    unit_price: int
    valid_from: date
    valid_to: date | None
    created_at: str = SINCE
    updated_at: str = SINCE


class TaxRate(NamedTuple):
    valid_from: str
    rate: str


class WeekdayWeight(NamedTuple):
    site_code: str
    iso_dow: int
    weight: float


class ProcessingCapacity(NamedTuple):
    site_code: str
    category_code: str
    valid_from: date
    capacity_kg: int


class MonthlyTarget(NamedTuple):
    site_code: str
    month: date
    category_code: str
    target_kg: int
    target_yen: int
    set_by: int
    created_at: str = SINCE
    updated_at: str = SINCE


class MonthlyClose(NamedTuple):
    site_code: str
    month: date
    category_code: str
    received_kg: int
    amount_yen: int
    closed_by: int
    closed_at: str


class JobRun(NamedTuple):
    job_run_id: int
    job_name: str
    started_at: str
    finished_at: str
    detail: str
