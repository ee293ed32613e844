import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
// guide: JDBC
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

public class Jdbc {
    interface Work {
        void run(Connection db) throws SQLException;
    }

    static Connection connect() throws SQLException {
        String url = "jdbc:mariadb://" + env("DB_HOST") + ":" + env("DB_PORT") + "/" + env("DB_NAME");
        url += "?allowPublicKeyRetrieval=true"; // for loopback alone; over a network useSsl=true instead
        return DriverManager.getConnection(url, env("DB_USER"), env("DB_PASSWORD"));
    }

    /** The rows of a call, the last ones if there are several kinds; none if it returns none. */
    static List<Map<String, Object>> call(Connection db, String sql, Object... values) throws SQLException {
        List<Map<String, Object>> rows = new ArrayList<>();
        try (PreparedStatement statement = db.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setObject(i + 1, values[i]);
            }
            for (boolean more = statement.execute(); more; more = statement.getMoreResults()) {
                rows.clear();
                ResultSet found = statement.getResultSet();
                while (found.next()) {
                    Map<String, Object> row = new LinkedHashMap<>();
                    for (int i = 1; i <= found.getMetaData().getColumnCount(); i++) {
                        row.put(found.getMetaData().getColumnLabel(i), found.getObject(i));
                    }
                    rows.add(row);
                }
            }
        }
        return rows;
    }

    /** The task has ended, or another consumer has it. */
    static boolean over(SQLException error) {
        return Set.of(20106, 20107, 20108, 20109, 20116).contains(error.getErrorCode());
    }

    /** The work and the end of its task in one transaction; whether this call has done it. */
    static boolean once(long taskId, long attempt, Work work) throws SQLException {
        for (int tries = 1;; tries++) {
            try (Connection db = connect()) { // closed without a commit: the server rolls back
                db.setAutoCommit(false);
                work.run(db);
                call(db, "CALL qtask_finish_task_once(?, ?)", taskId, attempt);
                db.commit();
                return true;
            } catch (SQLException error) {
                if (over(error)) {
                    return false; // 20116: an earlier try had committed
                }
                if (tries == 3) {
                    throw error;
                }
            }
        }
    }
    // end

    public static void main(String[] arguments) throws Exception {
        String create = "CALL qtask_create_task(?, ?, ?, ?, ?, @task_id, @created, @pushable)";
        Object[] order = {"bind order", "{\"text\": \"中文 😀\"}", 3600, "ORDERS", "{\"order_no\": \"8973\"}"};
        try (Connection db = connect()) {
            call(db, "INSERT INTO orders (order_no) VALUES (?)", "8973");
            Map<String, Object> task = call(db, create, order).get(0);
            tell("created", task);
            tell("duplicate", call(db, create, order).get(0));
            String message = queue("{\"task_id\": " + task.get("task_id") + ", \"task_attempt\": 1, \"text\": \"中文 😀\"}");
            tell("message", message);
            long id = number(message, "task_id");
            long announced = number(message, "task_attempt");

            tell("delayed", call(db, "CALL qtask_delay_task(?, ?, ?, ?, ?, NULL, @task_id, @created)",
                "close order", "{}", 900, 3600, "CLOSE").get(0));
            tell("many", call(db, "CALL qtask_create_tasks(?)",
                "[{\"name\": \"mail\", \"payload\": {\"to\": \"a@b.c\"}, \"interval\": 60, \"queue\": \"MAIL\"},"
                + "{\"name\": \"mail\", \"payload\": {}, \"interval\": 60, \"queue\": \"MAIL\", \"delay\": 60}]"));

            String receive = "CALL qtask_receive_task(?, ?, ?, @attempt, @payload)";
            String start = "CALL qtask_start_task(?, ?, @attempt)";
            String fail = "CALL qtask_fail_task(?, ?, ?, ?, @status)";
            tell("wrong queue", refusal(db, receive, id, announced, "MAIL"));
            tell("received", call(db, receive, id, announced, "ORDERS").get(0));
            tell("taken", refusal(db, receive, id, announced, "ORDERS"));
            tell("failed", call(db, fail, id, 1, "no answer", 0).get(0));
            tell("not processing", refusal(db, fail, id, 1, "no answer", 0));
            tell("started again", call(db, start, id, 2).get(0));
            tell("extended", call(db, "CALL qtask_extend_task(?, ?, NULL)", id, 2));
            Work bind = (other) -> call(other, "UPDATE orders SET bound = bound + 1 WHERE order_no = ?", "8973");
            tell("done", once(id, 2, bind));
            tell("repeated", once(id, 2, bind));
            tell("bound", call(db, "SELECT bound FROM orders WHERE order_no = ?", "8973").get(0).get("bound"));

            tell("straight", call(db, create, "mail", "{\"to\": \"a@b.c\"}", 60, "STRAIGHT", null).get(0));
            String take = "CALL qtask_take_tasks('java-1', ?, 10, 0, NULL, @redis)";
            Map<String, Object> took = call(db, take, "[\"STRAIGHT\"]").get(0);
            took.put("queue", "\"" + took.get("queue") + "\"");
            tell("took", List.of(took));
            String finish = "CALL qtask_finish_task(?, ?)";
            tell("finished", call(db, finish, took.get("task_id"), took.get("attempt")));
            tell("nothing", call(db, take, "[\"STRAIGHT\"]"));
            tell("not direct", refusal(db, take, "[\"ORDERS\"]"));

            tell("no task", refusal(db, start, 999999, null));
            tell("no object", refusal(db, create, "n", "[]", 60, "Q", null));
            tell("no option", refusal(db, create, "n", "{}", 60, "Q", "{\"colour\": 1}"));
            Map<String, Object> depth = call(db,
                "SELECT waiting, lag_seconds FROM qtask_queue_depth WHERE queue = 'LATE'").get(0);
            double lag = ((Number) depth.get("lag_seconds")).doubleValue();
            tell("lag", ((Number) depth.get("waiting")).intValue() == 1 && lag > 7 && lag < 99);
        }
    }

    static String env(String name) {
        return System.getenv(name);
    }

    static int refusal(Connection db, String sql, Object... values) {
        try {
            call(db, sql, values);
        } catch (SQLException error) {
            return error.getErrorCode();
        }
        return 0;
    }

    static long number(String message, String key) {
        Matcher found = Pattern.compile("\"" + key + "\": (\\d+)").matcher(message);
        found.find();
        return Long.parseLong(found.group(1));
    }

    static void tell(String step, Object value) {
        System.out.println("[\"" + step + "\", " + json(value) + "]");
    }

    static String json(Object value) {
        if (value instanceof List<?> list) {
            return list.stream().map(Jdbc::json).toList().toString();
        }
        if (value instanceof Map<?, ?> map) {
            List<String> pairs = new ArrayList<>();
            map.forEach((key, found) -> pairs.add("\"" + key + "\": " + json(found)));
            return "{" + String.join(", ", pairs) + "}";
        }
        return String.valueOf(value);
    }

    /** Pushes a message and takes it again, in the protocol of Redis: a client library is not the matter here. */
    static String queue(String message) throws Exception {
        URI url = URI.create(env("REDIS_URL"));
        try (Socket redis = new Socket(url.getHost(), url.getPort())) {
            send(redis, "AUTH", url.getUserInfo().split(":", 2)[1]);
            send(redis, "RPUSH", "ORDERS", message);
            send(redis, "LPOP", "ORDERS");
            InputStream in = redis.getInputStream();
            line(in); // +OK
            line(in); // :1
            byte[] text = in.readNBytes(Integer.parseInt(line(in).substring(1)));
            return new String(text, StandardCharsets.UTF_8);
        }
    }

    static void send(Socket redis, String... words) throws Exception {
        StringBuilder command = new StringBuilder("*" + words.length + "\r\n");
        for (String word : words) {
            command.append("$" + word.getBytes(StandardCharsets.UTF_8).length + "\r\n" + word + "\r\n");
        }
        redis.getOutputStream().write(command.toString().getBytes(StandardCharsets.UTF_8));
    }

    static String line(InputStream in) throws Exception {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            line.append((char) c);
        }
        return line.toString().strip();
    }
}
