// guide: mysql2
import mysql from "mysql2/promise";

const pool = mysql.createPool({
  host: process.env.DB_HOST,
  port: process.env.DB_PORT,
  user: process.env.DB_USER,
  password: process.env.DB_PASSWORD,
  database: process.env.DB_NAME,
  timezone: "Z", // times are UTC
  supportBigNumbers: true, // an id above 2^53 is text, not rounded
  decimalNumbers: true, // lag_seconds is a number
});

// The rows of a call, the last ones if there are several kinds; [] of a procedure that returns none.
async function call(sql, values, conn = pool) {
  const [results] = await conn.query(sql, values);
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
      conn.release();
      return true;
    } catch (error) {
      conn.destroy(); // the server rolls back
      if (over(error)) return false; // 20116: an earlier try had committed
      if (tries === 3) throw error;
    }
  }
}
// end

import { Redis } from "ioredis";
import { life } from "./life.mjs";

const client = new Redis(process.env.REDIS_URL);
await life({
  call,
  once,
  number: (error) => error.errno,
  query: async (sql, values, conn = pool) => (await conn.query(sql, values))[0],
  redis: {
    push: (queue, text) => client.rpush(queue, text),
    pop: async (queue) => (await client.blpop(queue, 5))[1],
  },
});
client.disconnect();
await pool.end();
