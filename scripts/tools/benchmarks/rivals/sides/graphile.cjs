// graphile-worker on Node: a local queue of 500 jobs and results in batches, as its pages on
// performance advise, and short polls for delayed jobs. The requests are those of driver.py.
//
// A job of a dead worker comes again after four hours, which cannot be set.

"use strict";

const fs = require("fs");
const readline = require("readline");
const { Logger, makeWorkerUtils, run } = require("graphile-worker");
const { version } = require("graphile-worker/package.json");
const { Pool } = require("pg");

const QUEUE = "rivals";
const BATCH = 1000;
const WARM_UP = 20;
const PAYLOAD = {
  order_no: "8973097380045",
  amount: "12.50",
  customer: "customer-0001",
  items: [1, 2],
};
const sleep = 1000 * Number(process.env.RIVALS_SLEEP || 0);
const logger = new Logger(() => () => {});
const pgPool = new Pool({ connectionString: process.env.RIVALS_URL, max: 10 });
pgPool.on("error", () => {});
pgPool.on("connect", (client) => client.on("error", () => {}));

let number = Math.floor(Date.now() / 1000) * 1_000_000;
const next = (count) => Array.from({ length: count }, () => number++);
const payload = (one) => ({ ...PAYLOAD, number: one });
const jobs = (numbers, more = {}) =>
  numbers.map((one) => ({ identifier: QUEUE, payload: payload(one), ...more }));

let utils;
const requests = {
  async install() {
    utils = await makeWorkerUtils({ pgPool, logger });
    await utils.migrate();
    return [version, true];
  },
  async clear() {
    await pgPool.query("TRUNCATE graphile_worker._private_jobs");
  },
  async left() {
    const found = await pgPool.query("SELECT COUNT(*) FROM graphile_worker._private_jobs");
    return Number(found.rows[0].count);
  },
  async singles(seconds) {
    await this.create(WARM_UP);
    const began = performance.now();
    let count = 0;
    for (; performance.now() - began < 1000 * seconds; count++)
      await utils.addJob(QUEUE, payload(number++));
    return (1000 * count) / (performance.now() - began);
  },
  async batches(seconds, most) {
    await utils.addJobs(jobs(next(BATCH)));
    const began = performance.now();
    let count = 0;
    for (; performance.now() - began < 1000 * seconds && count < most - BATCH; count += BATCH)
      await utils.addJobs(jobs(next(BATCH)));
    return [count + BATCH, (1000 * count) / (performance.now() - began)];
  },
  async create(count) {
    for (const one of next(count)) await utils.addJob(QUEUE, payload(one));
  },
  async delayed(count, seconds) {
    const numbers = next(count);
    const due = Date.now() + 1000 * seconds;
    for (let first = 0; first < count; first += BATCH)
      await utils.addJobs(jobs(numbers.slice(first, first + BATCH), { runAt: new Date(due) }));
    if (Date.now() > due) throw new Error(`${count} tasks were not created within ${seconds} s`);
    return [numbers, numbers.map(() => due / 1000)];
  },
};

async function serve() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [request, ...given] = JSON.parse(line);
    console.log(JSON.stringify((await requests[request](...given)) ?? null));
  }
}

async function work() {
  const record = fs.openSync(process.env.RIVALS_RECORD, "a");
  await run({
    pgPool,
    logger,
    noHandleSignals: true,
    taskList: {
      [QUEUE]: async (given) => {
        const note = Buffer.alloc(16);
        note.writeBigInt64LE(BigInt(given.number), 0);
        note.writeDoubleLE((performance.timeOrigin + performance.now()) / 1000, 8);
        fs.writeSync(record, note);
        if (sleep) await new Promise((resolve) => setTimeout(resolve, sleep));
      },
    },
    preset: {
      worker: {
        concurrentJobs: 24,
        pollInterval: 100,
        localQueue: { size: 500 },
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
      },
    },
  });
}

({ serve, work })[process.argv[2]]().catch((error) => {
  console.error(String(error));
  process.exit(1);
});
