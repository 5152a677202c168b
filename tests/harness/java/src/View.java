import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.remoting.protocol.RemotingSerializable;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;

/**
 * Prints what a NameServer holds as the class behind Java's mqadmin reads it: one line of JSON for
 * each server.
 *
 * <p>Usage: View SERVERS NAMESPACES TOPICS, each a list with `;` between its members.
 */
public final class View {
    private static final int TOPIC_NOT_EXIST = 17;
    private static final int QUERY_NOT_FOUND = 22;

    private interface Reading {
        Object read() throws Exception;
    }

    public static void main(String[] arguments) {
        int code = 1;
        try {
            for (String server : list(arguments[0])) {
                Object view = view(server, list(arguments[1]), list(arguments[2]));
                System.out.println(RemotingSerializable.toJson(view, false));
            }
            code = 0;
        } catch (Throwable error) {
            error.printStackTrace();
        }
        System.out.flush();
        // The client's threads would keep a failed program running.
        Runtime.getRuntime().halt(code);
    }

    private static Object view(String server, String[] namespaces, String[] topics) throws Exception {
        DefaultMQAdminExt admin = new DefaultMQAdminExt();
        admin.setNamesrvAddr(server);
        admin.setInstanceName("view-" + System.nanoTime());
        admin.start();
        Map<String, Object> kv = new TreeMap<>();
        for (String namespace : namespaces) {
            kv.put(namespace, orNull(() -> admin.getKVListByNamespace(namespace).getTable()));
        }
        Map<String, Object> routes = new TreeMap<>();
        for (String topic : topics) {
            routes.put(topic, orNull(() -> admin.examineTopicRouteInfo(topic)));
        }
        Map<String, Object> view = new TreeMap<>();
        view.put("kv", kv);
        view.put("routes", routes);
        view.put("topics", admin.fetchAllTopicList().getTopicList());
        view.put("cluster", admin.examineBrokerClusterInfo());
        view.put("config", admin.getNameServerConfig(Arrays.asList(server)).get(server));
        return view;
    }

    /** What is read, or null if the server says that there is no such thing. */
    private static Object orNull(Reading reading) throws Exception {
        try {
            return reading.read();
        } catch (MQClientException error) {
            if (error.getResponseCode() == TOPIC_NOT_EXIST || error.getResponseCode() == QUERY_NOT_FOUND) {
                return null;
            }
            throw error;
        }
    }

    private static String[] list(String text) {
        return text.isEmpty() ? new String[0] : text.split(";");
    }

    private View() {}
}
