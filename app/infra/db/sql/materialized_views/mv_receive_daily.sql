CREATE MATERIALIZED VIEW mart.mv_receive_daily AS
SELECT slip_date, site_code, category_code,
       count(*) AS slip_count, count(DISTINCT customer_id) AS customer_count,
       sum(net_kg) AS net_kg, sum(amount_yen) AS amount_yen
  FROM mart.v_active_receive
 GROUP BY slip_date, site_code, category_code
WITH NO DATA;

CREATE UNIQUE INDEX uq_mv_receive_daily ON mart.mv_receive_daily (slip_date, site_code, category_code);

COMMENT ON MATERIALIZED VIEW mart.mv_receive_daily IS '日次受入 (拠点・品目区分別)';
