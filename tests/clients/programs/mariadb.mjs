// guide: mariadb
import mariadb from "mariadb";

const pool = mariadb.createPool({
  host: process.env.DB_HOST,
  port: Number(process.env.DB_PORT),
  user: process.env.DB_USER,
  password: process.env.DB_PASSWORD,
  database: process.env.DB_NAME,
  allowPublicKeyRetrieval: true, // for loopback alone; over a network give `ssl` instead
  timezone: "Z", // times are UTC
  bigIntAsNumber: true, // JSON.stringify cannot write a BigInt
  checkNumberRange: true, // an id above 2^53 is an error, not rounded
  decimalAsNumber: true, // lag_seconds is a number
});

// The rows of a call, the last ones if there are several kinds; [] of a procedure that returns none.
async function call(sql, values, conn = pool) {
  const results = await conn.query(sql, values);
  return Array.isArray(results) ? results.at(-2) : [];
}

// The task has ended, or another consumer has it.
const over = (error) => [20106, 20107, 20108, 20109, 20116].includes(error.errno);

// The work and the end of its task in one transaction; whether this call has done it.
async function once(taskId, attempt, work) {
  for (let tries = 1; ; tries++) {
    const conn = await pool.getConnection();
    try {
      await conn.beginTransaction();
      await work(conn);
      await call("CALL qtask_finish_task_once(?, ?)", [taskId, attempt], conn);
      await conn.commit();
      await conn.release();
      return true;
    } catch (error) {
      conn.destroy(); // the server rolls back
      if (over(error)) return false; // 20116: an earlier try had committed
      if (tries === 3) throw error;
    }
  }
}
// end

import { createClient } from "redis";
import { life } from "./life.mjs";

const client = await createClient({ url: process.env.REDIS_URL }).connect();
await life({
  call,
  once,
  number: (error) => error.errno,
  query: (sql, values, conn = pool) => conn.query(sql, values),
  redis: {
    push: (queue, text) => client.rPush(queue, text),
    pop: async (queue) => (await client.blPop(queue, 5)).element,
  },
});
client.destroy();
await pool.end();
