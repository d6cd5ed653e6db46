CREATE VIEW mart.v_inventory_latest AS
SELECT DISTINCT ON (inventory.site_code, inventory.item_id)
       inventory.site_code, item.item_code, item.item_name, item.category_code,
       inventory.snapshot_date, inventory.closing_kg,
       round(inventory.closing_kg / nullif(item.kg_per_m3, 0), 1) AS closing_m3
  FROM mart.inventory_daily AS inventory
  JOIN ref.item ON item.item_id = inventory.item_id
 ORDER BY inventory.site_code, inventory.item_id, inventory.snapshot_date DESC;

COMMENT ON VIEW mart.v_inventory_latest IS '最新在庫';
