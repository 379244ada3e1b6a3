-- Moments. A DATE is a TIMESTAMP_S; a TIMESTAMP(7) or finer is a TIMESTAMP_NS.
--
-- A TIMESTAMP WITH TIME ZONE is STRUCT(instant INTERVAL, nanos SMALLINT). The interval's total is the
-- time since 1970 in UTC. Its months are the offset in minutes, and its days compensate for them.
-- DuckDB compares, groups and joins intervals by their total, so moments that are equal in UTC are
-- equal, while each keeps its offset. A TIMESTAMP WITH LOCAL TIME ZONE is a TIMESTAMPTZ.
--
-- The session's settings are in variables of the connection; NULL means Oracle's default.
CREATE OR REPLACE MACRO ora_zone() AS coalesce(getvariable('ora_zone'), 0);
CREATE OR REPLACE MACRO ora_session_zone() AS coalesce(getvariable('ora_zone_name'), '+00:00');
CREATE OR REPLACE MACRO ora_language() AS coalesce(getvariable('ora_language'), 'AMERICAN');
CREATE OR REPLACE MACRO ora_first_weekday() AS
    CASE WHEN ora_language() LIKE '%|1' THEN 1 ELSE 0 END;
CREATE OR REPLACE MACRO ora_currencies() AS coalesce(getvariable('ora_currencies'), '$|USD|$');
CREATE OR REPLACE MACRO ora_date_model() AS coalesce(getvariable('ora_date_format'), 'DD-MON-RR');
CREATE OR REPLACE MACRO ora_timestamp_model() AS
    coalesce(getvariable('ora_timestamp_format'), 'DD-MON-RR HH.MI.SSXFF AM');
CREATE OR REPLACE MACRO ora_zoned_model() AS
    coalesce(getvariable('ora_timestamp_tz_format'), 'DD-MON-RR HH.MI.SSXFF AM TZR');

