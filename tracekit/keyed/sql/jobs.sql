-- jobs: maintenance jobs of equipment, newest first, with the lots that were on it.
-- CONTAINERIDS lists several ids in one text, so the filter is a LIKE for each id, and a row
-- belongs to every lot it names; CONTAINERID is filled in by the reader.
--
-- The id filter is the token in double braces; the loader puts the bound id list in its place,
-- for the column the token names. Nothing else in this file is replaced.
SELECT
    j.JOBID,
    j.RESOURCEID,
    j.RESOURCENAME,
    j.JOBSTATUS,
    j.JOBMODELNAME,
    j.JOBORDERNAME,
    j.CREATEDATE,
    j.COMPLETEDATE,
    j.CAUSECODENAME,
    j.REPAIRCODENAME,
    j.SYMPTOMCODENAME,
    j.CONTAINERIDS,
    j.CONTAINERNAMES,
    CAST(NULL AS VARCHAR2(16)) AS CONTAINERID
FROM DWH.DW_MES_JOB j
WHERE {{ CONTAINER_FILTER:j.CONTAINERIDS }}
ORDER BY j.CREATEDATE DESC
