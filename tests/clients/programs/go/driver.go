// guide: go-sql-driver/mysql
package main

import (
	"database/sql"
	"errors"
	"fmt"
	"os"

	"github.com/go-sql-driver/mysql"
)

func open() (*sql.DB, error) {
	return sql.Open("mysql", fmt.Sprintf(
		// interpolateParams: one round trip a call instead of three
		"%s:%s@tcp(%s:%s)/%s?interpolateParams=true&parseTime=true",
		os.Getenv("DB_USER"), os.Getenv("DB_PASSWORD"),
		os.Getenv("DB_HOST"), os.Getenv("DB_PORT"), os.Getenv("DB_NAME")))
}

// createOrder creates the task in the transaction of its order; push its message after the commit.
func createOrder(tx *sql.Tx, orderNo, payload, options string) (id int64, pushable bool, err error) {
	var created bool
	err = tx.QueryRow("CALL qtask_create_task(?, ?, ?, ?, ?, @task_id, @created, @pushable)",
		"bind order", payload, 3600, "ORDERS", options).Scan(&id, &created, &pushable)
	return id, pushable, err
}

// over tells whether the task has ended, or another consumer has it.
func over(err error) bool {
	var answer *mysql.MySQLError
	if !errors.As(err, &answer) {
		return false
	}
	switch answer.Number {
	case 20106, 20107, 20108, 20109, 20116:
		return true
	}
	return false
}

type task struct {
	ID, Attempt, Interval, Lapses, AttemptsBefore int64
	Queue, Payload                                string
}

// take starts due tasks of direct queues, a JSON array of names. It waits for them up to a second.
func take(db *sql.DB, queues string, limit int) (tasks []task, err error) {
	rows, err := db.Query("CALL qtask_take_tasks(?, ?, ?, ?, NULL, @redis)", "go-1", queues, limit, 1000)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	rows.NextResultSet() // the first one names the queues that are not direct
	for rows.Next() {
		var t task
		err := rows.Scan(&t.ID, &t.Attempt, &t.Interval, &t.Queue, &t.Payload, &t.Lapses, &t.AttemptsBefore)
		if err != nil {
			return tasks, err
		}
		tasks = append(tasks, t)
	}
	return tasks, rows.Err()
}

// once does the work and ends its task in one transaction; it tells whether this call has done it.
func once(db *sql.DB, taskID, attempt int64, work func(*sql.Tx) error) (bool, error) {
	for tries := 1; ; tries++ {
		err := transact(db, func(tx *sql.Tx) error {
			if err := work(tx); err != nil {
				return err
			}
			_, err := tx.Exec("CALL qtask_finish_task_once(?, ?)", taskID, attempt)
			return err
		})
		if over(err) {
			return false, nil // 20116: an earlier try had committed
		}
		if err == nil || tries == 3 {
			return err == nil, err
		}
	}
}

func transact(db *sql.DB, work func(*sql.Tx) error) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	if err := work(tx); err != nil {
		return err
	}
	return tx.Commit()
}
// end
