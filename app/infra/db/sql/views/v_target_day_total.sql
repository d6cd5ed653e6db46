CREATE VIEW mart.v_target_day_total AS
SELECT day, site_code, sum(target_kg) AS target_kg, sum(target_yen) AS target_yen
  FROM mart.mv_target_daily
 GROUP BY day, site_code;

COMMENT ON VIEW mart.v_target_day_total IS '日次目標の拠点計';
