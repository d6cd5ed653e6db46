"""Baseline: the snapshot is here.

Stands for sql/schema_baseline.sql. It runs no DDL: a new environment loads the snapshot and is then
stamped with this revision; an old one keeps its data and is stamped as well. Upgrading through it
proves that the snapshot's relations are there, so that an empty database is never called migrated.

Revision ID: 0001_baseline
Revises:
"""

from __future__ import annotations

from dbops_migrator import baseline

revision = "0001_baseline"
down_revision = None

# the tables, views and materialized views of the snapshot, without partitions
RELATIONS = (
    "kpi.monthly_target",
    "kpi.processing_capacity",
    "kpi.weekday_weight",
    "mart.inventory_daily",
    "mart.monthly_close",
    "mart.mv_balance_daily",
    "mart.mv_balance_running",
    "mart.mv_business_calendar",
    "mart.mv_customer_ranking",
    "mart.mv_receive_daily",
    "mart.mv_receive_monthly",
    "mart.mv_receive_weekly",
    "mart.mv_shipment_daily",
    "mart.mv_target_card_per_day",
    "mart.mv_target_daily",
    "mart.mv_yard_daily",
    "mart.v_active_receive",
    "mart.v_active_shipment",
    "mart.v_active_yard",
    "mart.v_balance_month",
    "mart.v_calendar",
    "mart.v_capacity_use",
    "mart.v_customer_receive_monthly",
    "mart.v_deleted_slip",
    "mart.v_inventory_latest",
    "mart.v_manifest_overdue",
    "mart.v_missing_upload",
    "mart.v_permit_expiring",
    "mart.v_receive_day_total",
    "mart.v_slip_mismatch",
    "mart.v_target_card_today",
    "mart.v_target_day_total",
    "mart.v_target_vs_actual_monthly",
    "mart.v_unit_price_in_force",
    "mart.v_upload_status",
    "mart.v_vehicle_activity",
    "public.app_user",
    "public.job_run",
    "public.upload_error",
    "public.upload_log",
    "raw.receive_slip",
    "raw.shipment_slip",
    "raw.yard_slip",
    "ref.calendar_day",
    "ref.closure",
    "ref.collector",
    "ref.customer",
    "ref.holiday",
    "ref.item",
    "ref.item_category",
    "ref.site",
    "ref.tax_rate",
    "ref.unit_price",
    "ref.vehicle",
    "ref.vendor",
    "stg.manifest",
    "stg.receive_slip",
    "stg.shipment_slip",
    "stg.yard_slip",
)


def upgrade() -> None:
    baseline.require(RELATIONS)


def downgrade() -> None:
    baseline.refuse(revision)
