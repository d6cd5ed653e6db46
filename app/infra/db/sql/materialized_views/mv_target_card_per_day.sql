CREATE MATERIALIZED VIEW mart.mv_target_card_per_day AS
SELECT calendar.day, calendar.site_code, calendar.is_business_day,
       coalesce(target.target_kg, 0) AS day_target_kg,
       coalesce(actual.net_kg, 0) AS day_actual_kg,
       sum(coalesce(target.target_kg, 0)) OVER week AS week_target_kg,
       sum(coalesce(actual.net_kg, 0)) OVER week AS week_actual_kg,
       sum(coalesce(target.target_kg, 0)) OVER month AS month_target_kg,
       sum(coalesce(actual.net_kg, 0)) OVER month AS month_actual_kg,
       round(100 * sum(coalesce(actual.net_kg, 0)) OVER month
             / nullif(sum(coalesce(target.target_kg, 0)) OVER month, 0), 1) AS month_percent
  FROM mart.mv_business_calendar AS calendar
  LEFT JOIN mart.v_target_day_total AS target
    ON target.day = calendar.day AND target.site_code = calendar.site_code
  LEFT JOIN mart.v_receive_day_total AS actual
    ON actual.day = calendar.day AND actual.site_code = calendar.site_code
WINDOW week AS (PARTITION BY calendar.site_code, calendar.iso_year, calendar.iso_week ORDER BY calendar.day),
       month AS (PARTITION BY calendar.site_code, calendar.month ORDER BY calendar.day)
WITH NO DATA;

CREATE UNIQUE INDEX uq_mv_target_card_per_day ON mart.mv_target_card_per_day (day, site_code);

COMMENT ON MATERIALIZED VIEW mart.mv_target_card_per_day IS
    '目標カード: 日・週累計・月累計の目標と実績 (kg)';
