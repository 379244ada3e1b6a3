-- Each spec with the workcenter it belongs to; a workcenter outside the line has no row here.

CREATE TABLE DWH.DW_MES_SPEC_WORKCENTER_V AS
WITH mapped AS (
    SELECT
        at_index(getvariable('specs'), i) AS SPEC,
        at_index(getvariable('workcenters'), i) AS workcenter,
        i
    FROM range(greatest(card('specs'), len(getvariable('workcenters')))) numbers(i)
)
SELECT
    SPEC || CASE WHEN i >= card('specs') THEN '_' || i ELSE '' END AS SPEC,
    workcenter.name AS WORK_CENTER,
    workcenter.line AS WORK_CENTER_GROUP,
    -- Later specs of a workcenter stand further down the line than its first.
    (workcenter.line_order + 100 * (i // len(getvariable('workcenters'))))::VARCHAR
        AS WORKCENTERSEQUENCE_GROUP
FROM mapped
WHERE workcenter.line IS NOT NULL
ORDER BY i;
