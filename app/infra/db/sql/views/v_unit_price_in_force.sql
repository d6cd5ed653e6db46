CREATE VIEW mart.v_unit_price_in_force AS
SELECT item.item_code, item.item_name, customer.customer_code, customer.customer_name,
       unit_price.unit_price, unit_price.valid_from, unit_price.valid_to
  FROM ref.unit_price
  JOIN ref.item ON item.item_id = unit_price.item_id
  LEFT JOIN ref.customer ON customer.customer_id = unit_price.customer_id
 WHERE unit_price.valid_during @> (now() AT TIME ZONE 'Asia/Tokyo')::date;

COMMENT ON VIEW mart.v_unit_price_in_force IS '本日適用の単価。取引先が空欄は共通単価';
