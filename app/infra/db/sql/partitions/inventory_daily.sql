CREATE TABLE mart.inventory_daily_p202504 PARTITION OF mart.inventory_daily
    FOR VALUES FROM ('2025-04-01') TO ('2025-05-01');
CREATE TABLE mart.inventory_daily_p202505 PARTITION OF mart.inventory_daily
    FOR VALUES FROM ('2025-05-01') TO ('2025-06-01');
CREATE TABLE mart.inventory_daily_p202506 PARTITION OF mart.inventory_daily
    FOR VALUES FROM ('2025-06-01') TO ('2025-07-01');
CREATE TABLE mart.inventory_daily_p202507 PARTITION OF mart.inventory_daily
    FOR VALUES FROM ('2025-07-01') TO ('2025-08-01');
CREATE TABLE mart.inventory_daily_p202508 PARTITION OF mart.inventory_daily
    FOR VALUES FROM ('2025-08-01') TO ('2025-09-01');
CREATE TABLE mart.inventory_daily_p202509 PARTITION OF mart.inventory_daily
    FOR VALUES FROM ('2025-09-01') TO ('2025-10-01');
CREATE TABLE mart.inventory_daily_p202510 PARTITION OF mart.inventory_daily
    FOR VALUES FROM ('2025-10-01') TO ('2025-11-01');
CREATE TABLE mart.inventory_daily_p202511 PARTITION OF mart.inventory_daily
    FOR VALUES FROM ('2025-11-01') TO ('2025-12-01');
CREATE TABLE mart.inventory_daily_p202512 PARTITION OF mart.inventory_daily
    FOR VALUES FROM ('2025-12-01') TO ('2026-01-01');
CREATE TABLE mart.inventory_daily_p202601 PARTITION OF mart.inventory_daily
    FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE mart.inventory_daily_p202602 PARTITION OF mart.inventory_daily
    FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
CREATE TABLE mart.inventory_daily_p202603 PARTITION OF mart.inventory_daily
    FOR VALUES FROM ('2026-03-01') TO ('2026-04-01');
CREATE TABLE mart.inventory_daily_default PARTITION OF mart.inventory_daily DEFAULT;

COMMENT ON TABLE mart.inventory_daily_default IS '月のパーティションがない日';
