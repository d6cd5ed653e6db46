CREATE FUNCTION stg.guard_deleted_slip() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = ''
AS $$
BEGIN
    RAISE EXCEPTION 'slip % is deleted', OLD.slip_no
        USING ERRCODE = 'restrict_violation',
              HINT = 'Restore it first: set deleted_at and deleted_by to NULL.';
END;
$$;

COMMENT ON FUNCTION stg.guard_deleted_slip() IS '取り消した伝票の変更を拒む (SQLSTATE 23001)';
