import com.alibaba.fastjson.JSON;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.CommandLineParser;
import org.apache.commons.cli.HelpFormatter;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.apache.commons.cli.ParseException;
import org.apache.rocketmq.srvutil.ServerUtil;
import org.apache.rocketmq.tools.command.MQAdminStartup;
import org.apache.rocketmq.tools.command.SubCommand;

/**
 * Says what Java's mqadmin makes of command lines, without doing what they say.
 *
 * <p>Each line of the input is a JSON list: a command's name, and its words; null stands for no
 * words, whose answer is the command's usage. Each line of the output is an object: `values` by
 * long name, or `error`, or `usage`.
 */
public final class CommandLines {
    private static final int WIDTH = 110;

    public static void main(String[] arguments) throws Exception {
        MQAdminStartup.initCommand();
        BufferedReader input =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            List<String> words = JSON.parseArray(line, String.class);
            SubCommand command = find(words.get(0));
            Options options = ServerUtil.buildCommandlineOptions(new Options());
            options = command.buildCommandlineOptions(options);
            boolean asked = words.size() == 2 && words.get(1) == null;
            Map<String, Object> told = asked
                ? usage(words.get(0), options)
                : parsed(options, words.subList(1, words.size()).toArray(new String[0]));
            System.out.println(JSON.toJSONString(
                told, com.alibaba.fastjson.serializer.SerializerFeature.WriteMapNullValue));
        }
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    private static Map<String, Object> parsed(Options options, String[] words) {
        Map<String, Object> told = new TreeMap<>();
        try {
            CommandLine found = parser().parse(options, words);
            Map<String, String> values = new TreeMap<>();
            for (Option option : found.getOptions()) {
                values.putIfAbsent(option.getLongOpt(), found.getOptionValue(option.getLongOpt()));
            }
            told.put("values", values);
        } catch (ParseException error) {
            told.put("error", error.getMessage());
        }
        return told;
    }

    /** The parser of 5.x's mqadmin, by its name: 4.9's library does not have it. */
    private static CommandLineParser parser() {
        try {
            Class<?> known = Class.forName("org.apache.commons.cli.DefaultParser");
            return (CommandLineParser) known.getDeclaredConstructor().newInstance();
        } catch (ReflectiveOperationException error) {
            throw new IllegalStateException(error);
        }
    }

    private static Map<String, Object> usage(String name, Options options) {
        StringWriter text = new StringWriter();
        HelpFormatter formatter = new HelpFormatter();
        PrintWriter writer = new PrintWriter(text);
        formatter.printHelp(writer, WIDTH, "mqadmin " + name, null, options, 1, 3, null, true);
        writer.flush();
        Map<String, Object> told = new TreeMap<>();
        told.put("usage", text.toString());
        return told;
    }

    private static SubCommand find(String name) throws Exception {
        for (Field field : MQAdminStartup.class.getDeclaredFields()) {
            if (Modifier.isStatic(field.getModifiers()) && field.getType() == List.class) {
                field.setAccessible(true);
                for (Object command : (List<?>) field.get(null)) {
                    if (((SubCommand) command).commandName().equals(name)) {
                        return (SubCommand) command;
                    }
                }
            }
        }
        throw new IllegalArgumentException("no command " + name);
    }
}
