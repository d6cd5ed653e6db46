CREATE MATERIALIZED VIEW mart.mv_receive_monthly AS
SELECT date_trunc('month', slip_date::timestamp)::date AS month, site_code, category_code,
       count(*) AS working_days, sum(slip_count) AS slip_count,
       sum(net_kg) AS net_kg, sum(amount_yen) AS amount_yen
  FROM mart.mv_receive_daily
 GROUP BY date_trunc('month', slip_date::timestamp)::date, site_code, category_code
WITH NO DATA;

CREATE UNIQUE INDEX uq_mv_receive_monthly ON mart.mv_receive_monthly (month, site_code, category_code);

COMMENT ON MATERIALIZED VIEW mart.mv_receive_monthly IS '月次受入';
