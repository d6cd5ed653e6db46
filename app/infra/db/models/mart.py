"""Schema mart: the tables that are written, not computed on reading."""
# ruff: noqa: TC001, TC003 - SQLAlchemy evaluates Mapped[...] when a class is made

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, Computed, ForeignKey, Index, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.db.models.base import NOW, Base, BigInt
from app.infra.db.models.column_types import WeightKg


class InventoryDaily(Base):
    """Stock of an item at a site when the day ended; one partition per month."""

    __tablename__ = "inventory_daily"
    __table_args__ = (
        Index("ix_inventory_daily_item_id_snapshot_date", "item_id", "snapshot_date"),
        {
            "schema": "mart",
            "comment": "日次在庫。月ごとのパーティション",
            "postgresql_partition_by": "RANGE (snapshot_date)",
        },
    )

    snapshot_date: Mapped[dt.date] = mapped_column(primary_key=True)
    site_code: Mapped[str] = mapped_column(ForeignKey("ref.site.site_code"), primary_key=True)
    item_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("ref.item.item_id"), primary_key=True
    )
    opening_kg: Mapped[WeightKg] = mapped_column(comment="前日残 (kg)")
    received_kg: Mapped[WeightKg] = mapped_column(server_default=text("0"), comment="受入 (kg)")
    shipped_kg: Mapped[WeightKg] = mapped_column(server_default=text("0"), comment="出荷 (kg)")
    closing_kg: Mapped[Decimal] = mapped_column(
        Numeric(12, 1),
        Computed(
            "(((opening_kg)::numeric + (received_kg)::numeric) - (shipped_kg)::numeric)",
            persisted=True,
        ),
        CheckConstraint("closing_kg >= 0", name="closing_not_negative"),
        comment="当日残 (kg)",
    )


class MonthlyClose(Base):
    """The figures of a month as they were when it was closed."""

    __tablename__ = "monthly_close"
    __table_args__ = (
        Index("ix_monthly_close_month", text("month DESC"), postgresql_include=["received_kg"]),
        CheckConstraint("EXTRACT(day FROM month) = 1", name="month_is_first_day"),
        {"schema": "mart", "comment": "月次締め"},
    )

    site_code: Mapped[str] = mapped_column(ForeignKey("ref.site.site_code"), primary_key=True)
    month: Mapped[dt.date] = mapped_column(primary_key=True)
    category_code: Mapped[str] = mapped_column(
        ForeignKey("ref.item_category.category_code"), primary_key=True
    )
    received_kg: Mapped[WeightKg]
    amount_yen: Mapped[Decimal] = mapped_column(Numeric(14, 0))
    closed_by: Mapped[BigInt] = mapped_column(ForeignKey("app_user.user_id"))
    closed_at: Mapped[dt.datetime] = mapped_column(server_default=NOW)
