"""The SQL files of the schema, in the order in which they can be created."""

from __future__ import annotations

from pathlib import Path

DIRECTORY = Path(__file__).parent / "sql"

SQL_FILES = (
    "partitions/inventory_daily.sql",
    # Functions come first: views, materialized views and triggers call them.
    "functions/touch_updated_at.sql",
    "functions/cascade_upload_deletion.sql",
    "functions/count_loaded_rows.sql",
    "functions/guard_deleted_slip.sql",
    "functions/upload_statistics.sql",
    "functions/parse_number.sql",
    "functions/parse_date.sql",
    "functions/is_business_day.sql",
    "functions/add_business_days.sql",
    "functions/business_days_between.sql",
    "functions/fiscal_year.sql",
    "functions/unit_price_at.sql",
    "functions/daily_target.sql",
    "functions/take_inventory_snapshot.sql",
    # Views over tables.
    "views/v_active_receive.sql",
    "views/v_active_shipment.sql",
    "views/v_active_yard.sql",
    "views/v_calendar.sql",
    "views/v_unit_price_in_force.sql",
    "views/v_upload_status.sql",
    "views/v_missing_upload.sql",
    "views/v_deleted_slip.sql",
    "views/v_slip_mismatch.sql",
    "views/v_customer_receive_monthly.sql",
    "views/v_vehicle_activity.sql",
    "views/v_manifest_overdue.sql",
    "views/v_permit_expiring.sql",
    "views/v_inventory_latest.sql",
    # Level 1 reads tables, some of them through views.
    "materialized_views/mv_business_calendar.sql",
    "materialized_views/mv_receive_daily.sql",
    "materialized_views/mv_shipment_daily.sql",
    "materialized_views/mv_yard_daily.sql",
    "materialized_views/mv_customer_ranking.sql",
    # Level 2 reads level 1.
    "materialized_views/mv_target_daily.sql",
    "materialized_views/mv_receive_weekly.sql",
    "materialized_views/mv_receive_monthly.sql",
    "materialized_views/mv_balance_daily.sql",
    "views/v_receive_day_total.sql",
    "views/v_target_day_total.sql",
    "views/v_balance_month.sql",
    "views/v_target_vs_actual_monthly.sql",
    "views/v_capacity_use.sql",
    # Level 3 reads level 2, through the views above.
    "materialized_views/mv_target_card_per_day.sql",
    "materialized_views/mv_balance_running.sql",
    "views/v_target_card_today.sql",
    "triggers/touch_updated_at.sql",
    "triggers/cascade_upload_deletion.sql",
    "triggers/count_loaded_rows.sql",
    "triggers/guard_deleted_slip.sql",
)


def statements(name: str) -> str:
    """Return the text of one of `SQL_FILES`."""
    return (DIRECTORY / name).read_text(encoding="utf-8")
