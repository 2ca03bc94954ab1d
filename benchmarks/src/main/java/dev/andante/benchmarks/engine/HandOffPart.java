package dev.andante.benchmarks.engine;

import dev.andante.benchmarks.engine.Handing.Handed;
import dev.andante.benchmarks.load.workload.Arrival;
import dev.andante.benchmarks.load.workload.Demand;
import dev.andante.engine.Engine;
import dev.andante.engine.EngineConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.ToDoubleFunction;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * What it costs, and gives, to compute prompts on one engine and answers on another, each with one
 * core: how much of a hand-off is not hidden behind the computation, the time to the first token
 * beside one engine alone, and the time between tokens of answers that run while long prompts are
 * computed, beside one engine on both cores. In turns. Clients, garbage collector and network
 * threads have no core of their own.
 */
final class HandOffPart implements EnginePart {

  private static final int LIMIT_SECONDS = 600;
  private static final int STREAMS = 4;
  private static final int STREAM_PROMPT = 64;
  private static final int FIRST_GAPS = 16; // of each stream, not counted: the streams begin there

  /**
   * Of the first kind of prompt; until then much of the sender's and the receiver's code is slow.
   */
  private static final int WARM_UP_ROUNDS = 60;

  private static final int WARM_UP_ROUNDS_BESIDE = 2; // each of prompts one after the other
  private static final int BLOCKS = 1024;
  private static final int SEQUENCES = 16;

  @Override
  public String name() {
    return "handoff";
  }

  @Override
  public Map<String, String> options() {
    Map<String, String> options = new LinkedHashMap<>();
    options.put(OpenModel.OPTION, OpenModel.OPTION_TEXT);
    options.put("prompts", "tokens of the prompts that are handed on (512,2048)");
    options.put("chunk", "tokens of a chunk (256)");
    options.put("answer", "tokens of the answers that run beside (48)");
    options.put("rounds", "turns of each after some to warm up (3)");
    return options;
  }

  @Override
  public List<String> columns() {
    return List.of(
        "what",
        "way",
        "prompt",
        "prefill_ms",
        "exposed_ms",
        "exposed_share",
        "ttft_ms",
        "of_alone",
        "tpot_ms",
        "tbt_p99_ms",
        "of_undisturbed");
  }

  @Override
  public void run(Map<String, String> given, Consumer<Map<String, Object>> line) {
    int[] prompts = Numbers.positives(given, "prompts", "512,2048");
    int chunk = Numbers.positive(given, "chunk", 256);
    int answer = Numbers.positive(given, "answer", 48);
    int rounds = Numbers.positive(given, "rounds", 3);
    String path = given.getOrDefault(OpenModel.OPTION, "");
    Cores cores = new Cores();
    try (OpenModel one = new OpenModel(path, 1);
        OpenModel other = new OpenModel(path, 1);
        OpenModel both = new OpenModel(path, 2);
        Engine prefill = engine(one, chunk, cores, 0);
        Engine decode = engine(other, chunk, cores, 1);
        Handing handing = new Handing(prefill, decode, other.format(decode.kvLayout()))) {
      warmUp(prefill, handing, prompts[0], one.vocabulary());
      for (int prompt : prompts) {
        line.accept(firstTokens(prefill, handing, prompt, one.vocabulary(), rounds, cores));
      }
      int prompt = prompts[prompts.length - 1];
      try (Engine chunks = both.engine(config(chunk));
          Engine whole = both.engine(config(prompt + STREAMS))) {
        Inputs inputs = new Inputs(one.vocabulary());
        List<Way> ways =
            List.of(
                new Way("two engines, a core each", decode, p -> handing.hand(inputs.next(p))),
                new Way("one engine, both cores, chunks", chunks, p -> alone(chunks, inputs, p)),
                new Way("one engine, both cores, whole", whole, p -> alone(whole, inputs, p)));
        betweenTokens(ways, prompt, answer, rounds, one.vocabulary(), line);
      }
    }
  }

  private static Engine engine(OpenModel model, int chunk, Cores cores, int core) {
    return model.engine(config(chunk), cores.on(core));
  }

  private static EngineConfig config(int rows) {
    return OpenModel.config(BLOCKS)
        .maxBatchTokens(rows)
        .maxSequences(SEQUENCES)
        .maxWaiting(SEQUENCES)
        .prefixCache(false)
        .build();
  }

  /** Prompts that have no beginning in common; the same ones in each run. */
  private static final class Inputs {
    private final SplittableRandom random = new SplittableRandom(11);
    private final int vocabulary;

    Inputs(int vocabulary) {
      this.vocabulary = vocabulary;
    }

    synchronized int[] next(int tokens) {
      return random.ints(tokens, 0, vocabulary).toArray();
    }
  }

  /**
   * @param disturb computes a prompt of so many tokens
   */
  private record Way(String name, Engine answers, IntFunction<CompletableFuture<?>> disturb) {}

  private static CompletableFuture<?> alone(Engine engine, Inputs inputs, int prompt) {
    return Alone.first(engine, inputs.next(prompt));
  }

