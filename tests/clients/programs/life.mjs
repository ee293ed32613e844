// The whole life of tasks, told line by line; the drivers differ in `call`, `once` and `number`.
export async function life({ call, once, number, query, redis }) {
  const tell = (step, value) => console.log(JSON.stringify([step, value]));
  const create = "CALL qtask_create_task(?, ?, ?, ?, ?, @task_id, @created, @pushable)";
  const order = ["bind order", JSON.stringify({ text: "中文 😀" }), 3600, "ORDERS", '{"order_no": "8973"}'];
  const refusal = async (sql, values) => {
    try {
      await call(sql, values);
    } catch (error) {
      return number(error);
    }
    return 0;
  };

  await query("INSERT INTO orders (order_no) VALUES (?)", ["8973"]);
  const [task] = await call(create, order);
  tell("created", task);
  const [again] = await call(create, order);
  tell("duplicate", again);
  const text = JSON.stringify({ task_id: task.task_id, task_attempt: 1, text: "中文 😀" });
  await redis.push("ORDERS", text);
  const message = JSON.parse(await redis.pop("ORDERS"));
  tell("message", message);

  const [later] = await call(
    "CALL qtask_delay_task(?, ?, ?, ?, ?, NULL, @task_id, @created)",
    ["close order", "{}", 900, 3600, "CLOSE"],
  );
  tell("delayed", later);
  const many = [
    { name: "mail", payload: { to: "a@b.c" }, interval: 60, queue: "MAIL" },
    { name: "mail", payload: { to: "d@e.f" }, interval: 60, queue: "MAIL", delay: 60 },
  ];
  tell("many", await call("CALL qtask_create_tasks(?)", [JSON.stringify(many)]));

  const { task_id: id } = message;
  const receive = "CALL qtask_receive_task(?, ?, ?, @attempt, @payload)";
  tell("wrong queue", await refusal(receive, [id, message.task_attempt, "MAIL"]));
  const [received] = await call(receive, [id, message.task_attempt, "ORDERS"]);
  tell("received", { ...received, payload: JSON.parse(received.payload) });
  tell("taken", await refusal(receive, [id, message.task_attempt, "ORDERS"]));
  const fail = "CALL qtask_fail_task(?, ?, ?, ?, @status)";
  tell("failed", (await call(fail, [id, 1, "no answer", 0]))[0]);
  tell("not processing", await refusal(fail, [id, 1, "no answer", 0]));
  const start = "CALL qtask_start_task(?, ?, @attempt)";
  tell("started again", (await call(start, [id, 2]))[0]);
  tell("extended", await call("CALL qtask_extend_task(?, ?, NULL)", [id, 2]));
  const bind = (conn) => query("UPDATE orders SET bound = bound + 1 WHERE order_no = ?", ["8973"], conn);
  tell("done", await once(id, 2, bind));
  tell("repeated", await once(id, 2, bind));
  tell("bound", (await query("SELECT bound FROM orders WHERE order_no = ?", ["8973"]))[0].bound);

  const [sent] = await call(create, ["mail", '{"to": "a@b.c"}', 60, "STRAIGHT", null]);
  tell("straight", sent);
  const take = "CALL qtask_take_tasks('js-1', ?, 10, 0, NULL, @redis)";
  const took = await call(take, ['["STRAIGHT"]']);
  tell("took", took.map((row) => ({ ...row, payload: JSON.parse(row.payload) })));
  tell("finished", await call("CALL qtask_finish_task(?, ?)", [took[0].task_id, took[0].attempt]));
  tell("nothing", await call(take, ['["STRAIGHT"]']));
  tell("not direct", await refusal(take, ['["ORDERS"]']));

  tell("no task", await refusal(start, [999999, null]));
  tell("no object", await refusal(create, ["n", "[]", 60, "Q", null]));
  tell("no option", await refusal(create, ["n", "{}", 60, "Q", '{"colour": 1}']));
  const [depth] = await query("SELECT waiting, lag_seconds FROM qtask_queue_depth WHERE queue = 'LATE'");
  tell("lag", depth.waiting === 1 && depth.lag_seconds > 7 && depth.lag_seconds < 99);
}
