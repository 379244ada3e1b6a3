CREATE TABLE DWH.DW_MES_CONTAINER AS
SELECT
    CONTAINERID,
    CONTAINERNAME,
    MFGORDERNAME,
    CASE WHEN NOT happens(bits, 'pj_type_null')
        THEN at_index(getvariable('product_types'), product) END AS PJ_TYPE,
    concat('BOP', digits(product % card('bops'), 3), '_封裝') AS PJ_BOP,
    CASE WHEN NOT happens(bits, 'wafer_lot_null')
        THEN concat('W', digits(below(bits, 'wafer lot', card('wafer_lots')), 7), '.1')
        END AS FIRSTNAME,
    -- Some masters carry a trailing blank, as hand-kept ones do: the queries trim it.
    CASE WHEN NOT happens(bits, 'product_line_null')
        THEN at_index(['SMA/B/C', 'TO-220', 'DFN ', 'SOD', '橋式整流 ', 'TVS'], product) END
        AS PRODUCTLINENAME,
    CASE WHEN NOT happens(bits, 'pj_function_null')
        THEN at_index(['整流', '蕭特基', '瞬態抑制', '快恢復', 'MOSFET'], product // 6) END
        AS PJ_FUNCTION,
    concat(at_index(getvariable('product_types'), product), '-', digits(product, 5))
        AS PRODUCTNAME,
    500 + below(bits, 'lot quantity', 24000) AS QTY,
    at_second(started) AS ORIGINALSTARTDATE
FROM lots;
