-- history: what each lot went through, one row per lot, equipment, spec and track-in.
-- A track-in with several recorded track-outs counts once: the latest track-out wins.
WITH ranked_history AS (
    SELECT
        h.CONTAINERID,
        h.WORKCENTERNAME,
        h.EQUIPMENTID,
        h.EQUIPMENTNAME,
        h.SPECNAME,
        h.TRACKINTIMESTAMP,
        h.TRACKOUTTIMESTAMP,
        h.TRACKINQTY,
        h.TRACKOUTQTY,
        h.FINISHEDRUNCARD,
        h.PJ_WORKORDER,
        ROW_NUMBER() OVER (
            PARTITION BY h.CONTAINERID, h.EQUIPMENTID, h.SPECNAME, h.TRACKINTIMESTAMP
            ORDER BY h.TRACKOUTTIMESTAMP DESC NULLS LAST
        ) AS RN
    FROM DWH.DW_MES_LOTWIPHISTORY h
    WHERE h.CONTAINERID IN (:keys)
      AND h.EQUIPMENTID IS NOT NULL
      AND h.TRACKINTIMESTAMP IS NOT NULL
)
SELECT
    r.CONTAINERID,
    r.WORKCENTERNAME,
    r.EQUIPMENTID,
    r.EQUIPMENTNAME,
    r.SPECNAME,
    r.TRACKINTIMESTAMP,
    r.TRACKOUTTIMESTAMP,
    r.TRACKINQTY,
    r.TRACKOUTQTY,
    r.FINISHEDRUNCARD,
    r.PJ_WORKORDER,
    c.CONTAINERNAME,
    c.PJ_TYPE,
    c.PJ_BOP,
    c.FIRSTNAME AS WAFER_LOT_ID
FROM ranked_history r
LEFT JOIN DWH.DW_MES_CONTAINER c ON c.CONTAINERID = r.CONTAINERID
WHERE r.RN = 1
ORDER BY r.TRACKINTIMESTAMP
