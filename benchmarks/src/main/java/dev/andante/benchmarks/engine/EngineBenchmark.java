package dev.andante.benchmarks.engine;

import dev.andante.benchmarks.options.Arguments;
import dev.andante.benchmarks.report.JsonText;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Measures parts of the engine: a JSON line for each result on standard output, and a table of them
 * on standard error at the end of each part.
 *
 * <p>{@code EngineBenchmark [--only PART,…] [--OPTION VALUE]…}
 */
public final class EngineBenchmark {

  private static final List<EnginePart> PARTS =
      List.of(
          new CachePart(),
          new TransferPart(),
          new HandOffPart(),
          new PoliciesPart(),
          new ChunkingPart(),
          new StepsPart(),
          new PrefixPart(),
          new SchedulerPart(),
          new MetadataPart());

  private EngineBenchmark() {}

  @SuppressWarnings("SystemOut")
  public static void main(String[] arguments) {
    if (List.of(arguments).contains("--help")) {
      System.out.print(usage());
      return;
    }
    try {
      Map<String, String> options = parse(arguments);
      for (EnginePart part : chosen(options.remove("only"))) {
        run(part, options);
      }
    } catch (IllegalArgumentException e) {
      System.err.println("bench engine: " + e.getMessage() + "; --help lists the options");
      System.exit(2);
    }
  }

  @SuppressWarnings("SystemOut")
  private static void run(EnginePart part, Map<String, String> options) {
    List<Map<String, Object>> lines = new ArrayList<>();
    part.run(
        options,
        result -> {
          Map<String, Object> line = new LinkedHashMap<>();
          line.put("part", part.name());
          line.putAll(result);
          lines.add(line);
          System.out.println(JsonText.of(line));
          System.out.flush();
        });
    System.err.println(TextTable.of(part.columns(), lines));
  }

  static Map<String, String> parse(String[] arguments) {
    Set<String> names = new HashSet<>(Set.of("only"));
    PARTS.forEach(part -> names.addAll(part.options().keySet()));
    Set<String> options = names.stream().map(name -> "--" + name).collect(Collectors.toSet());
    Arguments line = new Arguments(arguments, Set.of(), options);
    if (!line.words().isEmpty()) {
      throw new IllegalArgumentException("there is no option " + line.words().getFirst());
    }
    Map<String, String> given = new HashMap<>();
    names.forEach(name -> line.text("--" + name).ifPresent(value -> given.put(name, value)));
    return given;
  }

  private static List<EnginePart> chosen(@Nullable String only) {
    if (only == null) {
      return PARTS;
    }
    List<EnginePart> chosen = new ArrayList<>();
    for (String name : only.split(",")) {
      chosen.add(
          PARTS.stream()
              .filter(part -> part.name().equals(name))
              .findFirst()
              .orElseThrow(() -> new IllegalArgumentException("there is no part '" + name + "'")));
    }
    return chosen;
  }

  private static String usage() {
    return PARTS.stream()
        .map(
            part ->
                "  "
                    + part.name()
                    + "\n"
                    + part.options().entrySet().stream()
                        .map(o -> "    --%-12s %s\n".formatted(o.getKey(), o.getValue()))
                        .collect(Collectors.joining()))
        .collect(
            Collectors.joining(
                "", "usage: ./andante bench engine [--only PART,…] [OPTIONS]\nparts:\n", ""));
  }
}
