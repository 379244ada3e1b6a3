-- jobs: maintenance jobs of equipment, newest first, with the lots that were on it.
-- CONTAINERIDS lists several ids in one text: a job is joined to every asked id that it names.
-- A constructor takes at most 999 values (ORA-00939), so ids come 500 to a statement.
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
    k.COLUMN_VALUE AS CONTAINERID
FROM DWH.DW_MES_JOB j
JOIN TABLE(SYS.ODCIVARCHAR2LIST(:keys)) k ON j.CONTAINERIDS LIKE '%' || k.COLUMN_VALUE || '%'
ORDER BY j.CREATEDATE DESC, k.COLUMN_VALUE
