{#- The created tasks have their ids in the order of the input; an element that repeats an order number shares the id of
    the first one, its leader. -#}
{%- set made -%}
SELECT
        element AS place,
        IF(duplicate_id > 0, duplicate_id, {{ id_at("v_created", "leader_place") }}) AS task_id,
        is_new AS created,
        is_new AND delay IS NULL AND registered.paused_at IS NULL AND NOT registered.direct AS pushable
      FROM (
        SELECT
          element, delay, queue_id, duplicate_id, is_new,
          FIRST_VALUE(place) OVER (PARTITION BY leader ORDER BY element) AS leader_place
        FROM (
          SELECT
            element, leader, delay, queue_id, duplicate_id, is_new,
            SUM(is_new) OVER (ORDER BY element ROWS UNBOUNDED PRECEDING) AS place
          FROM (
            SELECT
              element, leader, delay, queue_id,
              {{ id_at("v_duplicates", "leader") }} AS duplicate_id,
              leader = element AND {{ id_at("v_duplicates", "leader") }} = 0 AS is_new
            FROM ({{ new_tasks("in_tasks") }}) AS given
          ) AS looked_up
        ) AS numbered
      ) AS found
      STRAIGHT_JOIN {{ p }}queue AS registered /* R3 */ ON registered.queue_id = found.queue_id
{%- endset -%}
CREATE PROCEDURE {{ p }}add_rest (
  IN in_tasks JSON,
  IN in_batch_id BIGINT,
  IN in_now {{ instant }},
  IN in_last_id BIGINT,
  IN in_own_transaction TINYINT,
  IN in_ranges TINYINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: goes on for add_tasks if the usual case is not there: tells what is wrong, registers new queues,
  creates all but duplicates, and returns the rows. Duplicates are left out, not ignored: INSERT IGNORE would
  pass over other errors, too. If one comes into being meanwhile, all is looked at again.
  */
  DECLARE v_duplicates LONGBLOB;
  DECLARE v_created LONGBLOB;
  DECLARE v_new_queues INT;
  DECLARE v_race INT DEFAULT 0;
  DECLARE v_message {{ text }};
  DECLARE v_zeros INT;
  DECLARE v_direct {{ text }};
  DECLARE v_done TINYINT DEFAULT FALSE;

  CALL {{ p }}check_new_tasks(in_tasks, v_new_queues);

  WHILE NOT v_done DO
    IF v_new_queues > 0 THEN
      CALL {{ p }}find_queues(in_tasks);
    END IF;
    {{ settled }} SELECT {{ uncut }} {{ direct_queues }}
    INTO v_direct
    FROM {{ p }}queue;
    CALL {{ p }}find_active_tasks(in_tasks, v_race > 0, in_own_transaction, v_duplicates);
    BEGIN
      DECLARE EXIT HANDLER FOR 1062
      BEGIN
        GET DIAGNOSTICS CONDITION 1 v_message = MESSAGE_TEXT;
        SET v_race = v_race + 1;
        IF v_race > {{ limit.races }} OR NOT {{ is_duplicate("v_message") }} THEN
          RESIGNAL;
        END IF;
        IF in_own_transaction THEN
          CALL {{ p }}begin_again();
        END IF;
      END;
      {{ checked }} INSERT INTO {{ p }}task (
        {{ new_task_columns }}
      )
      SELECT
        {{ new_task_values("in_batch_id", "in_now", "TRUE", payload_text) }}
      FROM (
        SELECT given.*, FIND_IN_SET(queue_id, v_direct) > 0 AS direct
        FROM ({{ new_tasks("in_tasks") }}) AS given
      ) AS given
      WHERE leader = element AND {{ id_at("v_duplicates", "element") }} = 0
      ORDER BY element;
      CALL {{ p }}forget_zeros(in_batch_id, v_zeros);
      SET v_done = v_zeros = 0;
    END;
  END WHILE;

  {{ settled }} SELECT {{ uncut }} {{ ids_by("task_id", "task_id") }}
  INTO v_created
  FROM {{ p }}task
  WHERE task_id > in_last_id AND batch_id IN (in_batch_id, in_batch_id - 1);

  IF in_ranges THEN
    {{ ranges(made) }};
  ELSE
    SELECT task_id, created, pushable
    FROM (
      {{ made }}
    ) AS found
    ORDER BY place;
  END IF;
END
