CREATE FUNCTION raw.parse_date(p_text text) RETURNS date
    LANGUAGE plpgsql
    IMMUTABLE STRICT
    SET search_path = ''
AS $$
DECLARE
    parts text[] := regexp_match(p_text, '^\s*(\d{4})[/.年-](\d{1,2})[/.月-](\d{1,2})日?\s*$');
BEGIN
    RETURN make_date(parts[1]::integer, parts[2]::integer, parts[3]::integer);
EXCEPTION
    WHEN datetime_field_overflow THEN
        RETURN NULL;
END;
$$;

COMMENT ON FUNCTION raw.parse_date(text) IS
    '2025/4/1, 2025-04-01, 2025年4月1日 を読み、日付でなければ NULL を返す';
