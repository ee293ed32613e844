"""The whole life of tasks, told line by line; the drivers differ in `call`, `once` and `number`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import redis

Rows = list[dict[str, Any]]


def live(
    call: Callable[..., Rows],
    once: Callable[[int, int], bool],
    number: Callable[[Exception], int],
) -> None:
    def refusal(sql: str, *values: Any) -> int:
        try:
            call(sql, *values)
        except Exception as error:
            return number(error)
        return 0

    payload = {"text": "中文 😀"}
    create = "CALL qtask_create_task(%s, %s, %s, %s, %s, @task_id, @created, @pushable)"
    order = ("bind order", json.dumps(payload), 3600, "ORDERS", '{"order_no": "8973"}')
    call("INSERT INTO orders (order_no) VALUES (%s)", "8973")
    task = call(create, *order)[0]
    tell("created", task)
    tell("duplicate", call(create, *order)[0])
    queues = redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=10)
    text = json.dumps({"task_id": task["task_id"], "task_attempt": 1, **payload})
    queues.rpush("ORDERS", text)
    message = json.loads(queues.blpop(["ORDERS"], 5)[1])
    tell("message", message)

    delay = "CALL qtask_delay_task(%s, %s, %s, %s, %s, NULL, @task_id, @created)"
    tell("delayed", call(delay, "close order", "{}", 900, 3600, "CLOSE")[0])
    many = [
        {"name": "mail", "payload": {"to": "a@b.c"}, "interval": 60, "queue": "MAIL"},
        {"name": "mail", "payload": {"to": "d@e.f"}, "interval": 60, "queue": "MAIL", "delay": 60},
    ]
    tell("many", call("CALL qtask_create_tasks(%s)", json.dumps(many)))

    task_id = message["task_id"]
    receive = "CALL qtask_receive_task(%s, %s, %s, @attempt, @payload)"
    tell("wrong queue", refusal(receive, task_id, message["task_attempt"], "MAIL"))
    received = call(receive, task_id, message["task_attempt"], "ORDERS")[0]
    tell("received", {**received, "payload": json.loads(received["payload"])})
    tell("taken", refusal(receive, task_id, message["task_attempt"], "ORDERS"))
    fail = "CALL qtask_fail_task(%s, %s, %s, %s, @status)"
    tell("failed", call(fail, task_id, 1, "no answer", 0)[0])
    tell("not processing", refusal(fail, task_id, 1, "no answer", 0))
    start = "CALL qtask_start_task(%s, %s, @attempt)"
    tell("started again", call(start, task_id, 2)[0])
    tell("extended", call("CALL qtask_extend_task(%s, %s, NULL)", task_id, 2))
    tell("done", once(task_id, 2))
    tell("repeated", once(task_id, 2))
    tell("bound", call("SELECT bound FROM orders WHERE order_no = %s", "8973")[0]["bound"])

    tell("straight", call(create, "mail", '{"to": "a@b.c"}', 60, "STRAIGHT", None)[0])
    take = "CALL qtask_take_tasks('python-1', %s, 10, 0, NULL, @redis)"
    took = call(take, '["STRAIGHT"]')
    tell("took", [{**row, "payload": json.loads(row["payload"])} for row in took])
    finish = "CALL qtask_finish_task(%s, %s)"
    tell("finished", call(finish, took[0]["task_id"], took[0]["attempt"]))
    tell("nothing", call(take, '["STRAIGHT"]'))
    tell("not direct", refusal(take, '["ORDERS"]'))

    tell("no task", refusal(start, 999999, None))
    tell("no object", refusal(create, "n", "[]", 60, "Q", None))
    tell("no option", refusal(create, "n", "{}", 60, "Q", '{"colour": 1}'))
    depth = "SELECT waiting, lag_seconds FROM qtask_queue_depth WHERE queue = %s"
    found = call(depth, "LATE")[0]
    tell("lag", found["waiting"] == 1 and 7 < found["lag_seconds"] < 99)


def tell(step: str, value: Any) -> None:
    print(json.dumps([step, value]), flush=True)
