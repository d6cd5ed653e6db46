CREATE VIEW mart.v_active_yard AS
SELECT slip.slip_id, slip.site_code, slip.slip_no, slip.slip_date, slip.slip_month,
       slip.item_id, item.item_name, item.category_code,
       slip.process_code, slip.net_kg::numeric AS net_kg, slip.operator_name
  FROM stg.yard_slip AS slip
  JOIN ref.item ON item.item_id = slip.item_id
 WHERE slip.deleted_at IS NULL;

COMMENT ON VIEW mart.v_active_yard IS '有効なヤード伝票';
