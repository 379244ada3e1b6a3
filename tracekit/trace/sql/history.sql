-- A lot walks down the line, one visit after the other in slots of equal length, so no two visits
-- of a lot track in at once. A step may need a second visit to the same equipment, and a visit may
-- be tracked out in parts: rows that differ in the track-out only, each later than the one before.

CREATE TABLE DWH.DW_MES_LOTWIPHISTORY AS
WITH counted AS (
    SELECT *, how_many(bits, 'history') AS visits FROM lots
),
visited AS (
    SELECT
        *,
        getvariable('route_seconds') // greatest(visits, 12) AS slot,
        unnest(range(visits)) AS visit
    FROM counted
),
drawn AS (
    SELECT
        *,
        entropy('visit', CONTAINERID || visit) AS visit_bits,
        -- Every 16th visit repeats the step before it; where, differs from lot to lot.
        (visit * 15 + below(bits, 'repeat phase', 16)) // 16 AS step
    FROM visited
),
stepped AS (
    SELECT
        *,
        entropy('step', CONTAINERID || step) AS step_bits,
        (below(bits, 'first workcenter', 4) + step) % len(getvariable('workcenters')) AS workcenter
    FROM drawn
),
placed AS (
    SELECT
        CONTAINERID,
        MFGORDERNAME,
        visit_bits,
        slot,
        getvariable('workcenters')[1 + workcenter].name AS WORKCENTERNAME,
        at_index(
            getvariable('equipment'),
            workcenter + len(getvariable('workcenters')) * below(
                step_bits,
                'equipment',
                greatest(1, card('equipment') // len(getvariable('workcenters')))
            )
        ) AS equipment,
        at_index(
            getvariable('specs'),
            workcenter + len(getvariable('workcenters')) * below(
                step_bits, 'spec', greatest(1, card('specs') // len(getvariable('workcenters')))
            )
        ) AS SPECNAME,
        started + visit * slot + below(visit_bits, 'track-in', slot * 3 // 4) AS track_in,
        1 + below(visit_bits, 'quantity', 20000) * (1 + below(visit_bits, 'skew', 3)) // 3
            AS TRACKINQTY,
        unnest(range(CASE WHEN happens(visit_bits, 'partial_track_out')
            THEN 2 + below(visit_bits, 'parts', 2) ELSE 1 END)) AS part
    FROM stepped
)
SELECT
    CONTAINERID,
    WORKCENTERNAME,
    CASE WHEN NOT happens(visit_bits, 'equipment_null') THEN equipment.id END AS EQUIPMENTID,
    CASE WHEN NOT happens(visit_bits, 'equipment_null') THEN equipment.name END AS EQUIPMENTNAME,
    SPECNAME,
    at_second(track_in) AS TRACKINTIMESTAMP,
    CASE WHEN part > 0 OR NOT happens(visit_bits, 'track_out_null')
        THEN at_second(
            track_in + 60 + below(visit_bits, 'duration', slot // 8) + part * (1 + slot // 32)
        ) END AS TRACKOUTTIMESTAMP,
    TRACKINQTY,
    CASE WHEN part > 0 OR NOT happens(visit_bits, 'track_out_null')
        THEN TRACKINQTY - TRACKINQTY * below(visit_bits, 'loss', 30) // 1000 END AS TRACKOUTQTY,
    CASE WHEN NOT happens(visit_bits, 'finished_runcard_null')
        THEN concat('RC', digits(below(visit_bits, 'runcard', 100000000), 8)) END
        AS FINISHEDRUNCARD,
    MFGORDERNAME AS PJ_WORKORDER
FROM placed;
