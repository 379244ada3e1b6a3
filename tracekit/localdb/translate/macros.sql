-- Functions that translated statements call. Where Oracle decides by type, they have an overload per
-- argument type; a DATE is TIMESTAMP_S. Parameters used more than once cost little, because DuckDB
-- computes common subexpressions once. The BIGINT overloads also take a NULL without a type, which
-- would match all other overloads equally. DuckDB binds a macro when it is created, and an argument
-- of unknown type would then match every overload. So the overloads of functions that others call
-- come last; until then, these definitions stand in for them.
CREATE OR REPLACE MACRO ora_text(a) AS CAST(a AS VARCHAR);

CREATE OR REPLACE MACRO ora_plain_number(s) AS
    CASE WHEN contains(s, 'e') THEN CAST(TRY_CAST(CAST(s AS DOUBLE) AS DECIMAL(38, 10)) AS VARCHAR)
         ELSE s END;
CREATE OR REPLACE MACRO ora_plain_text(a) AS ora_plain_number(CAST(a AS VARCHAR));
CREATE OR REPLACE MACRO ora_number_text(s) AS
    regexp_replace(CASE WHEN contains(s, '.') THEN rtrim(rtrim(s, '0'), '.') ELSE s END,
                   '^(-?)0\.', '\1.');
-- Numbers as text, with the session's decimal character.
CREATE OR REPLACE MACRO ora_with_decimal(s) AS
    CASE WHEN getvariable('ora_numeric') IS NULL THEN s
         ELSE replace(s, '.', left(getvariable('ora_numeric'), 1)) END;
CREATE OR REPLACE MACRO ora_plain_decimal(s) AS
    CASE WHEN getvariable('ora_numeric') IS NULL THEN s
         ELSE translate(s, left(getvariable('ora_numeric'), 1) || '.', '.!') END;
CREATE OR REPLACE MACRO ora_with_characters(s) AS
    CASE WHEN getvariable('ora_numeric') IS NULL THEN s
         ELSE translate(s, '.,', getvariable('ora_numeric')) END;
CREATE OR REPLACE MACRO ora_without_characters(s) AS
    CASE WHEN getvariable('ora_numeric') IS NULL THEN s
         ELSE translate(s, getvariable('ora_numeric'), '.,') END;
CREATE OR REPLACE MACRO ora_divide(a, b) AS
    a / CASE WHEN b = 0 THEN error('ORA-01476') ELSE b END;
CREATE OR REPLACE MACRO ora_mod(a, b) AS CASE WHEN b = 0 THEN a ELSE a % b END;

CREATE OR REPLACE MACRO ora_days_us(n) AS
    CAST(round(CAST(n AS DOUBLE) * 86400) AS BIGINT) * 1000000;
CREATE OR REPLACE MACRO ora_days(n) AS to_microseconds(ora_days_us(n));
-- A month without such a day is an error in Oracle; DuckDB takes the month's last day.
CREATE OR REPLACE MACRO ora_plus(a, b) AS
    CASE WHEN ora_interval_months(b) <> 0 AND day(a + b) <> day(a)
         THEN error('ORA-01839: date not valid for month specified') ELSE a + b END;
-- Before 15 October 1582 Oracle counts days in the Julian calendar, DuckDB in the Gregorian one.
CREATE OR REPLACE MACRO ora_gregorian(a) AS
    CASE WHEN a < TIMESTAMP_S '1582-10-15 00:00:00' THEN
        error('ORA-03001: unimplemented feature: counting days before 15 October 1582 is not translated by the local Oracle')
    ELSE a END;
CREATE OR REPLACE MACRO ora_plus_days(a, n) AS
    CAST(ora_gregorian(CAST(ora_gregorian(a) + ora_days(n) AS TIMESTAMP_S)) AS TIMESTAMP_S);
CREATE OR REPLACE MACRO ora_plus_nano(a, b) AS
    make_timestamp_ns(epoch_us(ora_plus(CAST(a AS TIMESTAMP), b)) * 1000 + ora_ns(a));
CREATE OR REPLACE MACRO ora_plus_zoned(a, b) AS
    ora_make_zoned(epoch_us(ora_plus(ora_moment(a), b)) - ora_minutes(a) * 60000000,
                   ora_ns(a), ora_minutes(a));
