package dev.andante.benchmarks.engine;

import dev.andante.benchmarks.load.workload.Arrival;
import dev.andante.benchmarks.load.workload.Demand;
import dev.andante.engine.Engine;
import dev.andante.engine.EngineConfig;
import dev.andante.engine.Scheduling;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.LongStream;

/**
 * What long prompts do to the answers that run beside them: whole in one step, in chunks of a fixed
 * size, and in chunks that keep to a time between tokens; in turns. The long prompts come at equal
 * intervals while the answers run.
 */
final class ChunkingPart implements EnginePart {

  private static final Duration LIMIT = Duration.ofMinutes(10);
  private static final int STREAMS = 4;
  private static final int STREAM_PROMPT = 64;
  private static final int STREAM_TOKENS = 480;
  private static final int PROMPTS = 5;
  private static final int BLOCKS = 2048;
  private static final int FIRST_GAPS = 16; // of each stream, not counted: the streams begin there

  @Override
  public String name() {
    return "chunking";
  }

  @Override
  public Map<String, String> options() {
    Map<String, String> options = new LinkedHashMap<>();
    options.put(OpenModel.OPTION, OpenModel.OPTION_TEXT);
    options.put("prompt", "tokens of the long prompts (2048)");
    options.put("chunk", "tokens of a fixed chunk (256)");
    options.put("tbt-target", "milliseconds between tokens that the third way keeps to (50)");
    options.put("interval", "milliseconds between long prompts (1500)");
    options.put("rounds", "turns of each way (3)");
    return options;
  }

  @Override
  public List<String> columns() {
    return List.of(
        "way", "streams", "prompt", "tbt_p50_ms", "tbt_p99_ms", "tbt_max_ms", "prompt_ttft_ms");
  }

  @Override
  public void run(Map<String, String> given, Consumer<Map<String, Object>> line) {
    int prompt = Numbers.positive(given, "prompt", 2048);
    int rounds = Numbers.positive(given, "rounds", 3);
    int target = Numbers.positive(given, "tbt-target", 50);
    List<Way> ways =
        List.of(
            new Way("whole", prompt + STREAMS, Duration.ZERO),
            new Way("chunks", Numbers.positive(given, "chunk", 256), Duration.ZERO),
            new Way("paced", prompt + STREAMS, Duration.ofMillis(target)));
    List<Arrival> arrivals = arrivals(prompt, Numbers.positive(given, "interval", 1500));
    try (OpenModel model = new OpenModel(given.getOrDefault(OpenModel.OPTION, ""))) {
      if (prompt >= model.contextLength()) {
        throw new IllegalArgumentException(
            "--prompt must be less than the context of " + model.contextLength() + " tokens");
      }
      play(model, ways.getFirst(), arrivals); // compiles and warms up
      Map<Way, List<List<Course>>> runs = new LinkedHashMap<>();
      for (int round = 0; round < rounds; round++) {
        for (Way way : ways) {
          runs.computeIfAbsent(way, w -> new ArrayList<>()).add(play(model, way, arrivals));
        }
      }
      runs.forEach((way, courses) -> line.accept(describe(way, prompt, courses)));
    }
  }

  /**
   * @param rows of a step at most
   * @param target time between tokens that steps keep to; 0 = none
   */
  private record Way(String name, int rows, Duration target) {}

  /** The streams at once, then the prompts. */
  static List<Arrival> arrivals(int prompt, int intervalMillis) {
    List<Arrival> arrivals = new ArrayList<>();
    for (int i = 0; i < STREAMS; i++) {
      arrivals.add(new Arrival(i, 0, new Demand(STREAM_PROMPT, STREAM_TOKENS)));
    }
    for (int i = 0; i < PROMPTS; i++) {
      long at = Duration.ofMillis(500 + (long) i * intervalMillis).toNanos();
      arrivals.add(new Arrival(STREAMS + i, at, new Demand(prompt, 1)));
    }
    arrivals.sort(Comparator.comparingLong(Arrival::atNanos));
    return arrivals;
  }

  private static List<Course> play(OpenModel model, Way way, List<Arrival> arrivals) {
    int requests = STREAMS + PROMPTS;
    EngineConfig config =
        OpenModel.config(BLOCKS)
            .maxBatchTokens(way.rows())
            .maxSequences(requests)
            .maxWaiting(requests)
            .prefixCache(false)
            .scheduling(Scheduling.DEFAULT.with(way.target()))
            .build();
    try (Engine engine = model.engine(config)) {
      return new Playback(engine, model.vocabulary()).play(arrivals, LIMIT);
    }
  }

  private static Map<String, Object> describe(Way way, int prompt, List<List<Course>> rounds) {
    List<Samples> gaps = rounds.stream().map(r -> new Samples(gaps(r))).toList();
    List<Samples> firsts =
        rounds.stream()
            .map(r -> new Samples(r.stream().skip(STREAMS).mapToLong(Course::toFirst)))
            .toList();
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("way", way.name());
    line.put("rows", way.rows());
    line.put("tbt_target_ms", way.target().toMillis());
    line.put("streams", STREAMS);
    line.put("prompt", prompt);
    line.put("rounds", rounds.size());
    line.put("tbt_p50_ms", Samples.median(gaps.stream().map(g -> g.quantile(0.5)).toList()));
    line.put("tbt_p99_ms", Samples.median(gaps.stream().map(g -> g.quantile(0.99)).toList()));
    line.put("tbt_max_ms", Samples.median(gaps.stream().map(g -> g.quantile(1)).toList()));
    line.put("prompt_ttft_ms", Samples.median(firsts.stream().map(f -> f.quantile(0.5)).toList()));
    return line;
  }

  private static LongStream gaps(List<Course> round) {
    return round.stream().limit(STREAMS).flatMapToLong(c -> LongStream.of(c.gaps(FIRST_GAPS)));
  }
}
