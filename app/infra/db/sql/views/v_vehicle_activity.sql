CREATE VIEW mart.v_vehicle_activity AS
SELECT vehicle.plate_number, collector.collector_name, receive.slip_month AS month,
       count(*) AS trips, sum(receive.net_kg) AS net_kg,
       round(avg(receive.net_kg / nullif(vehicle.max_load_kg::numeric, 0)), 3) AS load_share
  FROM mart.v_active_receive AS receive
  JOIN ref.vehicle ON vehicle.vehicle_id = receive.vehicle_id
  JOIN ref.collector ON collector.collector_id = vehicle.collector_id
 GROUP BY vehicle.plate_number, collector.collector_name, receive.slip_month;

COMMENT ON VIEW mart.v_vehicle_activity IS '車輌別 月次稼働';
