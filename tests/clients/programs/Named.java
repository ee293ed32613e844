import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Types;

/** Passes parameters by their names, which the driver looks up in the schema. */
public class Named {
    public static void main(String[] arguments) throws Exception {
        String url = "jdbc:mariadb://" + System.getenv("DB_HOST") + ":" + System.getenv("DB_PORT") + "/"
            + System.getenv("DB_NAME") + "?allowPublicKeyRetrieval=true";
        String call = "{CALL qtask_delay_task(?, ?, ?, ?, ?, ?, ?, ?)}";
        try (Connection db = DriverManager.getConnection(url, System.getenv("DB_USER"), System.getenv("DB_PASSWORD"));
            CallableStatement statement = db.prepareCall(call)) {
            statement.setString("in_name", "n");
            statement.setString("in_payload", "{}");
            statement.setInt("in_delay", 60);
            statement.setInt("in_interval", 60);
            statement.setString("in_queue", "Q");
            statement.setString("in_options", null);
            statement.registerOutParameter("out_task_id", Types.BIGINT);
            statement.registerOutParameter("out_created", Types.INTEGER);
            statement.execute();
            System.out.println("[\"created\", " + statement.getInt("out_created") + "]");
        }
    }
}
