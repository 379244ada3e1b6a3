-- rejects: every reject booked on each lot, with the group and sequence of its workcenter.
-- A missing text is written (NA), a missing loss reason (未填寫), a missing quantity 0. A workcenter
-- may stand under several specs of the mapping view; its first group in line order counts.
--
-- The id filter is the token in double braces; the loader puts the bound id list in its place,
-- for the column the token names. Nothing else in this file is replaced.
WITH workcenter_groups AS (
    SELECT
        v.WORK_CENTER,
        v.WORK_CENTER_GROUP,
        v.WORKCENTERSEQUENCE_GROUP,
        ROW_NUMBER() OVER (
            PARTITION BY v.WORK_CENTER
            ORDER BY v.WORKCENTERSEQUENCE_GROUP, v.SPEC
        ) AS RN
    FROM DWH.DW_MES_SPEC_WORKCENTER_V v
    WHERE v.WORK_CENTER IS NOT NULL
),
booked AS (
    SELECT
        r.CONTAINERID,
        r.WORKCENTERNAME,
        r.SPECNAME,
        r.LOSSREASONNAME,
        r.EQUIPMENTNAME,
        r.REJECTCOMMENT,
        NVL(r.REJECTQTY, 0) AS REJECT_QTY,
        NVL(r.STANDBYQTY, 0) AS STANDBY_QTY,
        NVL(r.QTYTOPROCESS, 0) AS QTYTOPROCESS_QTY,
        NVL(r.INPROCESSQTY, 0) AS INPROCESS_QTY,
        NVL(r.PROCESSEDQTY, 0) AS PROCESSED_QTY,
        NVL(r.DEFECTQTY, 0) AS DEFECT_QTY,
        r.TXNDATE
    FROM DWH.DW_MES_LOTREJECTHISTORY r
    WHERE {{ CONTAINER_FILTER:r.CONTAINERID }}
)
SELECT
    b.CONTAINERID,
    c.CONTAINERNAME,
    b.WORKCENTERNAME,
    NVL(g.WORK_CENTER_GROUP, '(NA)') AS WORKCENTER_GROUP,
    NVL(g.WORKCENTERSEQUENCE_GROUP, 999) AS WORKCENTERSEQUENCE_GROUP,
    NVL(TRIM(c.PRODUCTLINENAME), '(NA)') AS PRODUCTLINENAME,
    NVL(TRIM(c.PJ_FUNCTION), '(NA)') AS PJ_FUNCTION,
    NVL(TRIM(c.PJ_TYPE), '(NA)') AS PJ_TYPE,
    NVL(TRIM(c.PRODUCTNAME), '(NA)') AS PRODUCTNAME,
    NVL(TRIM(b.SPECNAME), '(NA)') AS SPECNAME,
    NVL(TRIM(b.LOSSREASONNAME), '(未填寫)') AS LOSSREASONNAME,
    NVL(TRIM(b.EQUIPMENTNAME), '(NA)') AS EQUIPMENTNAME,
    b.REJECTCOMMENT,
    b.REJECT_QTY,
    b.STANDBY_QTY,
    b.QTYTOPROCESS_QTY,
    b.INPROCESS_QTY,
    b.PROCESSED_QTY,
    b.REJECT_QTY + b.STANDBY_QTY + b.QTYTOPROCESS_QTY + b.INPROCESS_QTY + b.PROCESSED_QTY
        AS REJECT_TOTAL_QTY,
    b.DEFECT_QTY,
    b.TXNDATE AS TXN_TIME,
    b.TXNDATE,
    TRUNC(b.TXNDATE) AS TXN_DAY
FROM booked b
JOIN DWH.DW_MES_CONTAINER c ON c.CONTAINERID = b.CONTAINERID
LEFT JOIN workcenter_groups g ON g.WORK_CENTER = b.WORKCENTERNAME AND g.RN = 1
ORDER BY b.TXNDATE
