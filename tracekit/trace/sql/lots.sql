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
        'GA', strftime(at_second(started), '%y%m'), digits(lot, 6), '-A',
        digits(below(bits, 'split', 40), 2)
    ) AS CONTAINERNAME,
    concat(
        'GA', strftime(at_second(started), '%y%m'),
        digits(lot // getvariable('lots_per_work_order'), 6)
    ) AS MFGORDERNAME,
    (row_number() OVER (ORDER BY CONTAINERID)) - 1 AS position
FROM dated
ORDER BY CONTAINERID;
