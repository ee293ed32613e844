<?php
// guide: PDO
function connect(): PDO
{
    $place = sprintf(
        'mysql:host=%s;port=%s;dbname=%s;charset=utf8mb4',
        getenv('DB_HOST'), getenv('DB_PORT'), getenv('DB_NAME'),
    );
    return new PDO($place, getenv('DB_USER'), getenv('DB_PASSWORD'), [
        PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
        PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_ASSOC,
    ]);
}

/** The rows of a call, the last ones if there are several kinds; [] of a procedure that returns none. */
function call(PDO $db, string $sql, array $values): array
{
    $statement = $db->prepare($sql);
    $statement->execute($values);
    $rows = [];
    do { // a CALL ends with a status, for which columnCount() may be wrong; unread, it fails the next statement
        $rows = $statement->getColumnMeta(0) ? $statement->fetchAll() : $rows;
    } while ($statement->nextRowset());
    return $rows;
}

/** The task has ended, or another consumer has it. */
function over(PDOException $error): bool
{
    return in_array($error->errorInfo[1] ?? 0, [20106, 20107, 20108, 20109, 20116], true);
}

/** The work and the end of its task in one transaction; whether this call has done it. */
function once(?PDO &$db, int $taskId, int $attempt, callable $work): bool
{
    for ($tries = 1;; $tries++) {
        try {
            $db ??= connect();
            $db->beginTransaction();
            $work($db);
            call($db, 'CALL qtask_finish_task_once(?, ?)', [$taskId, $attempt]);
            $db->commit();
            return true;
        } catch (PDOException $error) {
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
$emulated = $argv[1] === 'emulated';
live(
    function (string $sql, array $values) use (&$db, $emulated): array {
        $db ??= connect();
        $db->setAttribute(PDO::ATTR_EMULATE_PREPARES, $emulated);
        return call($db, $sql, $values);
    },
    function (int $id, int $attempt) use (&$db): bool {
        $bind = fn ($db) => call($db, 'UPDATE orders SET bound = bound + 1 WHERE order_no = ?', ['8973']);
        return once($db, $id, $attempt, $bind);
    },
    fn (Exception $error): int => $error->errorInfo[1],
);
