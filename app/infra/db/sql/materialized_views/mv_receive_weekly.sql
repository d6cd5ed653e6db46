CREATE MATERIALIZED VIEW mart.mv_receive_weekly AS
SELECT calendar.iso_year, calendar.iso_week, min(calendar.day) AS first_day,
       daily.site_code, daily.category_code,
       sum(daily.slip_count) AS slip_count, sum(daily.net_kg) AS net_kg,
       sum(daily.amount_yen) AS amount_yen
  FROM mart.mv_receive_daily AS daily
  JOIN ref.calendar_day AS calendar ON calendar.day = daily.slip_date
 GROUP BY calendar.iso_year, calendar.iso_week, daily.site_code, daily.category_code
WITH NO DATA;

CREATE UNIQUE INDEX uq_mv_receive_weekly
    ON mart.mv_receive_weekly (iso_year, iso_week, site_code, category_code);

COMMENT ON MATERIALIZED VIEW mart.mv_receive_weekly IS '週次受入 (ISO週)';
