import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.consumer.DefaultLitePullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyContext;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;

/**
 * Produces or consumes numbered messages and prints one line of JSON with what happened, or prints
 * a KV entry as the class behind mqadmin reads it. A producer says first when it began.
 *
 * <p>Usage: Traffic produce|push|lite-pull|kv key=value...; exit code 0 if all of it was done in
 * time.
 */
public final class Traffic {
    public static void main(String[] arguments) {
        int code = 1;
        try {
            Map<String, String> options = options(arguments);
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(number(options, "deadline"));
            code = run(arguments[0], options, end);
        } catch (Throwable error) {
            error.printStackTrace();
        }
        System.out.flush();
        // The client's threads would keep a failed program running.
        Runtime.getRuntime().halt(code);
    }

    private static int run(String mode, Map<String, String> options, long end) throws Exception {
        switch (mode) {
            case "kv":
                return readKv(options);
            case "produce":
                return produce(options, end);
            case "push":
                return push(options, end);
            case "lite-pull":
                return litePull(options, end);
            default:
                throw new IllegalArgumentException("no such mode: " + mode);
        }
    }

    private static int readKv(Map<String, String> options) throws Exception {
        DefaultMQAdminExt admin = new DefaultMQAdminExt();
        admin.setNamesrvAddr(options.get("namesrv"));
        admin.setInstanceName("admin-" + System.nanoTime());
        admin.start();
        System.out.println(admin.getKVConfig(options.get("namespace"), options.get("key")));
        return 0;
    }

    private static int produce(Map<String, String> options, long end) throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer(options.get("group"));
        producer.setNamesrvAddr(options.get("namesrv"));
        producer.setInstanceName("producer-" + System.nanoTime());
        producer.start();
        int count = number(options, "count");
        int failed = 0;
        int sent = 0;
        String lastError = "";
        while (sent < count && System.nanoTime() < end) {
            byte[] body = Integer.toString(sent).getBytes(StandardCharsets.UTF_8);
            try {
                Message message = new Message(options.get("topic"), body);
                if (producer.send(message).getSendStatus() == SendStatus.SEND_OK) {
                    sent++;
                    if (sent == 1) {
                        System.out.println("the first message is stored");
                    }
                    Thread.sleep(number(options, "pause"));
                    continue;
                }
            } catch (InterruptedException error) {
                throw error;
            } catch (Exception error) {
                lastError = error.toString();
            }
            failed++;
            Thread.sleep(200);
        }
        System.out.println("{\"sent\":" + sent + ",\"failed\":" + failed + ",\"lastError\":" + quoted(lastError) + "}");
        return sent == count ? 0 : 1;
    }

    private static int push(Map<String, String> options, long end) throws Exception {
        int count = number(options, "count");
        Set<String> bodies = ConcurrentHashMap.newKeySet();
        AtomicInteger received = new AtomicInteger();
        CountDownLatch done = new CountDownLatch(1);
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(options.get("group"));
        consumer.setNamesrvAddr(options.get("namesrv"));
        consumer.setInstanceName("consumer-" + System.nanoTime());
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(options.get("topic"), "*");
        consumer.registerMessageListener(new MessageListenerConcurrently() {
            @Override
            public ConsumeConcurrentlyStatus consumeMessage(
                    List<MessageExt> messages, ConsumeConcurrentlyContext context) {
                for (MessageExt message : messages) {
                    received.incrementAndGet();
                    bodies.add(new String(message.getBody(), StandardCharsets.UTF_8));
                }
                if (bodies.size() >= count) {
                    done.countDown();
                }
                return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
            }
        });
        consumer.start();
        boolean all = done.await(end - System.nanoTime(), TimeUnit.NANOSECONDS);
        // Tells the broker what was consumed, so that the group's next consumer goes on from there.
        consumer.shutdown();
        System.out.println("{\"received\":" + received + ",\"distinct\":" + bodies.size() + "}");
        return all ? 0 : 1;
    }

    private static int litePull(Map<String, String> options, long end) throws Exception {
        int count = number(options, "count");
        Set<String> bodies = new HashSet<>();
        int received = 0;
        DefaultLitePullConsumer consumer = new DefaultLitePullConsumer(options.get("group"));
        consumer.setNamesrvAddr(options.get("namesrv"));
        consumer.setInstanceName("consumer-" + System.nanoTime());
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(options.get("topic"), "*");
        consumer.start();
        while (bodies.size() < count && System.nanoTime() < end) {
            for (MessageExt message : consumer.poll(500)) {
                received++;
                bodies.add(new String(message.getBody(), StandardCharsets.UTF_8));
            }
        }
        consumer.commitSync();
        consumer.shutdown();
        System.out.println("{\"received\":" + received + ",\"distinct\":" + bodies.size() + "}");
        return bodies.size() >= count ? 0 : 1;
    }

    private static Map<String, String> options(String[] arguments) {
        Map<String, String> options = new HashMap<>();
        for (int i = 1; i < arguments.length; i++) {
            String[] parts = arguments[i].split("=", 2);
            options.put(parts[0], parts[1]);
        }
        return options;
    }

    private static int number(Map<String, String> options, String key) {
        return Integer.parseInt(options.get(key));
    }

    private static String quoted(String text) {
        StringBuilder json = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                json.append('\\').append(c);
            } else {
                json.append(c < ' ' ? ' ' : c);
            }
        }
        return json.append('"').toString();
    }

    private Traffic() {}
}
