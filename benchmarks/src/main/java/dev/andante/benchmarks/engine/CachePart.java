package dev.andante.benchmarks.engine;

import static java.util.Objects.requireNonNull;

import dev.andante.engine.kvcache.BlockKey;
import dev.andante.engine.kvcache.DiscardBit;
import dev.andante.engine.kvcache.DiscardPredictor;
import dev.andante.engine.kvcache.EvictionPolicy;
import dev.andante.engine.kvcache.PrefixCachePolicy;
import dev.andante.engine.kvcache.RecomputeCost;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Hit rates of each eviction policy and pool size on a trace, beside the optimum's. */
final class CachePart implements EnginePart {

  /** Of a model of 7 billion weights, 32 layers and 4096 elements of query. */
  private static final RecomputeCost COST =
      RecomputeCost.of(6_600_000_000L, 32, 4096, PromptTrace.BLOCK_TOKENS);

  @Override
  public String name() {
    return "cache";
  }

  @Override
  public Map<String, String> options() {
    Map<String, String> options = new LinkedHashMap<>();
    options.put("trace", "JSON lines with input_length and hash_ids, or such in .gz; needed");
    options.put("pools", "sizes of the pool in blocks of 512 tokens (500,1000,2000,5000,10000)");
    options.put("in-flight", "prompts whose blocks are in use at once (1)");
    return options;
  }

  @Override
  public List<String> columns() {
    return List.of(
        "policy",
        "pool_blocks",
        "hit_rate",
        "belady_hit_rate",
        "cost_saved",
        "eta0",
        "eta1",
        "nanos_per_block");
  }

  @Override
  public void run(Map<String, String> given, Consumer<Map<String, Object>> line) {
    PromptTrace trace = trace(given.getOrDefault("trace", ""));
    int inFlight = Numbers.positive(given, "in-flight", 1);
    int[] pools = Numbers.positives(given, "pools", "500,1000,2000,5000,10000");
    for (int blocks : pools) {
      Optimum optimum = Optimum.of(trace.uses(), blocks);
      for (PrefixCachePolicy policy : PrefixCachePolicy.values()) {
        line.accept(measure(trace, policy, blocks, inFlight, optimum));
      }
    }
  }

  private static Map<String, Object> measure(
      PromptTrace trace, PrefixCachePolicy policy, int blocks, int inFlight, Optimum optimum) {
    Map<String, Object> line = new LinkedHashMap<>();
    CacheReplay.Result result;
    if (policy == PrefixCachePolicy.LEARNED) {
      BitScore bits = new BitScore(DiscardBit.fromHistory(blocks), optimum.discards());
      CacheReplay replay = new CacheReplay(blocks, new DiscardBit(blocks, bits), inFlight);
      bits.watch(replay);
      result = replay.run(trace, COST);
      line.put("eta0", bits.wrongZeros);
      line.put("eta1", bits.wrongOnes);
    } else {
      EvictionPolicy made = policy.create(blocks, COST);
      result = new CacheReplay(blocks, made, inFlight).run(trace, COST);
      line.put("eta0", null);
      line.put("eta1", null);
    }
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("policy", policy.name().toLowerCase(Locale.ROOT));
    all.put("pool_blocks", blocks);
    all.put("in_flight", inFlight);
    all.put("requests", trace.prompts().size());
    all.put("blocks", result.blocks());
    all.put("hit_rate", (double) result.hits() / result.blocks());
    all.put("belady_hit_rate", (double) optimum.hits() / result.blocks());
    all.put("cost_saved", result.costSaved());
    all.put("refused", result.refused());
    all.putAll(line);
    all.put("nanos_per_block", result.nanosPerBlock());
    return all;
  }

  /** Counts the bits that the optimum contradicts. */
  private static final class BitScore implements DiscardPredictor {
    private final DiscardPredictor predictor;
    private final boolean[] truth;
    private @Nullable CacheReplay replay;
    private long wrongZeros;
    private long wrongOnes;

    BitScore(DiscardPredictor predictor, boolean[] truth) {
      this.predictor = predictor;
      this.truth = truth;
    }

    void watch(CacheReplay of) {
      replay = of;
    }

    @Override
    public boolean discards(BlockKey key, int depth) {
      boolean bit = predictor.discards(key, depth);
      boolean right = truth[requireNonNull(replay).firstUse() + depth];
      wrongZeros += right && !bit ? 1 : 0;
      wrongOnes += bit && !right ? 1 : 0;
      return bit;
    }
  }

  private static PromptTrace trace(String file) {
    if (file.isEmpty() || !Files.isReadable(Path.of(file))) {
      throw new IllegalArgumentException(
          "--trace " + (file.isEmpty() ? "is needed" : file + " cannot be read"));
    }
    return PromptTrace.read(Path.of(file));
  }
}
