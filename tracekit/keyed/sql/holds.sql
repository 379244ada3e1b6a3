-- holds: every hold of each lot, newest first; a lot still held counts its hours to SYSDATE.
--
-- The id filter is the token in double braces; the loader puts the bound id list in its place,
-- for the column the token names. Nothing else in this file is replaced.
SELECT
    h.CONTAINERID,
    c.CONTAINERNAME,
    h.WORKCENTERNAME,
    h.HOLDTXNDATE,
    h.HOLDEMP,
    h.HOLDEMPDEPTNAME,
    h.HOLDREASONNAME,
    h.HOLDCOMMENTS,
    h.RELEASETXNDATE,
    h.RELEASEEMP,
    h.RELEASECOMMENTS,
    h.NCRID,
    CASE WHEN h.RELEASETXNDATE IS NULL THEN 'HOLD' ELSE 'RELEASED' END AS HOLD_STATUS,
    ROUND((NVL(h.RELEASETXNDATE, SYSDATE) - h.HOLDTXNDATE) * 24, 2) AS HOLD_HOURS
FROM DWH.DW_MES_HOLDRELEASEHISTORY h
JOIN DWH.DW_MES_CONTAINER c ON c.CONTAINERID = h.CONTAINERID
WHERE {{ CONTAINER_FILTER:h.CONTAINERID }}
ORDER BY h.HOLDTXNDATE DESC
