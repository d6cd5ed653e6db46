"""Schema stg: the uploaded slips with types, keys and amounts."""
# ruff: noqa: TC001, TC003 - SQLAlchemy evaluates Mapped[...] when a class is made

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    Sequence,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.db.models.base import Base, BigInt, IdentityKey, SoftDeleted, Stamped
from app.infra.db.models.column_types import WeightKg, YenPerKg

_ACTIVE = text("deleted_at IS NULL")
_MONTH = "(date_trunc('month'::text, (slip_date)::timestamp without time zone))::date"

MANIFEST_CONTROL_NO = Sequence(
    "manifest_control_no_seq", start=100001, schema="stg", metadata=Base.metadata
)


class Slip(SoftDeleted, Stamped):
    """What every typed slip has: its origin in raw, site, number, day and item."""

    slip_id: Mapped[IdentityKey] = mapped_column(sort_order=-9)
    upload_id: Mapped[BigInt] = mapped_column(ForeignKey("upload_log.upload_id"), sort_order=-8)
    row_number: Mapped[int] = mapped_column(Integer, sort_order=-7)
    site_code: Mapped[str] = mapped_column(ForeignKey("ref.site.site_code"), sort_order=-6)
    slip_no: Mapped[str] = mapped_column(sort_order=-5, comment="伝票番号")
    slip_date: Mapped[dt.date] = mapped_column(sort_order=-4, comment="伝票日付")
    slip_month: Mapped[dt.date] = mapped_column(
        Computed(_MONTH, persisted=True), sort_order=-3, comment="伝票月 (1日)"
    )
    item_id: Mapped[BigInt] = mapped_column(ForeignKey("ref.item.item_id"), sort_order=-2)


def _slip_rules(table: str, *include: str) -> tuple[ForeignKeyConstraint | Index, ...]:
    """Return the origin and the indexes of a slip table.

    A slip number may come back after its slip was withdrawn, so uniqueness holds among the
    active rows alone.
    """
    origin = ["upload_id", "row_number"]
    return (
        ForeignKeyConstraint(
            origin, [f"raw.{table}.{column}" for column in origin], name=f"fk_{table}_raw_row"
        ),
        Index(f"uq_{table}_origin", *origin, unique=True),
        Index(
            f"uq_{table}_slip_no_active",
            "site_code",
            "slip_no",
            unique=True,
            postgresql_where=_ACTIVE,
        ),
        Index(
            f"ix_{table}_day_active",
            "slip_date",
            "site_code",
            postgresql_include=["item_id", *include],
            postgresql_where=_ACTIVE,
        ),
    )


class StgReceiveSlip(Slip, Base):
    """Waste that came in over the weighbridge."""

    __tablename__ = "receive_slip"
    __table_args__ = (
        *_slip_rules("receive_slip", "net_kg", "amount_yen"),
        CheckConstraint("(gross_kg)::numeric >= (tare_kg)::numeric", name="gross_covers_tare"),
        Index("ix_receive_slip_customer_id_slip_month", "customer_id", "slip_month"),
        {"schema": "stg", "comment": "受入伝票"},
    )

    customer_id: Mapped[BigInt] = mapped_column(ForeignKey("ref.customer.customer_id"))
    collector_id: Mapped[BigInt] = mapped_column(ForeignKey("ref.collector.collector_id"))
    vehicle_id: Mapped[BigInt | None] = mapped_column(ForeignKey("ref.vehicle.vehicle_id"))
    gross_kg: Mapped[WeightKg] = mapped_column(comment="総重量 (kg)")
    tare_kg: Mapped[WeightKg] = mapped_column(comment="空車重量 (kg)")
    net_kg: Mapped[Decimal] = mapped_column(
        Numeric(12, 1),
        Computed("((gross_kg)::numeric - (tare_kg)::numeric)", persisted=True),
        comment="正味重量 (kg)",
    )
    unit_price: Mapped[YenPerKg] = mapped_column(comment="処分単価 (円/kg)")
    amount_yen: Mapped[Decimal] = mapped_column(
        Numeric(14, 0),
        Computed(
            "round((((gross_kg)::numeric - (tare_kg)::numeric) * (unit_price)::numeric), 0)",
            persisted=True,
        ),
        comment="金額 (円、税抜)",
    )


class StgShipmentSlip(Slip, Base):
    """Material or residue that left for a vendor."""

    __tablename__ = "shipment_slip"
    __table_args__ = (
        *_slip_rules("shipment_slip", "net_kg", "amount_yen"),
        Index("ix_shipment_slip_vendor_id_slip_month", "vendor_id", "slip_month"),
        {"schema": "stg", "comment": "出荷伝票"},
    )

    vendor_id: Mapped[BigInt] = mapped_column(ForeignKey("ref.vendor.vendor_id"))
    net_kg: Mapped[WeightKg] = mapped_column(comment="正味重量 (kg)")
    unit_price: Mapped[YenPerKg] = mapped_column(comment="売却単価 (円/kg)、処分費は負")
    amount_yen: Mapped[Decimal] = mapped_column(
        Numeric(14, 0),
        Computed("round(((net_kg)::numeric * (unit_price)::numeric), 0)", persisted=True),
        comment="金額 (円、税抜)",
    )


class StgYardSlip(Slip, Base):
    """Work done in the yard: sorting, crushing, pressing."""

    __tablename__ = "yard_slip"
    __table_args__ = (
        *_slip_rules("yard_slip", "net_kg"),
        CheckConstraint(
            "process_code IN ('sort', 'crush', 'press', 'bale')", name="process_code_known"
        ),
        {"schema": "stg", "comment": "ヤード伝票"},
    )

    process_code: Mapped[str] = mapped_column(comment="工程")
    net_kg: Mapped[WeightKg] = mapped_column(comment="処理重量 (kg)")
    operator_name: Mapped[str | None] = mapped_column(comment="作業者")


class Manifest(Stamped, Base):
    """The waste manifest that travels with a receive slip."""

    __tablename__ = "manifest"
    __table_args__ = (
        UniqueConstraint("slip_id"),
        UniqueConstraint("control_no"),
        CheckConstraint("manifest_no ~ '^[0-9]{11}$'", name="manifest_no_digits"),
        CheckConstraint("disposed_on >= issued_on", name="disposed_after_issue"),
        Index("ix_manifest_open_due", "due_on", postgresql_where=text("disposed_on IS NULL")),
        {"schema": "stg", "comment": "産業廃棄物管理票 (マニフェスト)"},
    )

    manifest_id: Mapped[IdentityKey]
    slip_id: Mapped[BigInt] = mapped_column(
        ForeignKey("stg.receive_slip.slip_id", ondelete="CASCADE")
    )
    control_no: Mapped[int] = mapped_column(
        BigInteger,
        server_default=text("nextval('stg.manifest_control_no_seq')"),
        comment="社内管理番号",
    )
    manifest_no: Mapped[str] = mapped_column(comment="交付番号")
    issued_on: Mapped[dt.date] = mapped_column(comment="交付日")
    disposed_on: Mapped[dt.date | None] = mapped_column(comment="処分終了日")
    due_on: Mapped[dt.date] = mapped_column(
        Computed("(issued_on + 90)", persisted=True), comment="D票返送期限 (交付から90日)"
    )
