-- downstream_rejects: what the lots made from the traced ones lost, and where.
-- The total is the sum of the five reject quantities; DEFECTQTY is counted apart from them.
--
-- The id filter is the token in double braces; the loader puts the bound id list in its place,
-- for the column the token names. Nothing else in this file is replaced.
SELECT
    r.CONTAINERID,
    r.WORKCENTERNAME,
    CASE
        WHEN UPPER(r.WORKCENTERNAME) LIKE '%切割%'
          OR UPPER(r.WORKCENTERNAME) LIKE '%SAW%' THEN '切割'
        WHEN UPPER(r.WORKCENTERNAME) LIKE '%焊接_DB%'
          OR UPPER(r.WORKCENTERNAME) LIKE '%焊_DB_料%' THEN '焊接_DB'
        WHEN UPPER(r.WORKCENTERNAME) LIKE '%焊接_WB%'
          OR UPPER(r.WORKCENTERNAME) LIKE '%焊_WB_料%' THEN '焊接_WB'
        WHEN UPPER(r.WORKCENTERNAME) LIKE '%焊接_DW%' THEN '焊接_DW'
        WHEN UPPER(r.WORKCENTERNAME) LIKE '%成型%'
          OR UPPER(r.WORKCENTERNAME) LIKE '%MOLD%' THEN '成型'
        WHEN UPPER(r.WORKCENTERNAME) LIKE '%去膠%' THEN '去膠'
        WHEN UPPER(r.WORKCENTERNAME) LIKE '%水吹砂%' THEN '水吹砂'
        WHEN UPPER(r.WORKCENTERNAME) LIKE '%電鍍%'
          OR UPPER(r.WORKCENTERNAME) LIKE '%PLATING%' THEN '電鍍'
        WHEN UPPER(r.WORKCENTERNAME) LIKE '%移印%' THEN '移印'
        WHEN UPPER(r.WORKCENTERNAME) LIKE '%切彎腳%' THEN '切彎腳'
        WHEN UPPER(r.WORKCENTERNAME) LIKE '%TMTT%'
          OR UPPER(r.WORKCENTERNAME) LIKE '%測試%' THEN '測試'
        ELSE NULL
    END AS WORKCENTER_GROUP,
    NVL(TRIM(r.LOSSREASONNAME), '(未填寫)') AS LOSSREASONNAME,
    NVL(TRIM(r.EQUIPMENTNAME), '(NA)') AS EQUIPMENTNAME,
    NVL(r.REJECTQTY, 0)
        + NVL(r.STANDBYQTY, 0)
        + NVL(r.QTYTOPROCESS, 0)
        + NVL(r.INPROCESSQTY, 0)
        + NVL(r.PROCESSEDQTY, 0) AS REJECT_TOTAL_QTY,
    r.TXNDATE
FROM DWH.DW_MES_LOTREJECTHISTORY r
WHERE {{ CONTAINER_FILTER:r.CONTAINERID }}
ORDER BY r.CONTAINERID, r.TXNDATE
