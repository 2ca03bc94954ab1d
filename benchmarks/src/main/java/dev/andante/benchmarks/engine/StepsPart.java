package dev.andante.benchmarks.engine;

import dev.andante.benchmarks.load.workload.Arrival;
import dev.andante.benchmarks.load.workload.Demand;
import dev.andante.engine.Engine;
import dev.andante.engine.EngineConfig;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * What an engine does between two forward passes of running answers: choosing tokens, handing them
 * out, scheduling the next step. As long as the pass waits for it, it is what computing and
 * scheduling at once could win.
 */
final class StepsPart implements EnginePart {

  private static final Duration LIMIT = Duration.ofMinutes(10);
  private static final int BLOCKS = 2048;
  private static final int PROMPT = 16;

  @Override
  public String name() {
    return "steps";
  }

  @Override
  public Map<String, String> options() {
    Map<String, String> options = new LinkedHashMap<>();
    options.put(OpenModel.OPTION, OpenModel.OPTION_TEXT);
    options.put("streams", "answers at once, with commas between (1,8,16,64)");
    options.put("tokens", "of each answer (128)");
    return options;
  }

  @Override
  public List<String> columns() {
    return List.of("streams", "steps", "pass_p50_ms", "between_p50_ms", "between_p99_ms", "share");
  }

  @Override
  public void run(Map<String, String> given, Consumer<Map<String, Object>> line) {
    int tokens = Numbers.positive(given, "tokens", 128);
    int[] streams = Numbers.positives(given, "streams", "1,8,16,64");
    try (OpenModel model = new OpenModel(given.getOrDefault(OpenModel.OPTION, ""))) {
      for (int count : streams) {
        play(model, count, tokens); // compiles and warms up
        line.accept(describe(count, play(model, count, tokens)));
      }
    }
  }

  private static WatchedModel play(OpenModel model, int streams, int tokens) {
    WatchedModel watched = model.watched(streams, tokens);
    List<Arrival> arrivals =
        IntStream.range(0, streams)
            .mapToObj(i -> new Arrival(i, 0, new Demand(PROMPT, tokens)))
            .toList();
    EngineConfig config =
        OpenModel.config(BLOCKS)
            .maxBatchTokens(Math.max(256, streams))
            .maxSequences(streams)
            .maxWaiting(streams)
            .prefixCache(false)
            .build();
    try (Engine engine = model.engine(config, watched)) {
      new Playback(engine, model.vocabulary()).play(arrivals, LIMIT);
    }
    return watched;
  }

  private static Map<String, Object> describe(int streams, WatchedModel watched) {
    Samples passes = new Samples(watched.passes());
    Samples between = new Samples(watched.gaps());
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("streams", streams);
    line.put("steps", watched.passes().count());
    line.put("pass_p50_ms", passes.quantile(0.5));
    line.put("between_p50_ms", between.quantile(0.5));
    line.put("between_p99_ms", between.quantile(0.99));
    line.put("share", between.mean() / (between.mean() + passes.mean()));
    return line;
  }
}