CREATE OR REPLACE MACRO ora_add
    (a TIMESTAMP_S, b INTERVAL) AS CAST(ora_plus(a, b) AS TIMESTAMP_S),
    (a TIMESTAMP, b INTERVAL) AS ora_plus(a, b),
    (a TIMESTAMP_NS, b INTERVAL) AS ora_plus_nano(a, b),
    (a TIMESTAMPTZ, b INTERVAL) AS ora_local(ora_plus(ora_moment(a), b)),
    (a STRUCT(instant INTERVAL, nanos SMALLINT), b INTERVAL) AS ora_plus_zoned(a, b),
    (a INTERVAL, b TIMESTAMP_S) AS CAST(ora_plus(b, a) AS TIMESTAMP_S),
    (a INTERVAL, b TIMESTAMP) AS ora_plus(b, a),
    (a INTERVAL, b TIMESTAMP_NS) AS ora_plus_nano(b, a),
    (a INTERVAL, b TIMESTAMPTZ) AS ora_local(ora_plus(ora_moment(b), a)),
    (a INTERVAL, b STRUCT(instant INTERVAL, nanos SMALLINT)) AS ora_plus_zoned(b, a),
    (a TIMESTAMP_S, b DOUBLE) AS ora_plus_days(a, b),
    (a TIMESTAMP, b DOUBLE) AS ora_plus_days(ora_to_date(a), b),
    (a TIMESTAMP_NS, b DOUBLE) AS ora_plus_days(ora_to_date(a), b),
    (a TIMESTAMPTZ, b DOUBLE) AS ora_plus_days(ora_to_date(a), b),
    (a STRUCT(instant INTERVAL, nanos SMALLINT), b DOUBLE) AS ora_plus_days(ora_to_date(a), b),
    (a DOUBLE, b TIMESTAMP_S) AS ora_plus_days(b, a),
    (a DOUBLE, b TIMESTAMP) AS ora_plus_days(ora_to_date(b), a),
    (a DOUBLE, b TIMESTAMP_NS) AS ora_plus_days(ora_to_date(b), a),
    (a DOUBLE, b TIMESTAMPTZ) AS ora_plus_days(ora_to_date(b), a),
    (a DOUBLE, b STRUCT(instant INTERVAL, nanos SMALLINT)) AS ora_plus_days(ora_to_date(b), a),
    (a BIGINT, b INTERVAL) AS ora_moment(a) + b,
    (a, b) AS a + b;
-- DuckDB adds the scales of DECIMALs: the product of two NUMBERs would have 36 digits after the
-- point and two before it. Nine digits after the point are enough for both, or else a DOUBLE's 15.
CREATE OR REPLACE MACRO ora_multiply
    (a DECIMAL(38, 18), b DECIMAL(38, 18)) AS CASE
        WHEN a = CAST(a AS DECIMAL(38, 9)) AND b = CAST(b AS DECIMAL(38, 9))
        THEN CAST(CAST(a AS DECIMAL(38, 9)) * CAST(b AS DECIMAL(38, 9)) AS DECIMAL(38, 18))
        ELSE CAST(CAST(a AS DOUBLE) * CAST(b AS DOUBLE) AS DECIMAL(38, 18)) END,
    (a DOUBLE, b DOUBLE) AS a * b,
    (a HUGEINT, b HUGEINT) AS a * b,
    (a BIGINT, b BIGINT) AS CAST(a AS HUGEINT) * b,
    (a, b) AS a * b;
CREATE OR REPLACE MACRO ora_between(a, b) AS
    ora_day_interval(ora_zoned_us(ora_zoned(a)) + ora_no_nanos(a) - ora_zoned_us(ora_zoned(b)) - ora_no_nanos(b));
