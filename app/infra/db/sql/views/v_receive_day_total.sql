CREATE VIEW mart.v_receive_day_total AS
SELECT slip_date AS day, site_code, sum(slip_count) AS slip_count,
       sum(net_kg) AS net_kg, sum(amount_yen) AS amount_yen
  FROM mart.mv_receive_daily
 GROUP BY slip_date, site_code;

COMMENT ON VIEW mart.v_receive_day_total IS '日次受入の拠点計';
