-- Random draws that are the same on every machine, DuckDB version and thread count.
-- A row has 64 random bits, its entropy: the lower half of the MD5 of seed, purpose and row id
-- (DuckDB's own hash() may change between versions; MD5 cannot). A draw takes a number from them
-- for one named use by the universal hash (a * k1 + b * k2) mod p of the entropy's two halves,
-- where k1 and k2 are 31 bits of the MD5 of the use's name and p is the largest prime below 2^32.

CREATE TEMP MACRO entropy(purpose, row_id) AS
    md5_number_lower(concat_ws('|', getvariable('seed'), purpose, row_id));

-- A number of 0 .. 2^32 - 6.
CREATE TEMP MACRO draw(bits, use) AS (
    (bits >> 32) * (md5_number_lower(use || '|high') & 2147483647)
    + (bits & 4294967295) * (md5_number_lower(use || '|low') & 2147483647)
) % 4294967291;

-- A number of 0 .. n - 1; 1 <= n < 2^31.
CREATE TEMP MACRO below(bits, use, n) AS ((draw(bits, use) * (n)::UBIGINT) >> 32)::BIGINT;

-- Whether an event of probability `rate` happens; the variable holds rates as parts of a million.
CREATE TEMP MACRO happens(bits, rate) AS
    below(bits, rate, 1000000) < getvariable('rates')[rate];

-- An element of a list, each as likely as the other.
CREATE TEMP MACRO pick(bits, use, list) AS list[1 + below(bits, use, len(list))];

-- How many rows of `kind` a row has: the variable holds 1,000 equally likely counts.
CREATE TEMP MACRO how_many(bits, kind) AS pick(bits, kind, getvariable('counts')[kind]);

-- Element i, counted from 0 and wrapping round.
CREATE TEMP MACRO at_index(list, i) AS list[1 + (i) % len(list)];

CREATE TEMP MACRO card(kind) AS getvariable('cardinalities')[kind];

-- n in at least `width` digits (lpad alone would cut a longer one).
CREATE TEMP MACRO digits(n, width) AS
    lpad((n)::VARCHAR, greatest(width, len((n)::VARCHAR))::INTEGER, '0');

-- An Oracle DATE from seconds since 1970 on the database's own clock.
CREATE TEMP MACRO at_second(s) AS make_timestamp((s) * 1000000)::TIMESTAMP_S;

-- Exactly `width` characters of running text.
CREATE TEMP MACRO filled(words, width) AS substr(repeat(words, 1 + (width) // len(words)), 1, width);

CREATE TEMP MACRO comment_text(bits, use, phrases) AS filled(
    pick(bits, use || ' words', phrases),
    getvariable('comment_width')[1] + below(
        bits,
        use || ' width',
        1 + getvariable('comment_width')[2] - getvariable('comment_width')[1]
    )
);
