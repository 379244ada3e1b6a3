CREATE TABLE DWH.DW_MES_LOTMATERIALSHISTORY AS
WITH counted AS (
    SELECT *, how_many(bits, 'materials') AS transactions FROM lots
),
consumed AS (
    SELECT
        *,
        getvariable('route_seconds') // greatest(transactions, 6) AS slot,
        unnest(range(transactions)) AS nth
    FROM counted
),
drawn AS (
    SELECT
        *,
        entropy('material', CONTAINERID || nth) AS row_bits,
        (below(bits, 'first material workcenter', 4) + nth * 2) % len(getvariable('workcenters'))
            AS workcenter
    FROM consumed
)
SELECT
    CONTAINERID,
    pick(row_bits, 'part', getvariable('materials')) AS MATERIALPARTNAME,
    concat('ML', digits(below(row_bits, 'material lot', card('material_lots')), 9))
        AS MATERIALLOTNAME,
    -- Six decimals at most, and often fewer, as scales and counters give them.
    CASE below(row_bits, 'unit', 3)
        WHEN 0 THEN 1 + below(row_bits, 'consumed', 30000)
        WHEN 1 THEN (1 + below(row_bits, 'consumed', 500000)) * 0.01::DECIMAL(18, 6)
        ELSE (1 + below(row_bits, 'consumed', 90000000)) * 0.000001::DECIMAL(18, 6)
    END::DECIMAL(18, 6) AS QTYCONSUMED,
    getvariable('workcenters')[1 + workcenter].name AS WORKCENTERNAME,
    at_index(getvariable('specs'), workcenter) AS SPECNAME,
    at_index(
        getvariable('equipment'),
        workcenter + len(getvariable('workcenters')) * below(row_bits, 'equipment', 12)
    ).name AS EQUIPMENTNAME,
    at_second(started + nth * slot + below(row_bits, 'moment', slot)) AS TXNDATE
FROM drawn;
