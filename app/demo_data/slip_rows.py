"""One type per table of uploads, slips and stock; the fields are the columns, as in master_rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import date


class UploadLog(NamedTuple):
    upload_id: int
    kind: str
    file_name: str
    file_sha256: str
    status: str
    row_count: int
    uploaded_by: int
    uploaded_at: str
    replaces_upload_id: int | None
    deleted_at: str | None
    deleted_by: int | None


class UploadError(NamedTuple):
    upload_error_id: int
    upload_id: int
    row_number: int
    column_name: str
    value: str
    message: str


class RawReceiveSlip(NamedTuple):
    upload_id: int
    row_number: int
    slip_no: str
    slip_date: str
    site_code: str
    customer_code: str
    customer_name: str
    collector_code: str
    collector_name: str
    vehicle_number: str
    item_code: str
    item_name: str
    gross_weight: str
    tare_weight: str
    net_weight: str
    unit_price: str
    amount: str
    manifest_no: str | None
    deleted_at: str | None
    deleted_by: int | None


class RawShipmentSlip(NamedTuple):
    upload_id: int
    row_number: int
    slip_no: str
    slip_date: str
    site_code: str
    vendor_code: str
    vendor_name: str
    item_code: str
    item_name: str
    net_weight: str
    unit_price: str
    amount: str
    deleted_at: str | None
    deleted_by: int | None


class RawYardSlip(NamedTuple):
    upload_id: int
    row_number: int
    slip_no: str
    slip_date: str
    site_code: str
    item_code: str
    item_name: str
    process_name: str
    net_weight: str
    operator_name: str
    deleted_at: str | None
    deleted_by: int | None


class ReceiveSlip(NamedTuple):
    slip_id: int
    upload_id: int
    row_number: int
    site_code: str
    slip_no: str
    slip_date: date
    item_id: int
    customer_id: int
    collector_id: int
    vehicle_id: int
    gross_kg: int
    tare_kg: int
    unit_price: int
    deleted_at: str | None
    deleted_by: int | None
    created_at: str
    updated_at: str


class ShipmentSlip(NamedTuple):
    slip_id: int
    upload_id: int
    row_number: int
    site_code: str
    slip_no: str
    slip_date: date
    item_id: int
    vendor_id: int
    net_kg: int
    unit_price: int
    deleted_at: str | None
    deleted_by: int | None
    created_at: str
    updated_at: str


class YardSlip(NamedTuple):
    slip_id: int
    upload_id: int
    row_number: int
    site_code: str
    slip_no: str
    slip_date: date
    item_id: int
    process_code: str
    net_kg: int
    operator_name: str
    deleted_at: str | None
    deleted_by: int | None
    created_at: str
    updated_at: str


class Manifest(NamedTuple):
    manifest_id: int
    slip_id: int
    control_no: int
    manifest_no: str
    issued_on: date
    disposed_on: date | None
    created_at: str
    updated_at: str


class InventoryDaily(NamedTuple):
    snapshot_date: date
    site_code: str
    item_id: int
    opening_kg: int
    received_kg: int
    shipped_kg: int
