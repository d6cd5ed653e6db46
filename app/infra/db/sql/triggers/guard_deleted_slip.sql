CREATE TRIGGER guard_deleted_slip BEFORE UPDATE ON stg.receive_slip
    FOR EACH ROW WHEN (OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NOT NULL)
    EXECUTE FUNCTION stg.guard_deleted_slip();
CREATE TRIGGER guard_deleted_slip BEFORE UPDATE ON stg.shipment_slip
    FOR EACH ROW WHEN (OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NOT NULL)
    EXECUTE FUNCTION stg.guard_deleted_slip();
CREATE TRIGGER guard_deleted_slip BEFORE UPDATE ON stg.yard_slip
    FOR EACH ROW WHEN (OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NOT NULL)
    EXECUTE FUNCTION stg.guard_deleted_slip();
