-- The names rows are made of: lists indexed by number, so that a name repeats as often as its
-- cardinality says. Equipment and specs belong to the workcenter of their number modulo the
-- number of workcenters.

SET VARIABLE workcenters = [
    {'name': '切割_SAW', 'family': '切割', 'line': '切割', 'line_order': 10},
    {'name': '切割_研磨', 'family': '切割', 'line': '切割', 'line_order': 10},
    {'name': '焊接_DB', 'family': '焊接_DB', 'line': '焊接', 'line_order': 20},
    {'name': '焊接_DB_Clip', 'family': '焊接_DB', 'line': '焊接', 'line_order': 20},
    {'name': '焊_DB_料', 'family': '焊接_DB', 'line': '焊接', 'line_order': 20},
    {'name': '焊接_WB', 'family': '焊接_WB', 'line': '焊接', 'line_order': 21},
    {'name': '焊接_WB_粗線', 'family': '焊接_WB', 'line': '焊接', 'line_order': 21},
    {'name': '焊接_DW', 'family': '焊接_DW', 'line': '焊接', 'line_order': 22},
    {'name': '成型_Mold', 'family': '成型', 'line': '成型', 'line_order': 30},
    {'name': 'mold_試產', 'family': '成型', 'line': '成型', 'line_order': 30},
    {'name': '成型_烘烤', 'family': '成型', 'line': '成型', 'line_order': 30},
    {'name': '去膠_Deflash', 'family': '去膠', 'line': '電鍍', 'line_order': 40},
    {'name': '水吹砂', 'family': '水吹砂', 'line': '電鍍', 'line_order': 41},
    {'name': '電鍍_Plating', 'family': '電鍍', 'line': '電鍍', 'line_order': 42},
    {'name': 'Plating_外包', 'family': '電鍍', 'line': '電鍍', 'line_order': 42},
    {'name': '移印_Marking', 'family': '移印', 'line': '後段', 'line_order': 50},
    {'name': '切彎腳_TF', 'family': '切彎腳', 'line': '後段', 'line_order': 51},
    {'name': '切彎腳_外觀', 'family': '切彎腳', 'line': '後段', 'line_order': 51},
    {'name': 'TMTT_測試', 'family': '測試', 'line': '測試', 'line_order': 60},
    {'name': 'Tmtt_編帶', 'family': '測試', 'line': '測試', 'line_order': 60},
    {'name': '測試_高溫', 'family': '測試', 'line': '測試', 'line_order': 60},
    {'name': '品檢_FQC', 'family': '品檢', 'line': '品檢', 'line_order': 70},
    {'name': '重工_Rework', 'family': '重工', 'line': NULL, 'line_order': NULL},
    {'name': '倉庫_入庫', 'family': '倉庫', 'line': NULL, 'line_order': NULL}
];

SET VARIABLE equipment = (
    SELECT list({
        'id': '4880f180' || lpad(lower(hex((i * 2654435761 + 305419896) % 4294967296)), 8, '0'),
        'name': concat(
            at_index(getvariable('workcenters'), i).family, '機台-', digits(i, 4)
        )
    } ORDER BY i)
    FROM range(card('equipment')) numbers(i)
);

SET VARIABLE specs = (
    SELECT list(concat(
        at_index(getvariable('workcenters'), i).family,
        '_',
        at_index(['標準', '車規', '高溫', '無鉛', '試產', '客製'], i * 7 // 3),
        '-', digits(i, 3)
    ) ORDER BY i)
    FROM range(card('specs')) numbers(i)
);

SET VARIABLE product_types = (
    SELECT list(concat(
        at_index(['SMA', 'SMBJ', 'SOD-123', 'TO-220', 'DFN2020', 'MBR', 'P6KE', '1N'], i),
        '_', 5 + i * 13 % 400, at_index(['A', 'CA', 'S', 'T'], i // 8)
    ) ORDER BY i)
    FROM range(card('product_types')) numbers(i)
);

SET VARIABLE materials = (
    SELECT list(concat(
        at_index(['導線架', '銀膠', '金線', '銅線', '環氧樹脂', '錫膏', '晶片', '包裝帶'], i),
        '-', at_index(['A194', 'KFC', 'C7025', 'G700', 'H9890'], i // 8), '-',
        digits(i, 4)
    ) ORDER BY i)
    FROM range(card('material_parts')) numbers(i)
);

SET VARIABLE employees = (
    SELECT list(concat(
        at_index(['陳', '林', '黃', '張', '李', '王', '吳', '劉', '蔡', '楊', '許', '鄭'], i),
        at_index(['志明', '淑芬', '俊傑', '美玲', '家豪', '雅婷', '建宏', '怡君', '宗翰'], i // 5),
        '(', 92000 + i, ')'
    ) ORDER BY i)
    FROM range(card('employees')) numbers(i)
);

SET VARIABLE departments =
    ['製造一部', '製造二部', '品保部', '工程部', '設備部', '生管部', '研發部'];

SET VARIABLE hold_reasons = (
    SELECT list(concat(
        at_index(
            ['尺寸異常', '電性不良', '外觀不良', '待工程確認', '客訴追溯', '材料異常', '數量不符',
             '設備當機', '超出管制界限', '待主管簽核'], i
        ),
        '_H', digits(i, 2)
    ) ORDER BY i)
    FROM range(card('hold_reasons')) numbers(i)
);

SET VARIABLE loss_reasons = (
    SELECT list(concat(
        digits(i, 3), '_',
        at_index(
            ['晶片破裂', '焊線斷線', '膠體缺角', '腳彎', '鍍層剝落', '印字不清', '電性失效',
             '短路', '漏電', '開路', '遺失', '工程取樣'], i
        )
    ) ORDER BY i)
    FROM range(card('loss_reasons')) numbers(i)
);

SET VARIABLE job_codes = (
    SELECT list(concat(
        at_index(['感測器異常', '真空不足', '溫度偏移', '吸嘴磨耗', '軌道卡料', '軟體當機'], i),
        '-', digits(i, 2)
    ) ORDER BY i)
    FROM range(card('job_codes')) numbers(i)
);

SET VARIABLE hold_phrases = [
    '抽檢發現尺寸超出規格，待工程師確認後放行。', '電性測試良率低於警戒值，請品保複判；',
    'Customer complaint trace, hold until 8D report. ', '材料批號與工單不符，暫停流程。'
];

SET VARIABLE release_phrases = [
    '複判合格，准予放行。', '依特採單放行，後續加嚴檢驗；', 'Released after re-test OK. '
];

SET VARIABLE reject_phrases = [
    '機台異音造成崩邊，已停機調整。', '首件不良', 'Operator sampling, see traveller. ',
    '換線後前段不良品，', '清機報廢'
];
