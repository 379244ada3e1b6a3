-- One row a lot, in the order of the container ids, which is unrelated to time.
-- A lot's id is a bijection of its number, so ids never meet. Its transactions lie in a window of
-- `route_seconds` that ends before SYSDATE.

CREATE TEMP TABLE lots AS
WITH numbered AS (
    SELECT
        i AS lot,
        entropy('lot', i) AS bits,
        '48810480' || lpad(
            lower(hex((i * 2654435761 + below(entropy('ids', 0), 'offset', 2147483647)) % 4294967296)),
            8,
            '0'
        ) AS CONTAINERID
    FROM range(getvariable('cids')) numbers(i)
),
dated AS (
    SELECT
        *,
        getvariable('sysdate_second') - getvariable('span_seconds') + below(
            bits, 'started', getvariable('span_seconds') - getvariable('route_seconds')
        ) AS started,
        below(bits, 'product', card('products')) AS product
    FROM numbered
)
SELECT
    CONTAINERID,
    bits,
    started,
    product,
    concat(
        'GA', strftime(at_second(started), '%y%m'), lpad(lot::VARCHAR, 6, '0'), '-A',
        lpad(below(bits, 'split', 40)::VARCHAR, 2, '0')
    ) AS CONTAINERNAME,
    concat(
        'GA', strftime(at_second(started), '%y%m'),
        lpad((lot // getvariable('lots_per_work_order'))::VARCHAR, 6, '0')
    ) AS MFGORDERNAME,
    (row_number() OVER (ORDER BY CONTAINERID)) - 1 AS position
FROM dated
ORDER BY CONTAINERID;
