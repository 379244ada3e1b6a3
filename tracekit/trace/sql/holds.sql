-- A hold is released before the next one of its lot begins, or never: then it is still held.

CREATE TABLE DWH.DW_MES_HOLDRELEASEHISTORY AS
WITH counted AS (
    SELECT *, how_many(bits, 'holds') AS holds FROM lots
),
held AS (
    SELECT
        *,
        getvariable('route_seconds') // greatest(holds, 4) AS slot,
        unnest(range(holds)) AS nth
    FROM counted
),
drawn AS (
    SELECT *, entropy('hold', CONTAINERID || nth) AS row_bits FROM held
),
timed AS (
    SELECT
        *,
        started + nth * slot + below(row_bits, 'moment', slot // 2) AS held_second,
        NOT happens(row_bits, 'still_held') AS released
    FROM drawn
)
SELECT
    CONTAINERID,
    pick(row_bits, 'workcenter', getvariable('workcenters')).name AS WORKCENTERNAME,
    at_second(held_second) AS HOLDTXNDATE,
    pick(row_bits, 'hold employee', getvariable('employees')) AS HOLDEMP,
    pick(row_bits, 'department', getvariable('departments')) AS HOLDEMPDEPTNAME,
    pick(row_bits, 'hold reason', getvariable('hold_reasons')) AS HOLDREASONNAME,
    CASE WHEN NOT happens(row_bits, 'hold_comment_null')
        THEN comment_text(row_bits, 'hold comment', getvariable('hold_phrases')) END
        AS HOLDCOMMENTS,
    CASE WHEN released
        THEN at_second(held_second + 1 + below(row_bits, 'held for', slot // 2 - 1)) END
        AS RELEASETXNDATE,
    CASE WHEN released THEN pick(row_bits, 'release employee', getvariable('employees')) END
        AS RELEASEEMP,
    CASE WHEN released AND NOT happens(row_bits, 'release_comment_null')
        THEN comment_text(row_bits, 'release comment', getvariable('release_phrases')) END
        AS RELEASECOMMENTS,
    CASE WHEN NOT happens(row_bits, 'ncr_null')
        THEN concat('NCR-', strftime(at_second(held_second), '%Y%m'), '-',
            digits(below(row_bits, 'ncr', 10000), 4)) END AS NCRID
FROM timed;
