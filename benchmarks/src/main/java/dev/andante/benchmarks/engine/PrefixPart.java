package dev.andante.benchmarks.engine;

import dev.andante.benchmarks.load.workload.Arrival;
import dev.andante.benchmarks.load.workload.Demand;
import dev.andante.engine.Engine;
import dev.andante.engine.EngineConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * What the prefix cache is worth where prompts begin with the same system prompt: first tokens with
 * it and without, in turns, each turn with an engine that has seen nothing yet. Requests come at
 * equal intervals.
 */
final class PrefixPart implements EnginePart {

  private static final Duration LIMIT = Duration.ofMinutes(10);
  private static final int BLOCKS = 4096;
  private static final int ROWS = 512;
  private static final int SEQUENCES = 64;

  @Override
  public String name() {
    return "prefix";
  }

  @Override
  public Map<String, String> options() {
    Map<String, String> options = new LinkedHashMap<>();
    options.put(OpenModel.OPTION, OpenModel.OPTION_TEXT);
    options.put("shared", "tokens of the system prompts, with commas between (512,2048)");
    options.put("own", "tokens that follow it in each prompt (64)");
    options.put("answer", "tokens of an answer (16)");
    options.put("requests", "in a turn (32)");
    options.put("interval", "milliseconds between requests (1000)");
    options.put("rounds", "turns of each way (3)");
    return options;
  }

  @Override
  public List<String> columns() {
    return List.of("cache", "shared", "own", "hit_rate", "ttft_p50_ms", "ttft_p95_ms");
  }

  @Override
  public void run(Map<String, String> given, Consumer<Map<String, Object>> line) {
    int own = Numbers.positive(given, "own", 64);
    int answer = Numbers.positive(given, "answer", 16);
    int requests = Numbers.positive(given, "requests", 32);
    int rounds = Numbers.positive(given, "rounds", 3);
    long interval = Duration.ofMillis(Numbers.positive(given, "interval", 1000)).toNanos();
    try (OpenModel model = new OpenModel(given.getOrDefault(OpenModel.OPTION, ""))) {
      for (int shared : Numbers.positives(given, "shared", "512,2048")) {
        if (shared + own + answer > model.contextLength()) {
          throw new IllegalArgumentException(
              "--shared, --own and --answer must fit into " + model.contextLength() + " tokens");
        }
        Demand demand = new Demand(shared + own, answer);
        List<Arrival> arrivals =
            IntStream.range(0, requests)
                .mapToObj(i -> new Arrival(i, i * interval, demand))
                .toList();
        play(model, true, shared, arrivals.subList(0, Math.min(4, requests))); // warms up
        Map<Boolean, List<List<Course>>> runs = new LinkedHashMap<>();
        for (int round = 0; round < rounds; round++) {
          for (boolean cache : new boolean[] {false, true}) {
            runs.computeIfAbsent(cache, _ -> new ArrayList<>())
                .add(play(model, cache, shared, arrivals));
          }
        }
        runs.forEach((cache, courses) -> line.accept(describe(cache, shared, own, courses)));
      }
    }
  }

  private static List<Course> play(
      OpenModel model, boolean cache, int shared, List<Arrival> arrivals) {
    EngineConfig config =
        OpenModel.config(BLOCKS)
            .maxBatchTokens(ROWS)
            .maxSequences(SEQUENCES)
            .maxWaiting(arrivals.size())
            .prefixCache(cache)
            .build();
    try (Engine engine = model.engine(config)) {
      return new Playback(engine, model.vocabulary(), shared).play(arrivals, LIMIT);
    }
  }

  private static Map<String, Object> describe(
      boolean cache, int shared, int own, List<List<Course>> rounds) {
    List<Samples> firsts =
        rounds.stream().map(r -> new Samples(r.stream().mapToLong(Course::toFirst))).toList();
    long cached = rounds.stream().flatMap(List::stream).mapToLong(Course::cachedTokens).sum();
    long prompts = rounds.stream().mapToLong(List::size).sum();
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("cache", cache ? "on" : "off");
    line.put("shared", shared);
    line.put("own", own);
    line.put("requests", rounds.getFirst().size());
    line.put("rounds", rounds.size());
    line.put("hit_rate", (double) cached / (prompts * (shared + own)));
    line.put("ttft_p50_ms", Samples.median(firsts.stream().map(f -> f.quantile(0.5)).toList()));
    line.put("ttft_p95_ms", Samples.median(firsts.stream().map(f -> f.quantile(0.95)).toList()));
    return line;
  }
}
