<?php
// The whole life of tasks, told line by line; the drivers differ in `call`, `once` and `number`.

function tell(string $step, mixed $value): void
{
    echo json_encode([$step, $value], JSON_UNESCAPED_UNICODE), "\n";
}

function live(callable $call, callable $once, callable $number): void
{
    $create = 'CALL qtask_create_task(?, ?, ?, ?, ?, @task_id, @created, @pushable)';
    $payload = ['text' => '中文 😀'];
    $order = ['bind order', json_encode($payload), 3600, 'ORDERS', '{"order_no": "8973"}'];
    $refusal = function (string $sql, array $values) use ($call, $number): int {
        try {
            $call($sql, $values);
        } catch (Exception $error) {
            return $number($error);
        }
        return 0;
    };

    $call('INSERT INTO orders (order_no) VALUES (?)', ['8973']);
    [$task] = $call($create, $order);
    tell('created', $task);
    tell('duplicate', $call($create, $order)[0]);
    $url = parse_url(getenv('REDIS_URL'));
    $redis = new Redis();
    $redis->connect($url['host'], $url['port']);
    $redis->auth(urldecode($url['pass']));
    $redis->setOption(Redis::OPT_READ_TIMEOUT, 10);
    $redis->rPush('ORDERS', json_encode(['task_id' => $task['task_id'], 'task_attempt' => 1] + $payload));
    $message = json_decode($redis->blPop('ORDERS', 5)[1], true);
    tell('message', $message);

    $delay = 'CALL qtask_delay_task(?, ?, ?, ?, ?, NULL, @task_id, @created)';
    tell('delayed', $call($delay, ['close order', '{}', 900, 3600, 'CLOSE'])[0]);
    $many = [
        ['name' => 'mail', 'payload' => ['to' => 'a@b.c'], 'interval' => 60, 'queue' => 'MAIL'],
        ['name' => 'mail', 'payload' => ['to' => 'd@e.f'], 'interval' => 60, 'queue' => 'MAIL', 'delay' => 60],
    ];
    tell('many', $call('CALL qtask_create_tasks(?)', [json_encode($many)]));

    $id = $message['task_id'];
    $receive = 'CALL qtask_receive_task(?, ?, ?, @attempt, @payload)';
    tell('wrong queue', $refusal($receive, [$id, $message['task_attempt'], 'MAIL']));
    $received = $call($receive, [$id, $message['task_attempt'], 'ORDERS'])[0];
    tell('received', ['payload' => json_decode($received['payload'], true)] + $received);
    tell('taken', $refusal($receive, [$id, $message['task_attempt'], 'ORDERS']));
    $fail = 'CALL qtask_fail_task(?, ?, ?, ?, @status)';
    tell('failed', $call($fail, [$id, 1, 'no answer', 0])[0]);
    tell('not processing', $refusal($fail, [$id, 1, 'no answer', 0]));
    $start = 'CALL qtask_start_task(?, ?, @attempt)';
    tell('started again', $call($start, [$id, 2])[0]);
    tell('extended', $call('CALL qtask_extend_task(?, ?, NULL)', [$id, 2]));
    tell('done', $once($id, 2));
    tell('repeated', $once($id, 2));
    tell('bound', $call('SELECT bound FROM orders WHERE order_no = ?', ['8973'])[0]['bound']);

    tell('straight', $call($create, ['mail', '{"to": "a@b.c"}', 60, 'STRAIGHT', null])[0]);
    $take = "CALL qtask_take_tasks('php-1', ?, 10, 0, NULL, @redis)";
    [$took] = $call($take, ['["STRAIGHT"]']);
    tell('took', [['payload' => json_decode($took['payload'], true)] + $took]);
    tell('finished', $call('CALL qtask_finish_task(?, ?)', [$took['task_id'], $took['attempt']]));
    tell('nothing', $call($take, ['["STRAIGHT"]']));
    tell('not direct', $refusal($take, ['["ORDERS"]']));

    tell('no task', $refusal($start, [999999, null]));
    tell('no object', $refusal($create, ['n', '[]', 60, 'Q', null]));
    tell('no option', $refusal($create, ['n', '{}', 60, 'Q', '{"colour": 1}']));
    $depth = $call("SELECT waiting, lag_seconds FROM qtask_queue_depth WHERE queue = 'LATE'", [])[0];
    tell('lag', $depth['waiting'] === 1 && $depth['lag_seconds'] > 7 && $depth['lag_seconds'] < 99);
}
