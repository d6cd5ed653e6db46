CREATE FUNCTION ref.fiscal_year(p_day date) RETURNS integer
    LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT extract(year FROM p_day - interval '3 months')::integer;
$$;

COMMENT ON FUNCTION ref.fiscal_year(date) IS '年度 (4月から翌年3月)';
