CREATE FUNCTION mart.take_inventory_snapshot(p_day date) RETURNS integer
    LANGUAGE plpgsql
    SET search_path = ''
AS $$
DECLARE
    written integer;
BEGIN
    INSERT INTO mart.inventory_daily (snapshot_date, site_code, item_id, opening_kg, received_kg, shipped_kg)
    SELECT p_day, site.site_code, item.item_id,
           coalesce(previous.closing_kg, 0), coalesce(received.net_kg, 0), coalesce(shipped.net_kg, 0)
      FROM ref.site
     CROSS JOIN ref.item
      LEFT JOIN mart.inventory_daily AS previous
        ON previous.snapshot_date = p_day - 1
       AND previous.site_code = site.site_code
       AND previous.item_id = item.item_id
      LEFT JOIN (SELECT slip.site_code, slip.item_id, sum(slip.net_kg) AS net_kg
                   FROM stg.receive_slip AS slip
                  WHERE slip.slip_date = p_day AND slip.deleted_at IS NULL
                  GROUP BY slip.site_code, slip.item_id) AS received
        ON received.site_code = site.site_code AND received.item_id = item.item_id
      LEFT JOIN (SELECT slip.site_code, slip.item_id, sum(slip.net_kg::numeric) AS net_kg
                   FROM stg.shipment_slip AS slip
                  WHERE slip.slip_date = p_day AND slip.deleted_at IS NULL
                  GROUP BY slip.site_code, slip.item_id) AS shipped
        ON shipped.site_code = site.site_code AND shipped.item_id = item.item_id
     WHERE previous.item_id IS NOT NULL OR received.item_id IS NOT NULL OR shipped.item_id IS NOT NULL
    ON CONFLICT (snapshot_date, site_code, item_id) DO UPDATE
       SET opening_kg = excluded.opening_kg,
           received_kg = excluded.received_kg,
           shipped_kg = excluded.shipped_kg;
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END;
$$;

COMMENT ON FUNCTION mart.take_inventory_snapshot(date) IS
    'Writes the stock of one day from the day before and its slips; repeating it changes nothing';