  private static void warmUp(Engine engine, Handing handing, int prompt, int vocabulary) {
    Inputs inputs = new Inputs(vocabulary);
    for (int round = 0; round < WARM_UP_ROUNDS; round++) {
      var _ = await(Alone.first(engine, inputs.next(prompt)));
      var _ = await(handing.hand(inputs.next(prompt)));
    }
  }

  private static Map<String, Object> firstTokens(
      Engine engine, Handing handing, int prompt, int vocabulary, int rounds, Cores cores) {
    Inputs inputs = new Inputs(vocabulary);
    List<Handed> handed = new ArrayList<>();
    List<Double> alone = new ArrayList<>();
    for (int round = -1; round < rounds; round++) { // the first one warms up
      long nanos = await(Alone.first(engine, inputs.next(prompt)));
      Handed one = await(handing.hand(inputs.next(prompt)));
      if (round >= 0) {
        alone.add(nanos / 1e6);
        handed.add(one);
      }
    }
    double ttft = median(handed, h -> h.handed() / 1e6);
    double exposed = median(handed, h -> h.receipt().exposedMicros() / 1e3);
    double computed = median(handed, h -> h.computed() / 1e6);
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("what", "ttft");
    line.put("way", "two engines, a core each");
    line.put("pinned", cores.pinned());
    line.put("prompt", prompt);
    line.put("rounds", rounds);
    line.put("kv_bytes", handed.getFirst().receipt().bytes());
    line.put("prefill_ms", computed);
    line.put("transfer_ms", median(handed, h -> h.receipt().transferMicros() / 1e3));
    line.put("exposed_ms", exposed);
    line.put("exposed_share", exposed / computed);
    line.put("ttft_alone_ms", Samples.median(alone));
    line.put("ttft_ms", ttft);
    line.put("of_alone", ttft / Samples.median(alone));
    return line;
  }

  private static void betweenTokens(
      List<Way> ways,
      int prompt,
      int answer,
      int rounds,
      int vocabulary,
      Consumer<Map<String, Object>> line) {
    Map<Way, List<Samples>> calm = new LinkedHashMap<>();
    Map<Way, List<Samples>> disturbed = new LinkedHashMap<>();
    for (int round = -WARM_UP_ROUNDS_BESIDE; round < rounds; round++) {
      for (Way way : ways) {
        Samples without = gaps(way.answers(), answer, vocabulary, null);
        Samples with = gaps(way.answers(), answer, vocabulary, () -> way.disturb().apply(prompt));
        if (round >= 0) {
          calm.computeIfAbsent(way, _ -> new ArrayList<>()).add(without);
          disturbed.computeIfAbsent(way, _ -> new ArrayList<>()).add(with);
        }
      }
    }
    for (Way way : ways) {
      double before = Samples.median(calm.get(way).stream().map(Samples::mean).toList());
      double now = Samples.median(disturbed.get(way).stream().map(Samples::mean).toList());
      Map<String, Object> result = new LinkedHashMap<>();
      result.put("what", "tpot");
      result.put("way", way.name());
      result.put("prompt", prompt);
      result.put("streams", STREAMS);
      result.put("rounds", rounds);
      result.put("tpot_undisturbed_ms", before);
      result.put("tpot_ms", now);
      result.put(
          "tbt_p99_ms",
          Samples.median(disturbed.get(way).stream().map(s -> s.quantile(0.99)).toList()));
      result.put("of_undisturbed", now / before);
      line.accept(result);
    }
  }

  /**
   * Between the tokens of answers that run, one prompt after the other being computed meanwhile.
   */
  private static Samples gaps(
      Engine engine, int answer, int vocabulary, @Nullable Disturbance prompts) {
    List<Arrival> streams = new ArrayList<>();
    for (int i = 0; i < STREAMS; i++) {
      streams.add(new Arrival(i, 0, new Demand(STREAM_PROMPT, answer)));
    }
    AtomicBoolean over = new AtomicBoolean();
    CompletableFuture<Void> beside =
        prompts == null
            ? CompletableFuture.completedFuture(null)
            : CompletableFuture.runAsync(
                () -> {
                  while (!over.get()) {
                    await(prompts.begin());
                  }
                },
                task -> Thread.ofVirtual().start(task));
    List<Course> courses;
    try {
      courses = new Playback(engine, vocabulary).play(streams, Duration.ofSeconds(LIMIT_SECONDS));
    } finally {
      over.set(true);
    }
    await(beside);
    return new Samples(courses.stream().flatMapToLong(c -> LongStream.of(c.gaps(FIRST_GAPS))));
  }

  private interface Disturbance {
    CompletableFuture<?> begin();
  }

  private static double median(List<Handed> of, ToDoubleFunction<Handed> value) {
    return Samples.median(of.stream().mapToDouble(value).boxed().toList());
  }

  private static <T> T await(CompletableFuture<T> future) {
    return future.orTimeout(LIMIT_SECONDS, TimeUnit.SECONDS).join();
  }
}
