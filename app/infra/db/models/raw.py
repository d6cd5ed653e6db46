"""Schema raw: rows exactly as uploaded, every column text."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.db.models.base import Base, SoftDeleted

_ACTIVE = text("deleted_at IS NULL")


class UploadedRow(SoftDeleted):
    """Where an uploaded row came from: file and row, which together are its key."""

    upload_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("upload_log.upload_id"), primary_key=True, sort_order=-2
    )
    row_number: Mapped[int] = mapped_column(
        Integer,
        CheckConstraint("row_number > 0", name="row_number_positive"),
        primary_key=True,
        sort_order=-1,
        comment="行番号 (見出しを除く、1から)",
    )


class RawReceiveSlip(UploadedRow, Base):
    """A line of an uploaded receive file."""

    __tablename__ = "receive_slip"
    __table_args__ = (
        Index("ix_receive_slip_slip_no_active", "slip_no", postgresql_where=_ACTIVE),
        {"schema": "raw", "comment": "受入伝票 (アップロードそのまま)"},
    )

    slip_no: Mapped[str | None] = mapped_column(comment="伝票番号")
    slip_date: Mapped[str | None] = mapped_column(comment="伝票日付")
    site_code: Mapped[str | None] = mapped_column(comment="拠点CD")
    customer_code: Mapped[str | None] = mapped_column(comment="業者CD")
    customer_name: Mapped[str | None] = mapped_column(comment="業者名")
    collector_code: Mapped[str | None] = mapped_column(comment="運搬業者CD")
    collector_name: Mapped[str | None] = mapped_column(comment="運搬業者名")
    vehicle_number: Mapped[str | None] = mapped_column(comment="車番")
    item_code: Mapped[str | None] = mapped_column(comment="品名CD")
    item_name: Mapped[str | None] = mapped_column(comment="品名")
    gross_weight: Mapped[str | None] = mapped_column(comment="総重量")
    tare_weight: Mapped[str | None] = mapped_column(comment="空車重量")
    net_weight: Mapped[str | None] = mapped_column(comment="正味重量")
    unit_price: Mapped[str | None] = mapped_column(comment="単価")
    amount: Mapped[str | None] = mapped_column(comment="金額")
    manifest_no: Mapped[str | None] = mapped_column(comment="マニフェスト番号")
    remarks: Mapped[str | None] = mapped_column(comment="備考")


class RawShipmentSlip(UploadedRow, Base):
    """A line of an uploaded shipment file."""

    __tablename__ = "shipment_slip"
    __table_args__ = (
        Index("ix_shipment_slip_slip_no_active", "slip_no", postgresql_where=_ACTIVE),
        {"schema": "raw", "comment": "出荷伝票 (アップロードそのまま)"},
    )

    slip_no: Mapped[str | None] = mapped_column(comment="伝票番号")
    slip_date: Mapped[str | None] = mapped_column(comment="伝票日付")
    site_code: Mapped[str | None] = mapped_column(comment="拠点CD")
    vendor_code: Mapped[str | None] = mapped_column(comment="出荷先CD")
    vendor_name: Mapped[str | None] = mapped_column(comment="出荷先名")
    item_code: Mapped[str | None] = mapped_column(comment="品名CD")
    item_name: Mapped[str | None] = mapped_column(comment="品名")
    net_weight: Mapped[str | None] = mapped_column(comment="正味重量")
    unit_price: Mapped[str | None] = mapped_column(comment="単価")
    amount: Mapped[str | None] = mapped_column(comment="金額")
    remarks: Mapped[str | None] = mapped_column(comment="備考")


class RawYardSlip(UploadedRow, Base):
    """A line of an uploaded yard file."""

    __tablename__ = "yard_slip"
    __table_args__ = (
        Index("ix_yard_slip_slip_no_active", "slip_no", postgresql_where=_ACTIVE),
        {"schema": "raw", "comment": "ヤード伝票 (アップロードそのまま)"},
    )

    slip_no: Mapped[str | None] = mapped_column(comment="伝票番号")
    slip_date: Mapped[str | None] = mapped_column(comment="伝票日付")
    site_code: Mapped[str | None] = mapped_column(comment="拠点CD")
    item_code: Mapped[str | None] = mapped_column(comment="品名CD")
    item_name: Mapped[str | None] = mapped_column(comment="品名")
    process_name: Mapped[str | None] = mapped_column(comment="工程")
    net_weight: Mapped[str | None] = mapped_column(comment="正味重量")
    operator_name: Mapped[str | None] = mapped_column(comment="作業者")
    remarks: Mapped[str | None] = mapped_column(comment="備考")