CREATE OR REPLACE MACRO ora_subtract
    (a TIMESTAMP_S, b TIMESTAMP_S) AS (epoch(ora_gregorian(a)) - epoch(ora_gregorian(b))) / 86400,
    (a TIMESTAMP, b TIMESTAMP) AS a - b,
    (a TIMESTAMP_NS, b TIMESTAMP_NS) AS ora_day_interval(ora_us(a) + ora_no_nanos(a) - ora_us(b) - ora_no_nanos(b)),
    (a TIMESTAMPTZ, b TIMESTAMPTZ) AS a - b,
    (a STRUCT(instant INTERVAL, nanos SMALLINT), b STRUCT(instant INTERVAL, nanos SMALLINT)) AS
        ora_day_interval(ora_zoned_us(a) + ora_no_nanos(a) - ora_zoned_us(b) - ora_no_nanos(b)),
    (a TIMESTAMP_S, b STRUCT(instant INTERVAL, nanos SMALLINT)) AS ora_between(a, b),
    (a TIMESTAMP, b STRUCT(instant INTERVAL, nanos SMALLINT)) AS ora_between(a, b),
    (a TIMESTAMPTZ, b STRUCT(instant INTERVAL, nanos SMALLINT)) AS ora_between(a, b),
    (a STRUCT(instant INTERVAL, nanos SMALLINT), b TIMESTAMP_S) AS ora_between(a, b),
    (a STRUCT(instant INTERVAL, nanos SMALLINT), b TIMESTAMP) AS ora_between(a, b),
    (a STRUCT(instant INTERVAL, nanos SMALLINT), b TIMESTAMPTZ) AS ora_between(a, b),
    (a TIMESTAMP_S, b INTERVAL) AS CAST(ora_plus(a, -b) AS TIMESTAMP_S),
    (a TIMESTAMP, b INTERVAL) AS ora_plus(a, -b),
    (a TIMESTAMP_NS, b INTERVAL) AS ora_plus_nano(a, -b),
    (a TIMESTAMPTZ, b INTERVAL) AS ora_local(ora_plus(ora_moment(a), -b)),
    (a STRUCT(instant INTERVAL, nanos SMALLINT), b INTERVAL) AS ora_plus_zoned(a, -b),
    (a TIMESTAMP_S, b DOUBLE) AS ora_plus_days(a, -b),
    (a TIMESTAMP, b DOUBLE) AS ora_plus_days(ora_to_date(a), -b),
    (a TIMESTAMP_NS, b DOUBLE) AS ora_plus_days(ora_to_date(a), -b),
    (a TIMESTAMPTZ, b DOUBLE) AS ora_plus_days(ora_to_date(a), -b),
    (a STRUCT(instant INTERVAL, nanos SMALLINT), b DOUBLE) AS ora_plus_days(ora_to_date(a), -b),
    (a BIGINT, b INTERVAL) AS ora_moment(a) - b,
    (a, b) AS a - b;

CREATE OR REPLACE MACRO ora_trunc
    (a TIMESTAMP_S) AS CAST(date_trunc('day', a) AS TIMESTAMP_S),
    (a TIMESTAMP) AS CAST(date_trunc('day', a) AS TIMESTAMP_S),
    (a TIMESTAMP_NS) AS CAST(date_trunc('day', CAST(a AS TIMESTAMP)) AS TIMESTAMP_S),
    (a TIMESTAMPTZ) AS CAST(date_trunc('day', ora_moment(a)) AS TIMESTAMP_S),
    (a STRUCT(instant INTERVAL, nanos SMALLINT)) AS
        CAST(date_trunc('day', ora_moment(a)) AS TIMESTAMP_S),
    (a BIGINT) AS a,
    (a) AS trunc(a);
CREATE OR REPLACE MACRO ora_round_number(a, n) AS round(CAST(a AS DECIMAL(38, 12)), n);
CREATE OR REPLACE MACRO ora_round_day(a) AS
    CAST(date_trunc('day', ora_moment(a) + INTERVAL 12 HOUR) AS TIMESTAMP_S);
CREATE OR REPLACE MACRO ora_round
    (a TIMESTAMP_S) AS ora_round_day(a),
    (a TIMESTAMP) AS ora_round_day(a),
    (a TIMESTAMP_NS) AS ora_round_day(a),
    (a TIMESTAMPTZ) AS ora_round_day(a),
    (a STRUCT(instant INTERVAL, nanos SMALLINT)) AS ora_round_day(a),
    (a BIGINT) AS a,
    (a) AS ora_round_number(a, 0);
CREATE OR REPLACE MACRO ora_round_minute(a) AS
    CAST(date_trunc('minute', ora_moment(a) + INTERVAL 30 SECOND) AS TIMESTAMP_S);
