"""Schema ref: sites, the calendar and what changes by it."""
# ruff: noqa: TC003 - SQLAlchemy evaluates Mapped[...] when a class is made

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, Numeric, text
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.db.models.base import Base, IdentityKey, SmallInt, Stamped


class Site(Stamped, Base):
    """A plant with a weighbridge and a yard."""

    __tablename__ = "site"
    __table_args__ = {"schema": "ref", "comment": "拠点"}

    site_code: Mapped[str] = mapped_column(
        CheckConstraint("site_code ~ '^[A-Z]{2}[0-9]{2}$'", name="site_code_form"),
        primary_key=True,
        comment="拠点CD",
    )
    site_name: Mapped[str] = mapped_column(comment="拠点名")
    prefecture: Mapped[str] = mapped_column(comment="都道府県")
    works_on_holidays: Mapped[bool] = mapped_column(server_default=text("true"), comment="祝日営業")
    opened_on: Mapped[dt.date] = mapped_column(comment="開設日")


class CalendarDay(Base):
    """One day, with everything that can be computed from its date."""

    __tablename__ = "calendar_day"
    __table_args__ = (
        Index("ix_calendar_day_iso_year_iso_week", "iso_year", "iso_week"),
        {"schema": "ref", "comment": "カレンダー"},
    )

    day: Mapped[dt.date] = mapped_column(primary_key=True)
    iso_dow: Mapped[SmallInt] = mapped_column(
        Computed("(EXTRACT(isodow FROM day))::smallint", persisted=True), comment="曜日 (1=月)"
    )
    iso_year: Mapped[SmallInt] = mapped_column(
        Computed("(EXTRACT(isoyear FROM day))::smallint", persisted=True)
    )
    iso_week: Mapped[SmallInt] = mapped_column(
        Computed("(EXTRACT(week FROM day))::smallint", persisted=True)
    )
    fiscal_year: Mapped[SmallInt] = mapped_column(
        Computed("(EXTRACT(year FROM (day - '3 mons'::interval)))::smallint", persisted=True),
        comment="年度 (4月始まり)",
    )


class Holiday(Base):
    """A public holiday of Japan."""

    __tablename__ = "holiday"
    __table_args__ = {"schema": "ref", "comment": "祝日"}

    holiday_date: Mapped[dt.date] = mapped_column(
        ForeignKey("ref.calendar_day.day"), primary_key=True
    )
    holiday_name: Mapped[str] = mapped_column(comment="祝日名")


class Closure(Base):
    """Days on which a site does not work: Obon, the new year, maintenance."""

    __tablename__ = "closure"
    __table_args__ = (
        ExcludeConstraint(
            ("site_code", "="),
            ("period", "&&"),
            using="gist",
            name="ex_closure_site_code_period",
        ),
        CheckConstraint("NOT isempty(period)", name="period_not_empty"),
        {"schema": "ref", "comment": "休業期間。同じ拠点で重ならない"},
    )

    closure_id: Mapped[IdentityKey]
    site_code: Mapped[str] = mapped_column(ForeignKey("ref.site.site_code"))
    period: Mapped[Range[dt.date]] = mapped_column(DATERANGE, comment="休業期間")
    reason: Mapped[str] = mapped_column(comment="理由")


class TaxRate(Base):
    """The consumption tax, by the day from which it holds."""

    __tablename__ = "tax_rate"
    __table_args__ = {"schema": "ref", "comment": "消費税率"}

    valid_from: Mapped[dt.date] = mapped_column(primary_key=True)
    rate: Mapped[Decimal] = mapped_column(
        Numeric(4, 3), CheckConstraint("rate BETWEEN 0 AND 1", name="rate_is_a_share")
    )
