-- materials: what was consumed to make each lot, one row per material lot and transaction.
--
-- The id filter is the token in double braces; the loader puts the bound id list in its place,
-- for the column the token names. Nothing else in this file is replaced.
SELECT
    m.CONTAINERID,
    c.CONTAINERNAME,
    m.MATERIALPARTNAME,
    m.MATERIALLOTNAME,
    m.QTYCONSUMED,
    m.WORKCENTERNAME,
    m.SPECNAME,
    m.EQUIPMENTNAME,
    m.TXNDATE
FROM DWH.DW_MES_LOTMATERIALSHISTORY m
JOIN DWH.DW_MES_CONTAINER c ON c.CONTAINERID = m.CONTAINERID
WHERE {{ CONTAINER_FILTER:m.CONTAINERID }}
ORDER BY m.TXNDATE
