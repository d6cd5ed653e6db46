CREATE MATERIALIZED VIEW mart.mv_business_calendar AS
SELECT site.site_code, calendar.day, calendar.month, calendar.iso_year, calendar.iso_week,
       calendar.iso_dow, calendar.fiscal_year, calendar.holiday_name, closure.reason AS closure_reason,
       calendar.iso_dow < 7
           AND closure.closure_id IS NULL
           AND (site.works_on_holidays OR NOT calendar.is_holiday) AS is_business_day
  FROM mart.v_calendar AS calendar
 CROSS JOIN ref.site
  LEFT JOIN ref.closure ON closure.site_code = site.site_code AND closure.period @> calendar.day
WITH NO DATA;

CREATE UNIQUE INDEX uq_mv_business_calendar ON mart.mv_business_calendar (site_code, day);

COMMENT ON MATERIALIZED VIEW mart.mv_business_calendar IS '拠点別 営業日カレンダー';
