CREATE MATERIALIZED VIEW mart.mv_customer_ranking AS
SELECT month, site_code, customer_code, customer_name, slip_count, net_kg, amount_yen,
       rank() OVER (PARTITION BY month, site_code ORDER BY amount_yen DESC) AS amount_rank,
       round(100 * amount_yen / nullif(sum(amount_yen) OVER (PARTITION BY month, site_code), 0), 2)
           AS amount_percent
  FROM mart.v_customer_receive_monthly
WITH NO DATA;

-- Not unique: two customers of a merged firm may appear under one code, so a plain REFRESH it is.
CREATE INDEX ix_mv_customer_ranking_month_rank ON mart.mv_customer_ranking (month, amount_rank);

COMMENT ON MATERIALIZED VIEW mart.mv_customer_ranking IS '取引先ランキング (月・拠点別)';
