-- jobs: maintenance jobs of equipment, newest first, with the lots that were on it.
-- CONTAINERIDS lists several ids in one text: a job is joined to every asked id that it names.
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
    c.CONTAINERID
FROM DWH.DW_MES_CONTAINER c
JOIN DWH.DW_MES_JOB j ON j.CONTAINERIDS LIKE '%' || c.CONTAINERID || '%'
WHERE c.CONTAINERID IN (:keys)
ORDER BY j.CREATEDATE DESC, c.CONTAINERID
