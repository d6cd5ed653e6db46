CREATE VIEW mart.v_active_shipment AS
SELECT slip.slip_id, slip.site_code, slip.slip_no, slip.slip_date, slip.slip_month,
       slip.vendor_id, vendor.vendor_name, vendor.is_final_disposal,
       slip.item_id, item.item_name, item.category_code,
       slip.net_kg::numeric AS net_kg, slip.unit_price, slip.amount_yen
  FROM stg.shipment_slip AS slip
  JOIN ref.vendor ON vendor.vendor_id = slip.vendor_id
  JOIN ref.item ON item.item_id = slip.item_id
 WHERE slip.deleted_at IS NULL;

COMMENT ON VIEW mart.v_active_shipment IS '有効な出荷伝票';