CREATE OR REPLACE MACRO ora_offset_text(m) AS
    CASE WHEN m < 0 THEN '-' ELSE '+' END || lpad(CAST(abs(m) // 60 AS VARCHAR), 2, '0') || ':'
    || lpad(CAST(abs(m) % 60 AS VARCHAR), 2, '0');
CREATE OR REPLACE MACRO ora_context(name) AS
    nullif(element_at(getvariable('ora_context'), name)[1], '');
CREATE OR REPLACE MACRO ora_nls_parameter(name) AS
    coalesce(element_at(coalesce(getvariable('ora_nls'), MAP {'': ''}), name)[1],
             element_at($nls_defaults, name)[1]);

CREATE OR REPLACE MACRO ora_localtimestamp() AS
    make_timestamp(epoch_us(ora_utc()) + ora_zone() * CAST(60000000 AS BIGINT));
CREATE OR REPLACE MACRO ora_current_date() AS
    CAST(date_trunc('second', ora_localtimestamp()) AS TIMESTAMP_S);
CREATE OR REPLACE MACRO ora_today() AS epoch_us(ora_localtimestamp());

CREATE OR REPLACE MACRO ora_interval_months(i) AS 12 * year(i) + month(i);
CREATE OR REPLACE MACRO ora_interval_us(i) AS
    day(i) * 86400000000 + hour(i) * 3600000000 + minute(i) * CAST(60000000 AS BIGINT) + microsecond(i);
CREATE OR REPLACE MACRO ora_padded(s, n) AS lpad(s, CAST(greatest(n, length(s)) AS INTEGER), '0');
-- The text of an interval; one of months has no days, and one of days no months.
CREATE OR REPLACE MACRO ora_interval_text(i, days, digits) AS
    CASE WHEN ora_interval_months(i) <> 0 THEN
             CASE WHEN ora_interval_months(i) < 0 THEN '-' ELSE '+' END
             || ora_padded(CAST(abs(ora_interval_months(i)) // 12 AS VARCHAR), days) || '-'
             || lpad(CAST(abs(ora_interval_months(i)) % 12 AS VARCHAR), 2, '0')
         ELSE CASE WHEN ora_interval_us(i) < 0 THEN '-' ELSE '+' END
             || ora_padded(CAST(abs(ora_interval_us(i)) // 86400000000 AS VARCHAR), days) || ' '
             || lpad(CAST(abs(ora_interval_us(i)) // 3600000000 % 24 AS VARCHAR), 2, '0') || ':'
             || lpad(CAST(abs(ora_interval_us(i)) // 60000000 % 60 AS VARCHAR), 2, '0') || ':'
             || lpad(CAST(abs(ora_interval_us(i)) // 1000000 % 60 AS VARCHAR), 2, '0') || '.'
             || left(lpad(CAST(abs(ora_interval_us(i)) % 1000000 AS VARCHAR), 6, '0') || '000', digits)
         END;
-- Days are separate: Arrow has too few bits for the nanoseconds of three centuries.
CREATE OR REPLACE MACRO ora_day_interval(us) AS
    list_transform([CAST(us AS BIGINT)], lambda u:
        to_days(CAST(u // 86400000000 AS INTEGER)) + to_microseconds(u % 86400000000))[1];
CREATE OR REPLACE MACRO ora_day_of_us(us) AS (us - (us % 86400000000 + 86400000000) % 86400000000) // 86400000000;
-- Arguments that are used several times are bound once, as a lambda's parameter. DuckDB would bind
-- the arguments of overloaded macros again at every use.
CREATE OR REPLACE MACRO ora_make_zoned(us, nanos, minutes) AS
    list_transform([{'u': CAST(us AS BIGINT), 'n': CAST(nanos AS SMALLINT), 'm': CAST(minutes AS INTEGER)}],
        lambda v: CASE WHEN v.u IS NOT NULL AND v.m IS NOT NULL THEN {
            'instant': to_months(v.m) + to_days(CAST(ora_day_of_us(v.u) - 30 * v.m AS INTEGER))
                + to_microseconds((v.u % 86400000000 + 86400000000) % 86400000000),
            'nanos': v.n} END)[1];
-- The same without a lambda, which DuckDB does not accept in a column's default.
CREATE OR REPLACE MACRO ora_default_zoned(a, minutes) AS {
    'instant': to_months(minutes)
        + to_days(CAST(ora_day_of_us(epoch_us(a) - minutes * 60000000) - 30 * minutes AS INTEGER))
        + to_microseconds(((epoch_us(a) - minutes * 60000000) % 86400000000 + 86400000000) % 86400000000),
    'nanos': CAST(0 AS SMALLINT)};
CREATE OR REPLACE MACRO ora_instant_us(i) AS
    ora_interval_months(i) * 2592000000000 + ora_interval_us(i);
CREATE OR REPLACE MACRO ora_systimestamp() AS ora_make_zoned(epoch_us(ora_utc()), 0, 0);
CREATE OR REPLACE MACRO ora_current_timestamp() AS ora_make_zoned(epoch_us(ora_utc()), 0, ora_zone());

-- Local time in microseconds, nanoseconds in addition, offset in minutes (32767: none).
CREATE OR REPLACE MACRO ora_us
    (a TIMESTAMP_S) AS epoch_us(a),
    (a TIMESTAMP) AS epoch_us(a),
    (a TIMESTAMP_NS) AS (epoch_ns(a) - (epoch_ns(a) % 1000 + 1000) % 1000) // 1000,
    (a TIMESTAMPTZ) AS epoch_us(a) + ora_zone() * CAST(60000000 AS BIGINT),
    (a STRUCT(instant INTERVAL, nanos SMALLINT)) AS
        list_transform([struct_extract(a, 'instant')], lambda i:
            ora_instant_us(i) + ora_interval_months(i) * CAST(60000000 AS BIGINT))[1],
    (a VARCHAR) AS CAST(CASE WHEN a IS NOT NULL THEN error('ORA-01722') END AS BIGINT),
    (a BIGINT) AS CASE WHEN a IS NOT NULL THEN error('ORA-01481: invalid number format model') ELSE a END,
    (a) AS CASE WHEN a IS NOT NULL THEN error('ORA-01481: invalid number format model') ELSE 0 END;
CREATE OR REPLACE MACRO ora_ns
    (a TIMESTAMP_S) AS 0,
    (a TIMESTAMP) AS 0,
    (a TIMESTAMPTZ) AS 0,
    (a VARCHAR) AS 0,
    (a BIGINT) AS 0,
    (a TIMESTAMP_NS) AS (epoch_ns(a) % 1000 + 1000) % 1000,
    (a STRUCT(instant INTERVAL, nanos SMALLINT)) AS struct_extract(a, 'nanos'),
    (a) AS 0;
CREATE OR REPLACE MACRO ora_minutes
    (a TIMESTAMP_S) AS 32767,
    (a TIMESTAMP) AS 32767,
    (a TIMESTAMP_NS) AS 32767,
    (a VARCHAR) AS 32767,
    (a BIGINT) AS 32767,
    (a TIMESTAMPTZ) AS ora_zone(),
    (a STRUCT(instant INTERVAL, nanos SMALLINT)) AS ora_interval_months(struct_extract(a, 'instant')),
    (a) AS 32767;

CREATE OR REPLACE MACRO ora_written_in(a, model, digits, language) AS
    ora_write_moment(ora_us(a), CAST(ora_ns(a) AS BIGINT), CAST(ora_minutes(a) AS BIGINT),
                     model, CAST(digits AS BIGINT), language);
CREATE OR REPLACE MACRO ora_written(a, model, digits) AS
    ora_written_in(a, model, digits, ora_language());
CREATE OR REPLACE MACRO ora_strftime(a, f, model) AS
    CASE WHEN year(a) < 1 THEN ora_written(a, model, 6) ELSE strftime(a, f) END;
CREATE OR REPLACE MACRO ora_strftime_upper(a, f, model) AS
    CASE WHEN year(a) < 1 OR ora_language() <> 'AMERICAN' THEN ora_written(a, model, 6)
         ELSE upper(strftime(a, f)) END;
CREATE OR REPLACE MACRO ora_moment_text
    (a TIMESTAMP_S, digits) AS CASE
        WHEN getvariable('ora_date_format') IS NULL AND year(a) > 0 AND ora_language() = 'AMERICAN'
        THEN upper(strftime(CAST(a AS TIMESTAMP), '%d-%b-%y')) ELSE ora_written(a, ora_date_model(), 0) END,
    (a TIMESTAMP, digits) AS ora_written(a, ora_timestamp_model(), digits),
    (a TIMESTAMP_NS, digits) AS ora_written(a, ora_timestamp_model(), digits),
    (a TIMESTAMPTZ, digits) AS ora_written(a, ora_timestamp_model(), digits),
    (a STRUCT(instant INTERVAL, nanos SMALLINT), digits) AS ora_written(a, ora_zoned_model(), digits);

CREATE OR REPLACE MACRO ora_text_date_in(s, model, language) AS
    CAST(make_timestamp(ora_read_us(s, model, ora_today(), language)) AS TIMESTAMP_S);
CREATE OR REPLACE MACRO ora_text_date(s, model) AS ora_text_date_in(s, model, ora_language());
CREATE OR REPLACE MACRO ora_text_timestamp(s, model) AS
    make_timestamp(ora_read_us(s, model, ora_today(), ora_language()));
CREATE OR REPLACE MACRO ora_text_nano(s, model) AS
    make_timestamp_ns(ora_read_all_ns(s, model, ora_today(), ora_language()));
CREATE OR REPLACE MACRO ora_text_minutes(s, model) AS
    ora_read_minutes(s, model, ora_today(), ora_language(), CAST(ora_zone() AS BIGINT));
CREATE OR REPLACE MACRO ora_text_zoned(s, model) AS
    ora_make_zoned(ora_read_local_us(s, model, ora_today(), ora_language())
                       - ora_text_minutes(s, model) * CAST(60000000 AS BIGINT),
                   ora_read_ns(s, model, ora_today(), ora_language()), ora_text_minutes(s, model));

-- Conversions. The BIGINT overloads also take a NULL without a type.
CREATE OR REPLACE MACRO ora_no_date(a) AS
    CASE WHEN a IS NOT NULL THEN error('ORA-00932: inconsistent datatypes: expected DATE') END;
CREATE OR REPLACE MACRO ora_moment
    (a TIMESTAMP_S) AS a,
    (a TIMESTAMP) AS a,
    (a TIMESTAMP_NS) AS a,
    (a TIMESTAMPTZ) AS make_timestamp(ora_us(a)),
    (a STRUCT(instant INTERVAL, nanos SMALLINT)) AS make_timestamp(ora_us(a)),
    (a VARCHAR) AS ora_text_date(a, ora_date_model()),
    (a BIGINT) AS CAST(ora_no_date(a) AS TIMESTAMP),
    (a) AS CAST(ora_no_date(a) AS TIMESTAMP);
CREATE OR REPLACE MACRO ora_moment_in_timestamps
    (a TIMESTAMP_S) AS a,
    (a TIMESTAMP) AS a,
    (a TIMESTAMP_NS) AS a,
    (a VARCHAR) AS ora_text_timestamp(a, ora_timestamp_model()),
    (a BIGINT) AS CAST(ora_no_date(a) AS TIMESTAMP),
    (a) AS CAST(ora_no_date(a) AS TIMESTAMP);
CREATE OR REPLACE MACRO ora_to_date
    (a TIMESTAMP_S) AS a,
    (a TIMESTAMP) AS CAST(date_trunc('second', a) AS TIMESTAMP_S),
    (a TIMESTAMP_NS) AS CAST(date_trunc('second', CAST(a AS TIMESTAMP)) AS TIMESTAMP_S),
    (a TIMESTAMPTZ) AS CAST(date_trunc('second', make_timestamp(ora_us(a))) AS TIMESTAMP_S),
    (a STRUCT(instant INTERVAL, nanos SMALLINT)) AS
        CAST(date_trunc('second', make_timestamp(ora_us(a))) AS TIMESTAMP_S),
    (a VARCHAR) AS ora_text_date(a, ora_date_model()),
    (a BIGINT) AS CAST(ora_no_date(a) AS TIMESTAMP_S),
    (a) AS CAST(ora_no_date(a) AS TIMESTAMP_S);
CREATE OR REPLACE MACRO ora_rounded_to(n, unit) AS
    n + unit // 2 - ((n + unit // 2) % unit + unit) % unit;
CREATE OR REPLACE MACRO ora_rounded_us(us, nanos, digits) AS
    CASE WHEN digits >= 6 THEN us + CASE WHEN nanos >= 500 THEN 1 ELSE 0 END
         ELSE ora_rounded_to(us, CAST(10 ** (6 - digits) AS BIGINT)) END;
CREATE OR REPLACE MACRO ora_to_timestamp
    (a TIMESTAMP_S, digits) AS CAST(a AS TIMESTAMP),
    (a TIMESTAMP, digits) AS CASE WHEN digits >= 6 THEN a
        ELSE make_timestamp(ora_rounded_us(epoch_us(a), 0, digits)) END,
    (a TIMESTAMP_NS, digits) AS make_timestamp(ora_rounded_us(ora_us(a), ora_ns(a), digits)),
    (a TIMESTAMPTZ, digits) AS make_timestamp(ora_rounded_us(ora_us(a), 0, digits)),
    (a STRUCT(instant INTERVAL, nanos SMALLINT), digits) AS
        make_timestamp(ora_rounded_us(ora_us(a), ora_ns(a), digits)),
    (a VARCHAR, digits) AS
        make_timestamp(ora_rounded_us(epoch_us(ora_text_timestamp(a, ora_timestamp_model())), 0, digits)),
    (a BIGINT, digits) AS CAST(ora_no_date(a) AS TIMESTAMP),
    (a, digits) AS CAST(ora_no_date(a) AS TIMESTAMP);
CREATE OR REPLACE MACRO ora_rounded_ns(ns, digits) AS
    CASE WHEN digits = 9 THEN ns ELSE ora_rounded_to(ns, CAST(10 ** (9 - digits) AS BIGINT)) END;
CREATE OR REPLACE MACRO ora_to_nano
    (a TIMESTAMP_S, digits) AS CAST(CAST(a AS TIMESTAMP) AS TIMESTAMP_NS),
    (a TIMESTAMP, digits) AS CAST(a AS TIMESTAMP_NS),
    (a TIMESTAMP_NS, digits) AS make_timestamp_ns(ora_rounded_ns(epoch_ns(a), digits)),
    (a TIMESTAMPTZ, digits) AS CAST(make_timestamp(ora_us(a)) AS TIMESTAMP_NS),
    (a STRUCT(instant INTERVAL, nanos SMALLINT), digits) AS
        make_timestamp_ns(ora_rounded_ns(ora_us(a) * 1000 + ora_ns(a), digits)),
    (a VARCHAR, digits) AS
        make_timestamp_ns(ora_rounded_ns(epoch_ns(ora_text_nano(a, ora_timestamp_model())), digits)),
    (a BIGINT, digits) AS CAST(ora_no_date(a) AS TIMESTAMP_NS),
    (a, digits) AS CAST(ora_no_date(a) AS TIMESTAMP_NS);
CREATE OR REPLACE MACRO ora_in_session_zone(a) AS
    ora_make_zoned(ora_us(a) - ora_zone() * CAST(60000000 AS BIGINT), ora_ns(a), ora_zone());
CREATE OR REPLACE MACRO ora_zoned
    (a STRUCT(instant INTERVAL, nanos SMALLINT)) AS a,
    (a TIMESTAMP_S) AS ora_in_session_zone(a),
    (a TIMESTAMP) AS ora_in_session_zone(a),
    (a TIMESTAMP_NS) AS ora_in_session_zone(a),
    (a TIMESTAMPTZ) AS ora_make_zoned(epoch_us(a), 0, ora_zone()),
    (a VARCHAR) AS ora_text_zoned(a, ora_zoned_model()),
    (a BIGINT) AS ora_make_zoned(ora_no_date(a), 0, 0),
    (a) AS ora_make_zoned(ora_no_date(a), 0, 0);
CREATE OR REPLACE MACRO ora_zoned_us(a) AS ora_us(a) - ora_minutes(a) * CAST(60000000 AS BIGINT);
CREATE OR REPLACE MACRO ora_round_zoned(a, digits) AS
    CASE WHEN digits >= 9 THEN a
         WHEN digits > 6 THEN CASE WHEN ora_ns(a) = 0 THEN a
             ELSE error('ORA-03001: unimplemented feature: TIMESTAMP(7) or (8) WITH TIME ZONE of nanoseconds is not translated by the local Oracle') END
         ELSE ora_make_zoned(ora_rounded_us(ora_zoned_us(a), ora_ns(a), digits), 0, ora_minutes(a)) END;
CREATE OR REPLACE MACRO ora_no_nanos(a) AS
    CASE WHEN ora_ns(a) <> 0 THEN error('ORA-03001: unimplemented feature: nanoseconds in arithmetic or a TIMESTAMP WITH LOCAL TIME ZONE are not translated by the local Oracle') ELSE 0 END;
CREATE OR REPLACE MACRO ora_local
    (a TIMESTAMPTZ) AS a,
    (a STRUCT(instant INTERVAL, nanos SMALLINT)) AS
        CAST(make_timestamp(ora_zoned_us(a) + ora_no_nanos(a)) AS TIMESTAMPTZ),
    (a TIMESTAMP_S) AS CAST(make_timestamp(epoch_us(a) - ora_zone() * CAST(60000000 AS BIGINT)) AS TIMESTAMPTZ),
    (a TIMESTAMP) AS CAST(make_timestamp(epoch_us(a) - ora_zone() * CAST(60000000 AS BIGINT)) AS TIMESTAMPTZ),
    (a TIMESTAMP_NS) AS
        CAST(make_timestamp(ora_us(a) - ora_zone() * CAST(60000000 AS BIGINT) + ora_no_nanos(a)) AS TIMESTAMPTZ),
    (a VARCHAR) AS CAST(make_timestamp(epoch_us(ora_text_timestamp(a, ora_timestamp_model()))
                                       - ora_zone() * CAST(60000000 AS BIGINT)) AS TIMESTAMPTZ),
    (a BIGINT) AS CAST(ora_no_date(a) AS TIMESTAMPTZ),
    (a) AS CAST(ora_no_date(a) AS TIMESTAMPTZ);
CREATE OR REPLACE MACRO ora_round_local(a, digits) AS
    CASE WHEN digits >= 6 THEN a
         ELSE CAST(make_timestamp(ora_rounded_us(epoch_us(a), 0, digits)) AS TIMESTAMPTZ) END;
CREATE OR REPLACE MACRO ora_of_utc(a) AS ora_make_zoned(epoch_us(a), 0, 0);
CREATE OR REPLACE MACRO ora_from_tz(a, minutes) AS
    ora_make_zoned(ora_us(a) - minutes * CAST(60000000 AS BIGINT), ora_ns(a), minutes);
CREATE OR REPLACE MACRO ora_at_zone(a, minutes) AS
    ora_make_zoned(ora_zoned_us(a), ora_ns(a), minutes);
CREATE OR REPLACE MACRO ora_utc_of(a) AS make_timestamp(ora_zoned_us(a) + ora_no_nanos(a));

-- The parts of a date; for a moment with a time zone, those of its time in UTC.
CREATE OR REPLACE MACRO ora_part_source
    (a TIMESTAMP_S) AS a,
    (a TIMESTAMP) AS a,
    (a TIMESTAMP_NS) AS a,
    (a INTERVAL) AS a,
    (a TIMESTAMPTZ) AS make_timestamp(ora_us(a)),
    (a STRUCT(instant INTERVAL, nanos SMALLINT)) AS make_timestamp(ora_zoned_us(a)),
    (a VARCHAR) AS CAST(CASE WHEN a IS NOT NULL
                        THEN error('ORA-30076: invalid extract field for extract source') END AS TIMESTAMP),
    (a BIGINT) AS CAST(ora_no_date(a) AS TIMESTAMP),
    (a) AS CAST(ora_no_date(a) AS TIMESTAMP);
CREATE OR REPLACE MACRO ora_extract_year
    (a INTERVAL) AS year(a),
    (a) AS year(a) - CASE WHEN year(a) < 1 THEN 1 ELSE 0 END;
CREATE OR REPLACE MACRO ora_extract_month(a) AS month(a);
CREATE OR REPLACE MACRO ora_extract_day
    (a INTERVAL) AS ora_interval_us(a) // 86400000000,
    (a) AS day(a);
CREATE OR REPLACE MACRO ora_extract_hour
    (a INTERVAL) AS ora_interval_us(a) % 86400000000 // 3600000000,
    (a) AS hour(a);
CREATE OR REPLACE MACRO ora_extract_minute
    (a INTERVAL) AS ora_interval_us(a) % 3600000000 // 60000000,
    (a) AS minute(a);
CREATE OR REPLACE MACRO ora_billionths(n) AS CAST(n AS DECIMAL(20, 0)) * 0.000000001;
CREATE OR REPLACE MACRO ora_second_of(us, nanos) AS
    ora_billionths((us % 60000000 + 60000000) % 60000000 * 1000 + nanos);
CREATE OR REPLACE MACRO ora_extract_second
    (a INTERVAL) AS ora_billionths(ora_interval_us(a) % 60000000 * 1000),
    (a TIMESTAMP_S) AS ora_second_of(ora_us(a), 0),
    (a TIMESTAMP) AS ora_second_of(ora_us(a), 0),
    (a TIMESTAMP_NS) AS ora_second_of(ora_us(a), ora_ns(a)),
    (a TIMESTAMPTZ) AS ora_second_of(ora_us(a), 0),
    (a STRUCT(instant INTERVAL, nanos SMALLINT)) AS ora_second_of(ora_us(a), ora_ns(a)),
    (a BIGINT) AS ora_billionths(ora_no_date(a));
CREATE OR REPLACE MACRO ora_extract_zone
    (a TIMESTAMPTZ) AS ora_zone(),
    (a STRUCT(instant INTERVAL, nanos SMALLINT)) AS ora_minutes(a),
    (a BIGINT) AS ora_no_date(a),
    (a) AS CASE WHEN a IS NOT NULL
                THEN error('ORA-30076: invalid extract field for extract source') ELSE 0 END;
CREATE OR REPLACE MACRO ora_extract_timezone_hour(a) AS
    sign(ora_extract_zone(a)) * (abs(ora_extract_zone(a)) // 60);
CREATE OR REPLACE MACRO ora_extract_timezone_minute(a) AS
    sign(ora_extract_zone(a)) * (abs(ora_extract_zone(a)) % 60);
