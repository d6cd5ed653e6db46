CREATE TRIGGER cascade_upload_deletion AFTER UPDATE OF deleted_at ON public.upload_log
    FOR EACH ROW WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL)
    EXECUTE FUNCTION public.cascade_upload_deletion();