CREATE OR REPLACE MACRO ora_round_hour(a) AS
    CAST(date_trunc('hour', ora_moment(a) + INTERVAL 30 MINUTE) AS TIMESTAMP_S);
CREATE OR REPLACE MACRO ora_round_month(a) AS
    CAST(date_trunc('month', ora_moment(a) + CASE WHEN day(ora_moment(a)) >= 16 THEN INTERVAL 16 DAY
                                             ELSE INTERVAL 0 DAY END) AS TIMESTAMP_S);
CREATE OR REPLACE MACRO ora_round_year(a) AS
    CAST(date_trunc('year', ora_moment(a) + INTERVAL 6 MONTH) AS TIMESTAMP_S);
CREATE OR REPLACE MACRO ora_round_quarter(a) AS
    CAST(date_trunc('quarter', CAST(ora_round_month(ora_moment(a) + INTERVAL 0 DAY) AS TIMESTAMP)
                               + INTERVAL 1 MONTH) AS TIMESTAMP_S);
CREATE OR REPLACE MACRO ora_round_week(a) AS
    CAST(date_trunc('week', ora_round_day(a) + INTERVAL 3 DAY) AS TIMESTAMP_S);
CREATE OR REPLACE MACRO ora_round_sunday(a) AS
    CAST(date_trunc('week', ora_round_day(a) + to_days(4 - ora_first_weekday()))
         - to_days(1 - ora_first_weekday()) AS TIMESTAMP_S);
CREATE OR REPLACE MACRO ora_trunc_sunday(a) AS
    CAST(date_trunc('week', ora_moment(a) + to_days(1 - ora_first_weekday()))
         - to_days(1 - ora_first_weekday()) AS TIMESTAMP_S);
CREATE OR REPLACE MACRO ora_trunc_yearweek(a) AS
    CAST(date_trunc('day', ora_moment(a)) - to_days(CAST((dayofyear(ora_moment(a)) - 1) % 7 AS INTEGER))
         AS TIMESTAMP_S);
CREATE OR REPLACE MACRO ora_trunc_monthweek(a) AS
    CAST(date_trunc('day', ora_moment(a)) - to_days(CAST((day(ora_moment(a)) - 1) % 7 AS INTEGER))
         AS TIMESTAMP_S);

