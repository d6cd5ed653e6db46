CREATE FUNCTION ref.unit_price_at(p_item_id bigint, p_customer_id bigint, p_day date)
    RETURNS public.yen_per_kg
    LANGUAGE sql
    STABLE
    SET search_path = ''
AS $$
    SELECT unit_price.unit_price
      FROM ref.unit_price
     WHERE unit_price.item_id = p_item_id
       AND (unit_price.customer_id = p_customer_id OR unit_price.customer_id IS NULL)
       AND unit_price.valid_during @> p_day
     ORDER BY unit_price.customer_id NULLS LAST
     LIMIT 1;
$$;

COMMENT ON FUNCTION ref.unit_price_at(bigint, bigint, date) IS
    '適用単価: 取引先の単価、なければ共通単価';
