CREATE FUNCTION raw.parse_number(p_text text) RETURNS numeric
    LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = ''
AS $$
    SELECT CASE WHEN cleaned.digits ~ '^-?[0-9]+(\.[0-9]+)?$' THEN cleaned.digits::numeric END
      FROM (SELECT translate(p_text, '０１２３４５６７８９．－−，, ¥￥', '0123456789.--') AS digits) AS cleaned;
$$;

COMMENT ON FUNCTION raw.parse_number(text) IS
    '全角数字・桁区切りを読み、数値でなければ NULL を返す';