CREATE OR REPLACE MACRO ora_trunc_century(a) AS
    CAST(make_date(CAST((year(ora_moment(a)) - 1) // 100 * 100 + 1 AS BIGINT), 1, 1) AS TIMESTAMP_S);
CREATE OR REPLACE MACRO ora_round_century(a) AS
    CAST(make_date(CAST((year(ora_moment(a)) + 49) // 100 * 100 + 1 AS BIGINT), 1, 1) AS TIMESTAMP_S);
CREATE OR REPLACE MACRO ora_trunc_isoyear(a) AS
    CAST(date_trunc('week', make_date(isoyear(ora_moment(a)), 1, 4)) AS TIMESTAMP_S);

CREATE OR REPLACE MACRO ora_time_of_day(a) AS ora_moment(a) - date_trunc('day', ora_moment(a));
CREATE OR REPLACE MACRO ora_last_day(a) AS
    CAST(CAST(last_day(ora_moment(a)) AS TIMESTAMP) + ora_time_of_day(a) AS TIMESTAMP_S);
CREATE OR REPLACE MACRO ora_is_last_day(a) AS
    date_trunc('day', ora_moment(a)) = CAST(last_day(ora_moment(a)) AS TIMESTAMP);
CREATE OR REPLACE MACRO ora_add_months(a, n) AS
    CASE WHEN ora_is_last_day(a)
         THEN ora_last_day(ora_moment(a) + to_months(CAST(trunc(n) AS INTEGER)))
         ELSE CAST(ora_moment(a) + to_months(CAST(trunc(n) AS INTEGER)) AS TIMESTAMP_S) END;
CREATE OR REPLACE MACRO ora_seconds_between(a, b) AS
    CAST(epoch(ora_gregorian(a)) - epoch(ora_gregorian(b)) AS BIGINT);
-- Months of 31 days, in seconds.
CREATE OR REPLACE MACRO ora_months_seconds(a, b) AS
    CAST((year(ora_moment(a)) - year(ora_moment(b))) * 12 + month(ora_moment(a))
         - month(ora_moment(b)) AS BIGINT) * 2678400
    + CASE WHEN day(ora_moment(a)) = day(ora_moment(b))
             OR (ora_is_last_day(a) AND ora_is_last_day(b)) THEN 0
           ELSE (day(ora_moment(a)) - day(ora_moment(b))) * 86400
                + CAST(epoch(ora_time_of_day(a)) - epoch(ora_time_of_day(b)) AS BIGINT) END;
CREATE OR REPLACE MACRO ora_next_day(a, d) AS
    CAST(ora_moment(a) + to_days(CAST((d - isodow(ora_moment(a)) + 6) % 7 + 1 AS INTEGER))
         AS TIMESTAMP_S);

CREATE OR REPLACE MACRO ora_weekday(d) AS
    CASE WHEN length(d) >= 3
          AND strpos(';MONDAY;TUESDAY;WEDNESDAY;THURSDAY;FRIDAY;SATURDAY;SUNDAY', ';' || upper(left(d, 3))) > 0
         THEN (strpos('MON;TUE;WED;THU;FRI;SAT;SUN', upper(left(d, 3))) + 3) // 4
         WHEN d IS NOT NULL THEN error('ORA-01846: not a valid day of the week') END;
CREATE OR REPLACE MACRO ora_next_named_day(a, d) AS ora_next_day(a, ora_weekday(d));

CREATE OR REPLACE MACRO ora_substr
    (s, p) AS CASE WHEN p < -length(s) THEN NULL
                   ELSE nullif(substring(s, CAST(CASE WHEN p = 0 THEN 1 ELSE trunc(p) END AS BIGINT)), '') END,
    (s, p, n) AS CASE WHEN p < -length(s) OR n < 1 THEN NULL
                   ELSE nullif(substring(s, CAST(CASE WHEN p = 0 THEN 1 ELSE trunc(p) END AS BIGINT),
                                         CAST(trunc(n) AS BIGINT)), '') END;
CREATE OR REPLACE MACRO ora_instr(s, t, p, n) AS
    ora_nth_position(s, t, CAST(p AS BIGINT), CAST(n AS BIGINT));
-- The text, unless replacing could make it longer than 64 MiB.
CREATE OR REPLACE MACRO ora_unless_too_long(s, a, b) AS
    CASE WHEN strlen(b) > strlen(a) AND strlen(s) / strlen(a) * strlen(b) > 67108864
         THEN error('ORA-04030: out of process memory (REPLACE)') ELSE s END;
CREATE OR REPLACE MACRO ora_replace(s, a, b) AS
    CASE WHEN a IS NULL THEN s
         ELSE nullif(replace(ora_unless_too_long(s, a, b), a, coalesce(b, '')), '') END;
CREATE OR REPLACE MACRO ora_number_chars(s, n) AS
    CASE WHEN length(s) > n THEN error('ORA-25137: Data value out of range') ELSE s END;
CREATE OR REPLACE MACRO ora_listed(s) AS
    CASE WHEN strlen(s) > 32767
         THEN error('ORA-01489: result of string concatenation is too long') ELSE nullif(s, '') END;
CREATE OR REPLACE MACRO ora_listed_to_truncate(s) AS
    CASE WHEN strlen(s) > 32767
         THEN error('ORA-03001: unimplemented feature: LISTAGG that is truncated by ON OVERFLOW TRUNCATE')
         ELSE nullif(s, '') END;
CREATE OR REPLACE MACRO ora_translate(s, a, b) AS nullif(translate(s, a, b), '');
CREATE OR REPLACE MACRO ora_padded_length(n) AS
    CASE WHEN n IS NOT NULL THEN CAST(trunc(least(n, 32767)) AS INTEGER) END;
CREATE OR REPLACE MACRO ora_padded_lob_length(n) AS
    CASE WHEN n <= 1048576 THEN CAST(trunc(n) AS INTEGER)
         WHEN n IS NOT NULL THEN error('ORA-04030: out of process memory (padding a LOB)') END;
-- LPAD and RPAD count columns of a screen, of which East Asian characters take two.
CREATE OR REPLACE MACRO ora_lpad(s, n, t) AS
    CASE WHEN n < 1 THEN NULL
         WHEN strlen(s) = length(s) AND strlen(t) = length(t) THEN lpad(s, n, t)
         ELSE ora_wide_pad(s, n, t, true) END;
CREATE OR REPLACE MACRO ora_rpad(s, n, t) AS
    CASE WHEN n < 1 THEN NULL
         WHEN strlen(s) = length(s) AND strlen(t) = length(t) THEN rpad(s, n, t)
         ELSE ora_wide_pad(s, n, t, false) END;
-- A value as a text column of n characters stores it; a CHAR is padded with blanks.
CREATE OR REPLACE MACRO ora_fit(s, n, c) AS
    CASE WHEN length(s) > n
         THEN error('ORA-12899: value too large for column ' || c || ' (actual: '
                    || CAST(length(s) AS VARCHAR) || ', maximum: ' || CAST(n AS VARCHAR) || ')')
         ELSE s END;
CREATE OR REPLACE MACRO ora_fit_char(s, n, c) AS rpad(ora_fit(s, n, c), n, ' ');
-- Oracle does not convert a sharp s to upper case.
CREATE OR REPLACE MACRO ora_upper(s) AS
    CASE WHEN contains(s, 'ß') THEN replace(upper(replace(s, 'ß', chr(57344))), chr(57344), 'ß')
         ELSE upper(s) END;
CREATE OR REPLACE MACRO ora_utf16_length(s) AS
    length(s) + length(regexp_replace(s, '[^\x{10000}-\x{10FFFF}]', '', 'g'));
CREATE OR REPLACE MACRO ora_rowid_of_text(s) AS
    CASE WHEN regexp_full_match(s, '[A-Za-z0-9+/]{18}') THEN s
         WHEN s IS NOT NULL THEN error('ORA-01410: invalid ROWID') END;
CREATE OR REPLACE MACRO ora_ascii(s) AS
    CASE WHEN ascii(s) < 128 THEN ascii(s) ELSE ora_ascii_code(s) END;
CREATE OR REPLACE MACRO ora_initcap(s) AS
    array_to_string(list_transform(regexp_extract_all(s, '[\p{L}\p{N}]+|[^\p{L}\p{N}]+'),
                                   lambda w: ora_upper(w[1]) || lower(w[2:])), '');
CREATE OR REPLACE MACRO ora_join_list(l, s) AS
    nullif(array_to_string(list_transform(l, lambda v: ora_text(v)), s), '');
CREATE OR REPLACE MACRO ora_multiline(p) AS '(?m)' || p;
CREATE OR REPLACE MACRO ora_without_blanks(p) AS regexp_replace(p, '\s', '', 'g');
CREATE OR REPLACE MACRO ora_from(s, pos) AS
    substring(s, CASE WHEN pos < 1 THEN error('ORA-01428: argument is out of range')
                      ELSE CAST(pos AS BIGINT) END);
CREATE OR REPLACE MACRO ora_regexp_substr(s, p, pos, n, o, g) AS
    nullif(regexp_extract_all(ora_from(s, pos), p, g, o)[n], '');
CREATE OR REPLACE MACRO ora_regexp_count(s, p, pos, o) AS
    length(regexp_extract_all(ora_from(s, pos), p, 0, o));
-- The text with a mark before and after every match; each match adds two characters.
CREATE OR REPLACE MACRO ora_matches_marked(s, p, o) AS
    regexp_replace(s, p, chr(1048577) || '\0' || chr(1048578), o || 'g');
CREATE OR REPLACE MACRO ora_regexp_start(s, p, n, o) AS
    coalesce(nullif(ora_instr(ora_matches_marked(s, p, o), chr(1048577), 1, n), 0) - 2 * (n - 1), 0);
CREATE OR REPLACE MACRO ora_regexp_end(s, p, n, o) AS
    coalesce(nullif(ora_instr(ora_matches_marked(s, p, o), chr(1048578), 1, n), 0) - 2 * n + 1, 0);
CREATE OR REPLACE MACRO ora_regexp_instr(s, p, pos, n, past, o) AS
    CASE WHEN s IS NULL OR p IS NULL THEN NULL
         WHEN NOT regexp_matches(ora_from(s, pos), p, o) THEN 0
         WHEN ora_regexp_start(ora_from(s, pos), p, n, o) = 0 THEN 0
         WHEN past = 0 THEN ora_regexp_start(ora_from(s, pos), p, n, o) + pos - 1
         ELSE ora_regexp_end(ora_from(s, pos), p, n, o) + pos - 1 END;
-- One occurrence: the text before it, and the rest with its first match replaced. Where `^` or `\b`
-- could match again at the cut, the rest would change.
CREATE OR REPLACE MACRO ora_replace_nth(s, p, r, start, o) AS
    CASE WHEN start = 0 THEN s
         WHEN start > 1 AND regexp_matches(p, '\^|\\[bBA]|\(\?')
         THEN error('ORA-03001: unimplemented feature: REGEXP_REPLACE of one occurrence of an anchored pattern')
         ELSE left(s, start - 1) || regexp_replace(substring(s, start), p, r, o) END;
CREATE OR REPLACE MACRO ora_regexp_replaced(s, p, r, n, o) AS
    CASE WHEN n = 0 THEN regexp_replace(s, p, r, o || 'g')
         WHEN n = 1 THEN regexp_replace(s, p, r, o)
         ELSE ora_replace_nth(s, p, r, ora_regexp_start(s, p, greatest(n, 1), o), o) END;
CREATE OR REPLACE MACRO ora_regexp_replace(s, p, r, pos, n, o) AS
    CASE WHEN p IS NULL THEN s
         WHEN pos > length(s) THEN s
         ELSE nullif(left(s, pos - 1) || ora_regexp_replaced(ora_from(s, pos), p, coalesce(r, ''), n, o), '') END;

-- x LIKE '%' || p || '%' for any p of a list: DuckDB compiles one regular expression and scans each
-- text once. A thousand LIKEs would scan it a thousand times.
CREATE OR REPLACE MACRO ora_like_pattern(l) AS
    list_aggregate(list_transform(CAST(l AS VARCHAR[]), lambda p: replace(replace(regexp_escape(
        coalesce(p, '')), '\%', '.*'), '_', '.')), 'string_agg', '|');
CREATE OR REPLACE MACRO ora_like_any(x, l) AS 
    regexp_matches(x, ora_like_pattern(l), coalesce(getvariable('ora_like_options'), 's'));
CREATE OR REPLACE MACRO ora_to_number
    (a VARCHAR) AS CASE
        WHEN CAST(CAST(trim(a) AS DECIMAL(38, 12)) AS DOUBLE) <> CAST(trim(a) AS DOUBLE)
        THEN error('ORA-01426') ELSE CAST(trim(a) AS DECIMAL(38, 12)) END,
    (a) AS a;
CREATE OR REPLACE MACRO ora_hex_to_raw(s) AS
    CASE WHEN regexp_full_match(s, '[0-9A-Fa-f]*') THEN
              unhex(CASE WHEN length(s) % 2 = 1 THEN '0' || s ELSE s END)
         WHEN s IS NOT NULL THEN error('ORA-01465: invalid hex number') END;
CREATE OR REPLACE MACRO ora_to_blob (a BLOB) AS a, (a VARCHAR) AS ora_hex_to_raw(a);
CREATE OR REPLACE MACRO ora_length (a BLOB) AS length(nullif(hex(a), '')), (a) AS length(ora_text(a));
CREATE OR REPLACE MACRO ora_lob_length (a BLOB) AS octet_length(a), (a) AS length(a);
CREATE OR REPLACE MACRO ora_raw_to_hex(a) AS nullif(hex(a), '');
CREATE OR REPLACE MACRO ora_lob_substr
    (a BLOB, n, p) AS nullif(unhex(substring(hex(a), 2 * CAST(p AS BIGINT) - 1, 2 * CAST(n AS BIGINT))), ''),
    (a VARCHAR, n, p) AS nullif(substring(a, CAST(p AS BIGINT), CAST(n AS BIGINT)), '');

-- The text of a rowid: table 1, then DuckDB's row number as block and slot (of 16 bits). Rows that an
-- open transaction inserted are numbered from 2 ** 62 on until it commits: partition 1.
CREATE OR REPLACE MACRO ora_digit64(v) AS
    substring('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', (v & 63) + 1, 1);
CREATE OR REPLACE MACRO ora_value64(d) AS
    strpos('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', d) - 1;
CREATE OR REPLACE MACRO ora_rowid_in(file, n) AS
    file
        || ora_digit64(n >> 46) || ora_digit64(n >> 40) || ora_digit64(n >> 34)
        || ora_digit64(n >> 28) || ora_digit64(n >> 22) || ora_digit64(n >> 16)
        || ora_digit64((n & 65535) >> 12) || ora_digit64((n & 65535) >> 6) || ora_digit64(n & 65535);
-- Rows that the open transaction inserted have numbers of their own (see wire/rowid.py).
CREATE OR REPLACE MACRO ora_rowid(n) AS
    ora_rowid_in(CASE WHEN n >= 36028797018960000 THEN 'AAAAABAAB' ELSE 'AAAAABAAA' END,
                 n % 36028797018960000);
CREATE OR REPLACE MACRO ora_rowid_number(s) AS
    CASE WHEN NOT regexp_full_match(s, '[A-Za-z0-9+/]{18}') THEN error('ORA-01410: invalid ROWID')
         WHEN starts_with(s, 'AAAAABAA') THEN
              (ora_value64(s[9]) % 2) * 36028797018960000
            + (ora_value64(s[10]) << 46) + (ora_value64(s[11]) << 40) + (ora_value64(s[12]) << 34)
            + (ora_value64(s[13]) << 28) + (ora_value64(s[14]) << 22) + (ora_value64(s[15]) << 16)
            + (ora_value64(s[16]) << 12) + (ora_value64(s[17]) << 6) + ora_value64(s[18])
         WHEN s IS NOT NULL THEN -1 END;
CREATE OR REPLACE MACRO ora_bitand(a, b) AS CAST(a AS BIGINT) & CAST(b AS BIGINT);
CREATE OR REPLACE MACRO ora_sign(a) AS CAST(sign(a) AS INTEGER);
CREATE OR REPLACE MACRO ora_log(b, x) AS ln(x) / ln(b);
CREATE OR REPLACE MACRO ora_rows_to(n) AS
    greatest(coalesce(CAST(floor(CAST(n AS DOUBLE)) AS BIGINT), 0), 0);
CREATE OR REPLACE MACRO ora_rows_below(n) AS
    greatest(coalesce(CAST(ceil(CAST(n AS DOUBLE)) AS BIGINT) - 1, 0), 0);

-- A binary number as text, with a fixed number of digits after the first and three in the exponent.
CREATE OR REPLACE MACRO ora_mantissa(s) AS
    CASE WHEN ends_with(rtrim(s, '0'), '.') THEN rtrim(s, '0') || '0' ELSE rtrim(s, '0') END;
CREATE OR REPLACE MACRO ora_scientific(s) AS
    ora_mantissa(string_split(s, 'e')[1]) || 'E' || left(string_split(s, 'e')[2], 1)
        || lpad(substring(string_split(s, 'e')[2], 2), 3, '0');
CREATE OR REPLACE MACRO ora_binary_text(a, written) AS
    CASE WHEN isnan(a) THEN 'Nan' WHEN isinf(a) THEN CASE WHEN a > 0 THEN 'Inf' ELSE '-Inf' END
         WHEN a = 0 THEN '0' ELSE ora_scientific(written) END;
CREATE OR REPLACE MACRO ora_double_text(a) AS
    ora_with_decimal(ora_binary_text(a, format('{:.16e}', a)));
CREATE OR REPLACE MACRO ora_float_text(a) AS
    ora_with_decimal(ora_binary_text(a, format('{:.8e}', a)));
CREATE OR REPLACE MACRO ora_text
    (a VARCHAR) AS a,
    (a BIGINT) AS CAST(a AS VARCHAR),
    (a BIT) AS ora_with_decimal(ora_free_text(a)),
    (a BLOB) AS nullif(hex(a), ''),
    (a INTERVAL) AS ora_interval_text(a, 9, 9),
    (a TIMESTAMP_S) AS ora_moment_text(a, 0),
    (a TIMESTAMP) AS ora_moment_text(a, 6),
    (a TIMESTAMP_NS) AS ora_moment_text(a, 9),
    (a TIMESTAMPTZ) AS ora_moment_text(a, 6),
    (a STRUCT(instant INTERVAL, nanos SMALLINT)) AS ora_moment_text(a, 6),
    (a) AS ora_with_decimal(ora_number_text(ora_plain_number(CAST(a AS VARCHAR))));
