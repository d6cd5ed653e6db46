CREATE MATERIALIZED VIEW mart.mv_shipment_daily AS
SELECT slip_date, site_code, category_code,
       count(*) AS slip_count, sum(net_kg) AS net_kg, sum(amount_yen) AS amount_yen,
       coalesce(sum(net_kg) FILTER (WHERE is_final_disposal), 0) AS final_disposal_kg
  FROM mart.v_active_shipment
 GROUP BY slip_date, site_code, category_code
WITH NO DATA;

CREATE UNIQUE INDEX uq_mv_shipment_daily ON mart.mv_shipment_daily (slip_date, site_code, category_code);

COMMENT ON MATERIALIZED VIEW mart.mv_shipment_daily IS '日次出荷 (拠点・品目区分別)';
