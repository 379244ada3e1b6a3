CREATE TABLE DWH.DW_MES_CONTAINER AS
SELECT
    CONTAINERID,
    CONTAINERNAME,
    MFGORDERNAME,
    CASE WHEN NOT happens(bits, 'pj_type_null')
        THEN at_index(getvariable('product_types'), product) END AS PJ_TYPE,
    concat('BOP', lpad((product % card('bops'))::VARCHAR, 3, '0'), '_封裝') AS PJ_BOP,
    CASE WHEN NOT happens(bits, 'wafer_lot_null')
        THEN concat('W', lpad(below(bits, 'wafer lot', card('wafer_lots'))::VARCHAR, 7, '0'), '.1')
        END AS FIRSTNAME,
    -- Some masters carry a trailing blank, as hand-kept ones do: the queries trim it.
    CASE WHEN NOT happens(bits, 'product_line_null')
        THEN at_index(['SMA/B/C', 'TO-220', 'DFN ', 'SOD', '橋式整流 ', 'TVS'], product) END
        AS PRODUCTLINENAME,
    CASE WHEN NOT happens(bits, 'pj_function_null')
        THEN at_index(['整流', '蕭特基', '瞬態抑制', '快恢復', 'MOSFET'], product // 6) END
        AS PJ_FUNCTION,
    concat(at_index(getvariable('product_types'), product), '-', lpad(product::VARCHAR, 5, '0'))
        AS PRODUCTNAME,
    500 + below(bits, 'lot quantity', 24000) AS QTY,
    at_second(started) AS ORIGINALSTARTDATE
FROM lots;
