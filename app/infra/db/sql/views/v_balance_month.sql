CREATE VIEW mart.v_balance_month AS
SELECT date_trunc('month', slip_date::timestamp)::date AS month, site_code, category_code,
       sum(received_kg) AS received_kg, sum(shipped_kg) AS shipped_kg,
       sum(change_kg) AS change_kg, sum(amount_yen) AS amount_yen
  FROM mart.mv_balance_daily
 GROUP BY date_trunc('month', slip_date::timestamp)::date, site_code, category_code;

COMMENT ON VIEW mart.v_balance_month IS '月次収支';
