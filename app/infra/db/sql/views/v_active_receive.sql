CREATE VIEW mart.v_active_receive AS
SELECT slip.slip_id, slip.site_code, slip.slip_no, slip.slip_date, slip.slip_month,
       slip.customer_id, customer.customer_code, customer.customer_name,
       slip.collector_id, slip.vehicle_id,
       slip.item_id, item.item_name, item.category_code,
       slip.net_kg, slip.unit_price, slip.amount_yen
  FROM stg.receive_slip AS slip
  JOIN ref.customer ON customer.customer_id = slip.customer_id
  JOIN ref.item ON item.item_id = slip.item_id
 WHERE slip.deleted_at IS NULL;

COMMENT ON VIEW mart.v_active_receive IS '有効な受入伝票';
