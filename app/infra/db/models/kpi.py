"""Schema kpi: what each site is to reach, and what it can."""
# ruff: noqa: TC001, TC003 - SQLAlchemy evaluates Mapped[...] when a class is made

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Numeric, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.db.models.base import Base, BigInt, Stamped
from app.infra.db.models.column_types import WeightKg


class MonthlyTarget(Stamped, Base):
    """The target of a site, a month and a category of items."""

    __tablename__ = "monthly_target"
    __table_args__ = {"schema": "kpi", "comment": "月次目標"}

    site_code: Mapped[str] = mapped_column(ForeignKey("ref.site.site_code"), primary_key=True)
    month: Mapped[dt.date] = mapped_column(
        CheckConstraint("EXTRACT(day FROM month) = 1", name="month_is_first_day"),
        primary_key=True,
        comment="月 (1日)",
    )
    category_code: Mapped[str] = mapped_column(
        ForeignKey("ref.item_category.category_code"), primary_key=True
    )
    target_kg: Mapped[WeightKg] = mapped_column(comment="目標受入量 (kg)")
    target_yen: Mapped[Decimal] = mapped_column(
        Numeric(14, 0), server_default=text("0"), comment="目標売上 (円)"
    )
    set_by: Mapped[BigInt | None] = mapped_column(ForeignKey("app_user.user_id"))


class WeekdayWeight(Base):
    """How a site's month spreads over the days of the week; 0 means it does not work."""

    __tablename__ = "weekday_weight"
    __table_args__ = {"schema": "kpi", "comment": "曜日係数"}

    site_code: Mapped[str] = mapped_column(ForeignKey("ref.site.site_code"), primary_key=True)
    iso_dow: Mapped[int] = mapped_column(
        SmallInteger,
        CheckConstraint("iso_dow BETWEEN 1 AND 7", name="iso_dow_range"),
        primary_key=True,
        autoincrement=False,
        comment="曜日 (1=月)",
    )
    weight: Mapped[Decimal] = mapped_column(
        Numeric(5, 3), CheckConstraint("weight >= 0", name="weight_not_negative")
    )


class ProcessingCapacity(Base):
    """How much of a category a site may process in a day, by its licence."""

    __tablename__ = "processing_capacity"
    __table_args__ = {"schema": "kpi", "comment": "処理能力 (許可)"}

    site_code: Mapped[str] = mapped_column(ForeignKey("ref.site.site_code"), primary_key=True)
    category_code: Mapped[str] = mapped_column(
        ForeignKey("ref.item_category.category_code"), primary_key=True
    )
    valid_from: Mapped[dt.date] = mapped_column(primary_key=True)
    capacity_kg: Mapped[WeightKg] = mapped_column(comment="1日あたり処理能力 (kg)")
