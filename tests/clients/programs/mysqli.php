<?php
// guide: mysqli
function connect(): mysqli
{
    mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
    $db = new mysqli(
        getenv('DB_HOST'), getenv('DB_USER'), getenv('DB_PASSWORD'), getenv('DB_NAME'), (int) getenv('DB_PORT'),
    );
    $db->set_charset('utf8mb4');
    return $db;
}

/** The rows of a call, the last ones if there are several kinds; [] of a procedure that returns none. */
function call(mysqli $db, string $sql, array $values): array
{
    $statement = $db->prepare($sql);
    $statement->execute($values);
    $rows = [];
    do { // a CALL ends with a status; unread, it fails the next statement (2014)
        $result = $statement->get_result();
        $rows = $result ? $result->fetch_all(MYSQLI_ASSOC) : $rows;
    } while ($statement->next_result());
    return $rows;
}

/** The task has ended, or another consumer has it. */
function over(mysqli_sql_exception $error): bool
{
    return in_array($error->getCode(), [20106, 20107, 20108, 20109, 20116], true);
}

/** The work and the end of its task in one transaction; whether this call has done it. */
function once(?mysqli &$db, int $taskId, int $attempt, callable $work): bool
{
    for ($tries = 1;; $tries++) {
        try {
            $db ??= connect();
            $db->begin_transaction();
            $work($db);
            call($db, 'CALL qtask_finish_task_once(?, ?)', [$taskId, $attempt]);
            $db->commit();
            return true;
        } catch (mysqli_sql_exception $error) {
            $db = null; // closes the connection: the server rolls back
            if (over($error)) {
                return false; // 20116: an earlier try had committed
            }
            if ($tries === 3) {
                throw $error;
            }
        }
    }
}
// end

require __DIR__ . '/life.php';

$db = connect();
live(
    function (string $sql, array $values) use (&$db): array {
        $db ??= connect();
        return call($db, $sql, $values);
    },
    function (int $id, int $attempt) use (&$db): bool {
        $bind = fn ($db) => call($db, 'UPDATE orders SET bound = bound + 1 WHERE order_no = ?', ['8973']);
        return once($db, $id, $attempt, $bind);
    },
    fn (Exception $error): int => $error->getCode(),
);
