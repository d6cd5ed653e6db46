CREATE VIEW mart.v_target_card_today AS
SELECT card.*, site.site_name
  FROM mart.mv_target_card_per_day AS card
  JOIN ref.site ON site.site_code = card.site_code
 WHERE card.day = (now() AT TIME ZONE 'Asia/Tokyo')::date;

COMMENT ON VIEW mart.v_target_card_today IS '本日の目標カード';
