CREATE TABLE DWH.DW_MES_LOTREJECTHISTORY AS
WITH counted AS (
    SELECT *, how_many(bits, 'rejects') AS transactions FROM lots
),
booked AS (
    SELECT
        *,
        getvariable('route_seconds') // greatest(transactions, 6) AS slot,
        unnest(range(transactions)) AS nth
    FROM counted
),
drawn AS (
    SELECT
        *,
        entropy('reject', CONTAINERID || nth) AS row_bits,
        (below(bits, 'first reject workcenter', 24) + nth) % len(getvariable('workcenters'))
            AS workcenter
    FROM booked
)
SELECT
    CONTAINERID,
    getvariable('workcenters')[1 + workcenter].name AS WORKCENTERNAME,
    CASE WHEN NOT happens(row_bits, 'reject_text_null')
        THEN at_index(getvariable('specs'), workcenter) END AS SPECNAME,
    CASE WHEN NOT happens(row_bits, 'loss_reason_null')
        THEN pick(row_bits, 'loss reason', getvariable('loss_reasons')) END AS LOSSREASONNAME,
    CASE WHEN NOT happens(row_bits, 'reject_equipment_null')
        THEN at_index(
            getvariable('equipment'),
            workcenter + len(getvariable('workcenters')) * below(row_bits, 'equipment', 12)
        ).name END AS EQUIPMENTNAME,
    CASE WHEN NOT happens(row_bits, 'reject_comment_null')
        THEN comment_text(row_bits, 'reject comment', getvariable('reject_phrases')) END
        AS REJECTCOMMENT,
    below(row_bits, 'reject', 120) AS REJECTQTY,
    CASE WHEN NOT happens(row_bits, 'reject_quantity_null')
        THEN below(row_bits, 'standby', 8) END AS STANDBYQTY,
    CASE WHEN NOT happens(row_bits, 'reject_quantity_null')
        THEN below(row_bits, 'to process', 5) END AS QTYTOPROCESS,
    below(row_bits, 'in process', 3) AS INPROCESSQTY,
    below(row_bits, 'processed', 10) AS PROCESSEDQTY,
    CASE WHEN NOT happens(row_bits, 'reject_quantity_null')
        THEN below(row_bits, 'defect', 30) END AS DEFECTQTY,
    at_second(started + nth * slot + below(row_bits, 'moment', slot)) AS TXNDATE
FROM drawn;
