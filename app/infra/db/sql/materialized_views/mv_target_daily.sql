CREATE MATERIALIZED VIEW mart.mv_target_daily AS
SELECT calendar.day, calendar.site_code, target.category_code,
       round(target.target_kg * weekday.weight
             / sum(weekday.weight) OVER (PARTITION BY calendar.site_code, calendar.month, target.category_code),
             1) AS target_kg,
       round(target.target_yen * weekday.weight
             / sum(weekday.weight) OVER (PARTITION BY calendar.site_code, calendar.month, target.category_code))
           AS target_yen
  FROM mart.mv_business_calendar AS calendar
  JOIN kpi.monthly_target AS target
    ON target.site_code = calendar.site_code AND target.month = calendar.month
  JOIN kpi.weekday_weight AS weekday
    ON weekday.site_code = calendar.site_code AND weekday.iso_dow = calendar.iso_dow
 WHERE calendar.is_business_day AND weekday.weight > 0
WITH NO DATA;

CREATE UNIQUE INDEX uq_mv_target_daily ON mart.mv_target_daily (day, site_code, category_code);

COMMENT ON MATERIALIZED VIEW mart.mv_target_daily IS '日次目標 (月次目標を営業日へ割振)';
