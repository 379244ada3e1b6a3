-- upstream_history: the latest visit of each lot to each equipment of each workcenter.
-- Workcenters outside the production groups (warehouse, rework) have no WORKCENTER_GROUP.
--
-- The id filter is the token in double braces; the loader puts the bound id list in its place,
-- for the column the token names. Nothing else in this file is replaced.
WITH ranked_history AS (
    SELECT
        h.CONTAINERID,
        h.WORKCENTERNAME,
        CASE
            WHEN UPPER(h.WORKCENTERNAME) LIKE '%切割%'
              OR UPPER(h.WORKCENTERNAME) LIKE '%SAW%' THEN '切割'
            WHEN UPPER(h.WORKCENTERNAME) LIKE '%焊接_DB%'
              OR UPPER(h.WORKCENTERNAME) LIKE '%焊_DB_料%' THEN '焊接_DB'
            WHEN UPPER(h.WORKCENTERNAME) LIKE '%焊接_WB%'
              OR UPPER(h.WORKCENTERNAME) LIKE '%焊_WB_料%' THEN '焊接_WB'
            WHEN UPPER(h.WORKCENTERNAME) LIKE '%焊接_DW%' THEN '焊接_DW'
            WHEN UPPER(h.WORKCENTERNAME) LIKE '%成型%'
              OR UPPER(h.WORKCENTERNAME) LIKE '%MOLD%' THEN '成型'
            WHEN UPPER(h.WORKCENTERNAME) LIKE '%去膠%' THEN '去膠'
            WHEN UPPER(h.WORKCENTERNAME) LIKE '%水吹砂%' THEN '水吹砂'
            WHEN UPPER(h.WORKCENTERNAME) LIKE '%電鍍%'
              OR UPPER(h.WORKCENTERNAME) LIKE '%PLATING%' THEN '電鍍'
            WHEN UPPER(h.WORKCENTERNAME) LIKE '%移印%' THEN '移印'
            WHEN UPPER(h.WORKCENTERNAME) LIKE '%切彎腳%' THEN '切彎腳'
            WHEN UPPER(h.WORKCENTERNAME) LIKE '%TMTT%'
              OR UPPER(h.WORKCENTERNAME) LIKE '%測試%' THEN '測試'
            ELSE NULL
        END AS WORKCENTER_GROUP,
        h.EQUIPMENTID,
        h.EQUIPMENTNAME,
        h.SPECNAME,
        h.TRACKINTIMESTAMP,
        NVL(h.TRACKINQTY, 0) AS TRACKINQTY,
        ROW_NUMBER() OVER (
            PARTITION BY h.CONTAINERID, h.WORKCENTERNAME, h.EQUIPMENTID
            ORDER BY h.TRACKINTIMESTAMP DESC, h.TRACKOUTTIMESTAMP DESC NULLS LAST
        ) AS RN
    FROM DWH.DW_MES_LOTWIPHISTORY h
    WHERE {{ CONTAINER_FILTER:h.CONTAINERID }}
      AND h.EQUIPMENTID IS NOT NULL
      AND h.TRACKINTIMESTAMP IS NOT NULL
)
SELECT
    CONTAINERID,
    WORKCENTERNAME,
    WORKCENTER_GROUP,
    EQUIPMENTID,
    EQUIPMENTNAME,
    SPECNAME,
    TRACKINTIMESTAMP,
    TRACKINQTY
FROM ranked_history
WHERE RN = 1
ORDER BY CONTAINERID, TRACKINTIMESTAMP
