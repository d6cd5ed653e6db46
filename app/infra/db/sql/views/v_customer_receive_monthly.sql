CREATE VIEW mart.v_customer_receive_monthly AS
SELECT slip_month AS month, site_code, customer_id, customer_code, customer_name,
       count(*) AS slip_count, sum(net_kg) AS net_kg, sum(amount_yen) AS amount_yen
  FROM mart.v_active_receive
 GROUP BY slip_month, site_code, customer_id, customer_code, customer_name;

COMMENT ON VIEW mart.v_customer_receive_monthly IS '取引先別 月次受入';
