CREATE MATERIALIZED VIEW mart.mv_balance_running AS
SELECT month, site_code, category_code, received_kg, shipped_kg, amount_yen,
       sum(change_kg) OVER (PARTITION BY site_code, category_code ORDER BY month) AS stock_kg
  FROM mart.v_balance_month
WITH NO DATA;

CREATE UNIQUE INDEX uq_mv_balance_running ON mart.mv_balance_running (month, site_code, category_code);

COMMENT ON MATERIALIZED VIEW mart.mv_balance_running IS '月次収支と在庫残の推移';
