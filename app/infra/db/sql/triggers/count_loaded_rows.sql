CREATE TRIGGER count_loaded_rows AFTER INSERT ON stg.receive_slip
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION public.count_loaded_rows();
CREATE TRIGGER count_loaded_rows AFTER INSERT ON stg.shipment_slip
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION public.count_loaded_rows();
CREATE TRIGGER count_loaded_rows AFTER INSERT ON stg.yard_slip
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION public.count_loaded_rows();
