"""Schema ref: trading partners, items and prices."""
# ruff: noqa: TC001, TC003 - SQLAlchemy evaluates Mapped[...] when a class is made

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    Integer,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.db.models.base import Base, BigInt, IdentityKey, SmallInt, Stamped
from app.infra.db.models.column_types import WeightKg, YenPerKg


class Customer(Stamped, Base):
    """A company that brings waste."""

    __tablename__ = "customer"
    __table_args__ = (
        Index("uq_customer_upper_customer_code", text("upper(customer_code)"), unique=True),
        Index(
            "ix_customer_customer_name_trgm",
            "customer_name",
            postgresql_using="gin",
            postgresql_ops={"customer_name": "gin_trgm_ops"},
        ),
        CheckConstraint("closing_day BETWEEN 1 AND 28 OR closing_day = 99", name="closing_day"),
        {"schema": "ref", "comment": "取引先 (排出事業者)"},
    )

    customer_id: Mapped[IdentityKey]
    customer_code: Mapped[str] = mapped_column(comment="業者CD")
    customer_name: Mapped[str] = mapped_column(comment="業者名")
    customer_kana: Mapped[str | None] = mapped_column(comment="フリガナ")
    prefecture: Mapped[str | None] = mapped_column(comment="都道府県")
    closing_day: Mapped[SmallInt] = mapped_column(server_default="99", comment="締日 (99は月末)")
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))


class Vendor(Stamped, Base):
    """A company that takes material or residue."""

    __tablename__ = "vendor"
    __table_args__ = (
        UniqueConstraint("vendor_code"),
        {"schema": "ref", "comment": "出荷先 (売却先・最終処分先)"},
    )

    vendor_id: Mapped[IdentityKey]
    vendor_code: Mapped[str] = mapped_column(comment="出荷先CD")
    vendor_name: Mapped[str] = mapped_column(comment="出荷先名")
    is_final_disposal: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="最終処分場"
    )


class Collector(Stamped, Base):
    """A licensed carrier of waste."""

    __tablename__ = "collector"
    __table_args__ = (
        UniqueConstraint("collector_code"),
        CheckConstraint("permit_no ~ '^[0-9]{11}$'", name="permit_no_digits"),
        {"schema": "ref", "comment": "収集運搬業者"},
    )

    collector_id: Mapped[IdentityKey]
    collector_code: Mapped[str] = mapped_column(comment="運搬業者CD")
    collector_name: Mapped[str] = mapped_column(comment="運搬業者名")
    permit_no: Mapped[str] = mapped_column(comment="許可番号")
    permit_expires_on: Mapped[dt.date] = mapped_column(comment="許可期限")


class Vehicle(Stamped, Base):
    """A truck of a collector."""

    __tablename__ = "vehicle"
    __table_args__ = (
        UniqueConstraint("plate_number"),
        Index("ix_vehicle_collector_id", "collector_id", postgresql_include=["plate_number"]),
        {"schema": "ref", "comment": "車輌"},
    )

    vehicle_id: Mapped[IdentityKey]
    collector_id: Mapped[BigInt] = mapped_column(ForeignKey("ref.collector.collector_id"))
    plate_number: Mapped[str] = mapped_column(comment="車番")
    empty_kg: Mapped[WeightKg] = mapped_column(comment="空車重量 (kg)")
    max_load_kg: Mapped[WeightKg] = mapped_column(comment="最大積載量 (kg)")


class ItemCategory(Base):
    """A group of items with one target."""

    __tablename__ = "item_category"
    __table_args__ = (
        UniqueConstraint("sort_order"),
        {"schema": "ref", "comment": "品目区分"},
    )

    category_code: Mapped[str] = mapped_column(primary_key=True)
    category_name: Mapped[str] = mapped_column(comment="区分名")
    sort_order: Mapped[SmallInt] = mapped_column(comment="表示順")


class Item(Stamped, Base):
    """A kind of waste or material."""

    __tablename__ = "item"
    __table_args__ = (
        UniqueConstraint("item_code"),
        Index("ix_item_category_code", "category_code"),
        CheckConstraint(
            "waste_class IN ('industrial', 'special', 'general', 'valuable')",
            name="waste_class_known",
        ),
        {"schema": "ref", "comment": "品名"},
    )

    item_id: Mapped[IdentityKey]
    item_code: Mapped[str] = mapped_column(comment="品名CD")
    item_name: Mapped[str] = mapped_column(comment="品名")
    category_code: Mapped[str] = mapped_column(ForeignKey("ref.item_category.category_code"))
    waste_class: Mapped[str] = mapped_column(server_default="industrial", comment="廃棄物区分")
    kg_per_m3: Mapped[int | None] = mapped_column(Integer, comment="換算係数 (kg/m3)")


class UnitPrice(Stamped, Base):
    """What a kilogram costs, for everybody or for one customer, in a period."""

    __tablename__ = "unit_price"
    __table_args__ = (
        ExcludeConstraint(
            ("item_id", "="),
            (literal_column("COALESCE(customer_id, (0)::bigint)"), "="),
            ("valid_during", "&&"),
            using="gist",
            name="ex_unit_price_one_in_force",
        ),
        CheckConstraint("valid_to > valid_from", name="period_forward"),
        {"schema": "ref", "comment": "単価。同じ品名・取引先で期間が重ならない"},
    )

    unit_price_id: Mapped[IdentityKey]
    item_id: Mapped[BigInt] = mapped_column(ForeignKey("ref.item.item_id"))
    customer_id: Mapped[BigInt | None] = mapped_column(
        ForeignKey("ref.customer.customer_id"), comment="空欄は共通単価"
    )
    unit_price: Mapped[YenPerKg] = mapped_column(comment="単価 (円/kg)")
    valid_from: Mapped[dt.date] = mapped_column(comment="適用開始日")
    valid_to: Mapped[dt.date | None] = mapped_column(comment="適用終了日 (含まない)")
    valid_during: Mapped[Range[dt.date]] = mapped_column(
        DATERANGE, Computed("daterange(valid_from, valid_to, '[)'::text)", persisted=True)
    )
