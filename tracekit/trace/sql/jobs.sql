-- Jobs are created one after the other in slots of equal length, so no two share CREATEDATE.
-- A job's lots are taken at equal steps round the list of lots, so none stands in it twice.

CREATE TABLE DWH.DW_MES_JOB AS
WITH numbered AS (
    SELECT
        i AS job,
        entropy('job', i) AS bits,
        getvariable('span_seconds') // getvariable('jobs') AS slot
    FROM range(getvariable('jobs')) numbers(i)
),
sized AS (
    SELECT
        *,
        least(how_many(bits, 'job_cids'), getvariable('cids')) AS lot_count,
        below(bits, 'first lot', getvariable('cids')) AS first_lot
    FROM numbered
),
named_lots AS (
    SELECT
        picked.job,
        string_agg(lots.CONTAINERID, ',' ORDER BY picked.nth) AS CONTAINERIDS,
        string_agg(lots.CONTAINERNAME, ',' ORDER BY picked.nth) AS CONTAINERNAMES
    FROM (
        SELECT job, bits, first_lot, lot_count, unnest(range(lot_count)) AS nth FROM sized
    ) picked
    JOIN lots ON lots.position = (
        picked.first_lot
        + picked.nth * (1 + below(picked.bits, 'stride', getvariable('cids') // picked.lot_count))
    ) % getvariable('cids')
    GROUP BY picked.job
),
placed AS (
    SELECT
        *,
        getvariable('sysdate_second') - getvariable('span_seconds') + job * slot
            + below(bits, 'moment', slot) AS created,
        pick(bits, 'resource', getvariable('equipment')) AS resource,
        below(bits, 'status', 10) AS status
    FROM sized
)
SELECT
    concat('JOB', digits(job, 8)) AS JOBID,
    resource.id AS RESOURCEID,
    resource.name AS RESOURCENAME,
    CASE WHEN status = 0 THEN 'Open' WHEN status = 1 THEN 'InProgress' ELSE 'Complete' END
        AS JOBSTATUS,
    pick(bits, 'model', ['定期保養', '故障維修', '換線', '校驗', '品質異常']) AS JOBMODELNAME,
    concat('WO', digits(job * 7, 8)) AS JOBORDERNAME,
    at_second(created) AS CREATEDATE,
    CASE WHEN status > 1
        THEN at_second(least(
            created + 60 + below(bits, 'takes', 86400), getvariable('sysdate_second')
        )) END AS COMPLETEDATE,
    CASE WHEN NOT happens(bits, 'job_code_null')
        THEN pick(bits, 'cause', getvariable('job_codes')) END AS CAUSECODENAME,
    CASE WHEN status > 1 AND NOT happens(bits, 'job_code_null')
        THEN pick(bits, 'repair', getvariable('job_codes')) END AS REPAIRCODENAME,
    CASE WHEN NOT happens(bits, 'symptom_null')
        THEN pick(bits, 'symptom', getvariable('job_codes')) END AS SYMPTOMCODENAME,
    CONTAINERIDS,
    CONTAINERNAMES
FROM placed
JOIN named_lots USING (job)
ORDER BY job;
