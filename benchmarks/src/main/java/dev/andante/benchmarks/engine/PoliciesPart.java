package dev.andante.benchmarks.engine;

import dev.andante.benchmarks.load.workload.Arrival;
import dev.andante.benchmarks.load.workload.LengthScale;
import dev.andante.benchmarks.load.workload.TraceRow;
import dev.andante.benchmarks.load.workload.Traces;
import dev.andante.engine.Engine;
import dev.andante.engine.EngineConfig;
import dev.andante.engine.Scheduling;
import dev.andante.engine.Scheduling.Policy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;

/**
 * How long requests of a trace take from arrival to last token, first come first served against
 * skip-join MLFQ, in turns. The trace keeps its order and its bursts; its lengths are scaled to
 * what this machine serves in reasonable time, its rate to a share of what the engine can do, which
 * is measured first with all requests there at once.
 */
final class PoliciesPart implements EnginePart {

  private static final List<Policy> POLICIES = List.of(Policy.FCFS, Policy.MLFQ);
  private static final Duration LIMIT = Duration.ofMinutes(30);

  /** As the artifact of FastServe has it, with which MLFQ is compared in its paper. */
  private static final int MAX_SEQUENCES = 16;

  private static final int MAX_ROWS = 512;
  private static final int BLOCKS = 4096;
  private static final int OUTPUT_LIMIT = 512;

  @Override
  public String name() {
    return "policies";
  }

  @Override
  public Map<String, String> options() {
    Map<String, String> options = new LinkedHashMap<>();
    options.put(OpenModel.OPTION, OpenModel.OPTION_TEXT);
    options.put("arrivals", "trace of arrivals and lengths, CSV or JSON lines; needed");
    options.put("requests", "how many of its requests, from the first (150)");
    options.put("scale", "what lengths are multiplied with (0.25)");
    options.put("loads", "rates as shares of what the engine can do (0.7,0.9,1.1)");
    options.put("rounds", "turns of each policy (3)");
    return options;
  }

  @Override
  public List<String> columns() {
    return List.of(
        "load",
        "policy",
        "requests",
        "rate",
        "mean_completion_ms",
        "p95_completion_ms",
        "mean_ttft_ms",
        "p95_ttft_ms",
        "mean_ratio",
        "p95_ratio");
  }

  @Override
  public void run(Map<String, String> given, Consumer<Map<String, Object>> line) {
    int rounds = Numbers.positive(given, "rounds", 3);
    double[] loads = Numbers.positiveReals(given, "loads", "0.7,0.9,1.1");
    try (OpenModel model = new OpenModel(given.getOrDefault(OpenModel.OPTION, ""))) {
      List<TraceRow> rows = rows(given, model.contextLength());
      play(model, Policy.FCFS, at(rows, Double.POSITIVE_INFINITY)); // compiles and warms up
      double capacity = capacity(play(model, Policy.FCFS, at(rows, Double.POSITIVE_INFINITY)));
      for (double load : loads) {
        measure(model, at(rows, load * capacity), load, load * capacity, rounds).forEach(line);
      }
    }
  }

  private static List<TraceRow> rows(Map<String, String> given, int contextLength) {
    String file = given.getOrDefault("arrivals", "");
    if (file.isEmpty() || !Files.isReadable(Path.of(file))) {
      throw new IllegalArgumentException(
          "--arrivals " + (file.isEmpty() ? "is needed" : file + " cannot be read"));
    }
    double scale = Numbers.positiveReals(given, "scale", "0.25")[0];
    LengthScale lengths = new LengthScale(scale, contextLength - OUTPUT_LIMIT - 1, OUTPUT_LIMIT);
    try {
      List<TraceRow> all = Traces.read(Path.of(file));
      return lengths.rows(
          all.subList(0, Math.min(all.size(), Numbers.positive(given, "requests", 150))));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The rows at this many requests a second on average, all at once if that is infinite. */
  static List<Arrival> at(List<TraceRow> rows, double rate) {
    double first = rows.getFirst().arrivalSeconds();
    double span = rows.getLast().arrivalSeconds() - first;
    double stretch = span == 0 ? 0 : rows.size() / rate / span;
    return IntStream.range(0, rows.size())
        .mapToObj(
            i ->
                new Arrival(
                    i,
                    (long) ((rows.get(i).arrivalSeconds() - first) * stretch * 1e9),
                    rows.get(i).demand()))
        .toList();
  }

  /** Requests a second. */
  private static double capacity(List<Course> courses) {
    long last = courses.stream().mapToLong(c -> c.due() + c.toLast()).max().orElseThrow();
    return courses.size() * 1e9 / last;
  }

  private static List<Map<String, Object>> measure(
      OpenModel model, List<Arrival> arrivals, double load, double rate, int rounds) {
    Map<Policy, List<List<Course>>> runs = new EnumMap<>(Policy.class);
    for (int round = 0; round < rounds; round++) {
      for (Policy policy : POLICIES) {
        runs.computeIfAbsent(policy, p -> new ArrayList<>()).add(play(model, policy, arrivals));
      }
    }
    Figures base = Figures.of(runs.getOrDefault(Policy.FCFS, List.of()));
    List<Map<String, Object>> lines = new ArrayList<>();
    runs.forEach(
        (policy, courses) -> {
          Figures figures = Figures.of(courses);
          Map<String, Object> line = new LinkedHashMap<>();
          line.put("load", load);
          line.put("policy", policy.name().toLowerCase(Locale.ROOT));
          line.put("requests", arrivals.size());
          line.put("rounds", rounds);
          line.put("rate", rate);
          line.put("mean_completion_ms", figures.mean());
          line.put("p95_completion_ms", figures.p95());
          line.put("mean_ttft_ms", figures.meanFirst());
          line.put("p95_ttft_ms", figures.p95First());
          line.put("mean_ratio", base.mean() / figures.mean());
          line.put("p95_ratio", base.p95() / figures.p95());
          lines.add(line);
        });
    return lines;
  }

  private static List<Course> play(OpenModel model, Policy policy, List<Arrival> arrivals) {
    EngineConfig config =
        OpenModel.config(BLOCKS)
            .maxBatchTokens(MAX_ROWS)
            .maxSequences(MAX_SEQUENCES)
            .maxWaiting(arrivals.size())
            .scheduling(Scheduling.DEFAULT.with(policy))
            .build();
    try (Engine engine = model.engine(config)) {
      return new Playback(engine, model.vocabulary()).play(arrivals, LIMIT);
    }
  }

  /** Medians over the rounds, in milliseconds. */
  private record Figures(double mean, double p95, double meanFirst, double p95First) {
    static Figures of(List<List<Course>> rounds) {
      List<Samples> whole = samples(rounds, Course::toLast);
      List<Samples> first = samples(rounds, Course::toFirst);
      return new Figures(
          Samples.median(whole.stream().map(Samples::mean).toList()),
          Samples.median(whole.stream().map(s -> s.quantile(0.95)).toList()),
          Samples.median(first.stream().map(Samples::mean).toList()),
          Samples.median(first.stream().map(s -> s.quantile(0.95)).toList()));
    }

    private static List<Samples> samples(List<List<Course>> rounds, ToLongFunction<Course> time) {
      return rounds.stream().map(r -> new Samples(r.stream().mapToLong(time))).toList();
    }
  }
}
