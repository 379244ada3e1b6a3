// What a node-oracledb (thin) client does; prints one JSON object {step: result or {error}}.
const oracledb = require('oracledb');

const login = {
  user: process.env.TEST_USER,
  password: process.env.TEST_PASSWORD,
  connectString: process.env.TEST_DSN,
};
const ROWS = "SELECT LEVEL AS id, 'n' || LEVEL AS name FROM dual CONNECT BY LEVEL <= :n";
const results = {};

async function attempt(name, step) {
  try {
    results[name] = await step();
  } catch (error) {
    results[name] = { error: error.message.split('\n')[0], number: error.errorNum ?? null, code: error.code ?? null };
  }
}

async function withConnection(step) {
  const connection = await oracledb.getConnection(login);
  try {
    return await step(connection);
  } finally {
    await connection.close();
  }
}

async function queries(connection) {
  await attempt('query', async () =>
    (await connection.execute(
      'SELECT :num + 1 AS n, :txt AS t, :d AS d, CAST(NULL AS NUMBER) AS nothing FROM dual',
      { num: 41.5, txt: '工單 A', d: new Date(Date.UTC(2026, 0, 2, 3, 4, 5)) })).rows);
  await attempt('metadata', async () =>
    (await connection.execute('SELECT id, name, qty, at FROM njs WHERE 1 = 0')).metaData.map(
      (column) => [column.name, column.dbTypeName]));
  for (const fetchArraySize of [1, 7, 100, 5000]) {
    await attempt(`fetch ${fetchArraySize}`, async () => {
      const result = await connection.execute(ROWS, [1234], { fetchArraySize, resultSet: true });
      let count = 0, sum = 0, last = null;
      for await (const [id, name] of result.resultSet) { count += 1; sum += id; last = name; }
      return [count, sum, last];
    });
  }
  await attempt('getRows', async () => {
    const result = await connection.execute(ROWS, [1000], { resultSet: true });
    const sizes = [];
    for (let rows; (rows = await result.resultSet.getRows(300)).length;) sizes.push(rows.length);
    await result.resultSet.close();
    return sizes;
  });
  await attempt('objects', async () =>
    (await connection.execute(ROWS, [2], { outFormat: oracledb.OUT_FORMAT_OBJECT })).rows);
}

async function changes(connection) {
  await attempt('create', async () => {
    await connection.execute(
      'CREATE TABLE njs (id NUMBER(9) PRIMARY KEY, name VARCHAR2(40), qty NUMBER(12,2), at DATE, body CLOB, raw_data BLOB)');
    return 'created';
  });
  await attempt('executeMany', async () =>
    (await connection.executeMany('INSERT INTO njs (id, name, qty) VALUES (:1, :2, :3)',
      [1, 2, 3, 4].map((i) => [i, `站${i}`, i / 4]))).rowsAffected);
  await attempt('batchErrors', async () => {
    const result = await connection.executeMany('INSERT INTO njs (id, name) VALUES (:1, :2)',
      [[5, 'a'], [1, 'again'], [6, 'b']], { batchErrors: true });
    return [result.rowsAffected, result.batchErrors.map((error) => [error.offset, error.message.slice(0, 9)])];
  });
  await attempt('returning', async () =>
    (await connection.execute('UPDATE njs SET qty = 9 WHERE id <= 2 RETURNING id, name INTO :i, :n',
      { i: { dir: oracledb.BIND_OUT, type: oracledb.NUMBER }, n: { dir: oracledb.BIND_OUT, type: oracledb.STRING } })).outBinds);
  await attempt('rollback', async () => {
    await connection.commit();
    await connection.execute('DELETE FROM njs');
    await connection.rollback();
    return (await connection.execute('SELECT COUNT(*), SUM(qty) FROM njs')).rows;
  });
}

async function lobs(connection) {
  await attempt('lobs', async () => {
    const text = '長文'.repeat(20000), bytes = Buffer.alloc(50000, 7);
    await connection.execute('INSERT INTO njs (id, body, raw_data) VALUES (50, :b, :r)', { b: text, r: bytes });
    const byLocator = await connection.execute('SELECT body, raw_data FROM njs WHERE id = 50');
    const [body, raw] = byLocator.rows[0];
    const readText = await body.getData(), readBytes = await raw.getData();
    const whole = await connection.execute('SELECT body, raw_data FROM njs WHERE id = 50', [], {
      fetchInfo: { BODY: { type: oracledb.STRING }, RAW_DATA: { type: oracledb.BUFFER } } });
    return [readText === text, bytes.equals(readBytes), body.length, raw.length,
      whole.rows[0][0] === text, bytes.equals(whole.rows[0][1])];
  });
}

async function errors(connection) {
  await attempt('no table', () => connection.execute('SELECT * FROM nowhere'));
  await attempt('duplicate', () => connection.execute("INSERT INTO njs (id) VALUES (1)"));
  await attempt('syntax', () => connection.execute('SELEC 1 FROM dual'));
  await attempt('wrong password', () => oracledb.getConnection({ ...login, password: 'wrong' }));
  await attempt('wrong service', () =>
    oracledb.getConnection({ ...login, connectString: login.connectString.replace(/\/.*/, '/NOSUCH') }));
  await attempt('after errors', async () => (await connection.execute('SELECT 1 FROM dual')).rows);
}

async function pool() {
  await attempt('pool', async () => {
    const made = await oracledb.createPool({ ...login, poolMin: 1, poolMax: 3, poolPingInterval: 0 });
    const sums = await Promise.all(Array.from({ length: 12 }, async (_, i) => {
      const connection = await made.getConnection();
      try {
        return (await connection.execute(ROWS, [10 + i])).rows.reduce((sum, row) => sum + row[0], 0);
      } finally {
        await connection.close();
      }
    }));
    const open = made.connectionsOpen;
    await made.close(0);
    return [sums, open <= 3];
  });
}

async function main() {
  await withConnection(async (connection) => {
    results.version = connection.oracleServerVersionString;
    await changes(connection);
    await queries(connection);
    await lobs(connection);
    await errors(connection);
  });
  await pool();
}

main()
  .catch((error) => { results.failed = String(error.stack); })
  .finally(() => console.log(JSON.stringify({ driver: oracledb.versionString, thin: oracledb.thin, ...results })));
