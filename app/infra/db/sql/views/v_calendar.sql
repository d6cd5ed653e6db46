CREATE VIEW mart.v_calendar AS
SELECT calendar_day.day, calendar_day.iso_dow, calendar_day.iso_year, calendar_day.iso_week,
       date_trunc('month', calendar_day.day::timestamp)::date AS month,
       calendar_day.fiscal_year, holiday.holiday_name,
       calendar_day.iso_dow = 7 AS is_sunday,
       holiday.holiday_date IS NOT NULL AS is_holiday
  FROM ref.calendar_day
  LEFT JOIN ref.holiday ON holiday.holiday_date = calendar_day.day;

COMMENT ON VIEW mart.v_calendar IS '祝日つきカレンダー';
