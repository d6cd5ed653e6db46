"""Baseline: the snapshot is here.

Stands for sql/schema_baseline.sql. It runs no DDL: a new environment loads the snapshot and is then
stamped with this revision; an old one keeps its data and is stamped as well. Upgrading through it
proves that the snapshot's relations are there, so that an empty database is never called migrated.

Revision ID: 0001_baseline
Revises:
"""

from __future__ import annotations

from alembic import op

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

_REQUIRE = """
DO $baseline$
DECLARE
    missing text[] := ARRAY(
        SELECT wanted FROM unnest(string_to_array({relations}, ',')) AS wanted
        WHERE NOT EXISTS (
            SELECT FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname || '.' || c.relname = wanted
        )
        ORDER BY 1
    );
BEGIN
    IF cardinality(missing) > 0 THEN
        RAISE EXCEPTION USING
            ERRCODE = '42P01',
            MESSAGE = format(
                'the baseline snapshot is not in this database: %s of %s relations missing: %s%s',
                cardinality(missing), {count}, array_to_string(missing[1:10], ', '),
                CASE WHEN cardinality(missing) > 10 THEN ', ...' ELSE '' END),
            HINT = 'load it first: inv db-apply-snapshot';
    END IF;
END
$baseline$
"""

_REFUSE = """
DO $baseline$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = '0A000',
        MESSAGE = 'nothing is below the baseline: 0001_baseline cannot be downgraded',
        HINT = 'to start again from the snapshot: inv db-init-from-snapshot';
END
$baseline$
"""


def upgrade() -> None:
    relations = ",".join(RELATIONS).replace("'", "''")
    op.execute(_REQUIRE.format(relations=f"'{relations}'", count=len(RELATIONS)))


def downgrade() -> None:
    op.execute(_REFUSE)
