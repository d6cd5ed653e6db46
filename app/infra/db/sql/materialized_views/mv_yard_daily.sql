CREATE MATERIALIZED VIEW mart.mv_yard_daily AS
SELECT slip_date, site_code, category_code, process_code,
       count(*) AS slip_count, sum(net_kg) AS net_kg
  FROM mart.v_active_yard
 GROUP BY slip_date, site_code, category_code, process_code
WITH NO DATA;

CREATE UNIQUE INDEX uq_mv_yard_daily
    ON mart.mv_yard_daily (slip_date, site_code, category_code, process_code);

COMMENT ON MATERIALIZED VIEW mart.mv_yard_daily IS '日次ヤード処理 (拠点・品目区分・工程別)';
