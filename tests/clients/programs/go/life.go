// The whole life of a task, told line by line.
package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/go-sql-driver/mysql"
	"github.com/gomodule/redigo/redis"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func tell(step string, value any) {
	line, err := json.Marshal([]any{step, value})
	check(err)
	fmt.Println(string(line))
}

func number(err error) uint16 {
	var answer *mysql.MySQLError
	if errors.As(err, &answer) {
		return answer.Number
	}
	check(err)
	return 0
}

func main() {
	db, err := open()
	check(err)
	defer db.Close()
	payload, options := `{"text": "中文 😀"}`, `{"order_no": "8973"}`
	create := func() map[string]any {
		var id int64
		var pushable bool
		check(transact(db, func(tx *sql.Tx) (err error) {
			if _, err = tx.Exec("INSERT IGNORE INTO orders (order_no) VALUES (?)", "8973"); err != nil {
				return err
			}
			id, pushable, err = createOrder(tx, "8973", payload, options)
			return err
		}))
		// The first call is the one that creates and may push.
		return map[string]any{"task_id": id, "created": toInt(pushable), "pushable": toInt(pushable)}
	}
	task := create()
	tell("created", task)
	tell("duplicate", create())

	queues, err := redis.DialURL(os.Getenv("REDIS_URL"))
	check(err)
	text := fmt.Sprintf(`{"task_id": %d, "task_attempt": 1, "text": "中文 😀"}`, task["task_id"])
	_, err = queues.Do("RPUSH", "ORDERS", text)
	check(err)
	popped, err := redis.ByteSlices(queues.Do("BLPOP", "ORDERS", 5))
	check(err)
	var message struct {
		TaskID  int64  `json:"task_id"`
		Attempt int64  `json:"task_attempt"`
		Text    string `json:"text"`
	}
	check(json.Unmarshal(popped[1], &message))
	tell("message", message)
	id := message.TaskID

	var later, created, attempt, status int64
	check(db.QueryRow("CALL qtask_delay_task(?, ?, ?, ?, ?, NULL, @task_id, @created)",
		"close order", "{}", 900, 3600, "CLOSE").Scan(&later, &created))
	tell("delayed", map[string]any{"task_id": later, "created": created})
	tell("many", createMany(db, `[
		{"name": "mail", "payload": {"to": "a@b.c"}, "interval": 60, "queue": "MAIL"},
		{"name": "mail", "payload": {"to": "d@e.f"}, "interval": 60, "queue": "MAIL", "delay": 60}]`))

	receive := "CALL qtask_receive_task(?, ?, ?, @attempt, @payload)"
	var own json.RawMessage
	tell("wrong queue", number(db.QueryRow(receive, id, message.Attempt, "MAIL").Scan(&attempt, &own)))
	check(db.QueryRow(receive, id, message.Attempt, "ORDERS").Scan(&attempt, &own))
	tell("received", map[string]any{"attempt": attempt, "payload": own})
	tell("taken", number(db.QueryRow(receive, id, message.Attempt, "ORDERS").Scan(&attempt, &own)))
	fail := "CALL qtask_fail_task(?, ?, ?, ?, @status)"
	check(db.QueryRow(fail, id, 1, "no answer", 0).Scan(&status))
	tell("failed", map[string]any{"status": status})
	tell("not processing", number(db.QueryRow(fail, id, 1, "no answer", 0).Scan(&status)))
	start := "CALL qtask_start_task(?, ?, @attempt)"
	check(db.QueryRow(start, id, 2).Scan(&attempt))
	tell("started again", map[string]any{"attempt": attempt})
	_, err = db.Exec("CALL qtask_extend_task(?, ?, NULL)", id, 2)
	check(err)
	tell("extended", []any{})
	bind := func(tx *sql.Tx) error {
		_, err := tx.Exec("UPDATE orders SET bound = bound + 1 WHERE order_no = ?", "8973")
		return err
	}
	done, err := once(db, id, 2, bind)
	check(err)
	tell("done", done)
	done, err = once(db, id, 2, bind)
	check(err)
	tell("repeated", done)
	var bound, waiting int64
	check(db.QueryRow("SELECT bound FROM orders WHERE order_no = ?", "8973").Scan(&bound))
	tell("bound", bound)

	check(db.QueryRow("CALL qtask_create_task(?, ?, ?, ?, NULL, @task_id, @created, @pushable)",
		"mail", `{"to": "a@b.c"}`, 60, "STRAIGHT").Scan(&later, &created, &status))
	tell("straight", map[string]any{"task_id": later, "created": created, "pushable": status})
	took, err := take(db, `["STRAIGHT"]`, 10)
	check(err)
	tell("took", []any{map[string]any{
		"task_id": took[0].ID, "attempt": took[0].Attempt, "interval_seconds": took[0].Interval,
		"queue": took[0].Queue, "payload": json.RawMessage(took[0].Payload), "lapses": took[0].Lapses,
		"attempts_before": took[0].AttemptsBefore,
	}})
	_, err = db.Exec("CALL qtask_finish_task(?, ?)", took[0].ID, took[0].Attempt)
	check(err)
	tell("finished", []any{})
	left, err := take(db, `["STRAIGHT"]`, 10)
	check(err)
	tell("nothing", append([]any{}, make([]any, len(left))...))
	_, err = take(db, `["ORDERS"]`, 10)
	tell("not direct", number(err))

	tell("no task", number(db.QueryRow(start, 999999, nil).Scan(&attempt)))
	_, err = db.Exec("CALL qtask_create_task('n', '[]', 60, 'Q', NULL, @t, @c, @p)")
	tell("no object", number(err))
	_, err = db.Exec(`CALL qtask_create_task('n', '{}', 60, 'Q', '{"colour": 1}', @t, @c, @p)`)
	tell("no option", number(err))
	var lag float64
	check(db.QueryRow("SELECT waiting, lag_seconds FROM qtask_queue_depth WHERE queue = 'LATE'").Scan(&waiting, &lag))
	tell("lag", waiting == 1 && lag > 7 && lag < 99)
}

func createMany(db *sql.DB, tasks string) (found []map[string]any) {
	rows, err := db.Query("CALL qtask_create_tasks(?)", tasks)
	check(err)
	defer rows.Close()
	for rows.Next() {
		var id, created, pushable int64
		check(rows.Scan(&id, &created, &pushable))
		found = append(found, map[string]any{"task_id": id, "created": created, "pushable": pushable})
	}
	check(rows.Err())
	return found
}

func toInt(value bool) int {
	if value {
		return 1
	}
	return 0
}
