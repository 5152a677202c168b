import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.rocketmq.client.ClientConfig;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.impl.MQClientAPIImpl;
import org.apache.rocketmq.client.impl.MQClientManager;
import org.apache.rocketmq.client.impl.factory.MQClientInstance;

/**
 * Clients that look up routes again and again, each by connections of its own, and that choose and
 * change servers as every Java client does. Says each second, as a line of JSON, what happened so
 * far. A route that lacks a broker is a failure, and one of those that a server is to blame for.
 *
 * <p>Usage: Lookups namesrv topic clients brokers pauseMillis topics renewEvery; runs until it is
 * killed. The topics are the one named if {@code topics} is 0, else {@code topic-0} and so on. A
 * client gives way to a new one after {@code renewEvery} lookups, if that is not 0.
 */
public final class Lookups {
    private static final long TIMEOUT = 3000;
    private static final AtomicInteger ASKED = new AtomicInteger();
    private static final AtomicInteger FAILED = new AtomicInteger();
    private static final AtomicInteger NO_ROUTE = new AtomicInteger();
    private static final AtomicInteger CLIENTS = new AtomicInteger();
    private static final AtomicReference<String> LAST_ERROR = new AtomicReference<>("");

    private static String namesrv;
    private static String topic;
    private static int brokers;
    private static long pause;
    private static int topics;
    private static int renewEvery;

    public static void main(String[] arguments) throws Exception {
        namesrv = arguments[0];
        topic = arguments[1];
        brokers = Integer.parseInt(arguments[3]);
        pause = Long.parseLong(arguments[4]);
        topics = Integer.parseInt(arguments[5]);
        renewEvery = Integer.parseInt(arguments[6]);
        for (int i = 0; i < Integer.parseInt(arguments[2]); i++) {
            Thread thread = new Thread(Lookups::askForEver);
            thread.setDaemon(true);
            thread.start();
        }
        while (true) {
            Thread.sleep(1000);
            String error = LAST_ERROR.get().replaceAll("[\"\\\\\\p{Cntrl}]", " ");
            System.out.println("{\"asked\":" + ASKED + ",\"failed\":" + FAILED + ",\"noRoute\":" + NO_ROUTE
                + ",\"lastError\":\"" + error + "\"}");
            System.out.flush();
        }
    }

    private static void askForEver() {
        try {
            while (true) {
                MQClientInstance client = client();
                for (int asked = 0; renewEvery == 0 || asked < renewEvery; asked++) {
                    ask(client.getMQClientAPIImpl());
                    Thread.sleep(pause);
                }
                client.shutdown();
            }
        } catch (Exception error) {
            error.printStackTrace();
            Runtime.getRuntime().halt(1);
        }
    }

    private static MQClientInstance client() throws Exception {
        ClientConfig config = new ClientConfig();
        config.setNamesrvAddr(namesrv);
        config.setInstanceName("lookups-" + CLIENTS.incrementAndGet());
        MQClientInstance client = MQClientManager.getInstance().getOrCreateMQClientInstance(config);
        client.start();
        return client;
    }

    private static void ask(MQClientAPIImpl client) {
        String name = topics == 0 ? topic : topic + "-" + ThreadLocalRandom.current().nextInt(topics);
        try {
            int found = client.getTopicRouteInfoFromNameServer(name, TIMEOUT).getBrokerDatas().size();
            if (found < brokers) {
                NO_ROUTE.incrementAndGet();
                fail("only " + found + " brokers of " + name);
            }
        } catch (MQClientException error) {
            NO_ROUTE.incrementAndGet();
            fail(error.toString());
        } catch (Exception error) {
            fail(error.toString());
        }
        ASKED.incrementAndGet();
    }

    private static void fail(String why) {
        FAILED.incrementAndGet();
        LAST_ERROR.set(why);
    }

    private Lookups() {}
}
