CREATE MATERIALIZED VIEW mart.mv_balance_daily AS
SELECT slip_date, site_code, category_code,
       coalesce(receive.net_kg, 0) AS received_kg, coalesce(shipment.net_kg, 0) AS shipped_kg,
       coalesce(receive.net_kg, 0) - coalesce(shipment.net_kg, 0) AS change_kg,
       coalesce(receive.amount_yen, 0) + coalesce(shipment.amount_yen, 0) AS amount_yen
  FROM mart.mv_receive_daily AS receive
  FULL JOIN mart.mv_shipment_daily AS shipment USING (slip_date, site_code, category_code)
WITH NO DATA;

CREATE UNIQUE INDEX uq_mv_balance_daily ON mart.mv_balance_daily (slip_date, site_code, category_code);

COMMENT ON MATERIALIZED VIEW mart.mv_balance_daily IS '日次収支 (受入と出荷)';
