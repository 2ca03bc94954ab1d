package dev.andante.benchmarks.engine;

import dev.andante.engine.kvcache.BlockPool;
import dev.andante.engine.kvcache.BlockTable;
import dev.andante.engine.kvcache.PrefixCache;
import dev.andante.engine.kvcache.PrefixCachePolicy;
import dev.andante.engine.kvcache.RecomputeCost;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/**
 * What the heap holds for KV blocks beside their content, under each eviction policy: of a pool in
 * which nothing has been computed, and when all blocks have names and belong to sequences, whose
 * tables are counted too.
 */
final class MetadataPart implements EnginePart {

  private static final int BLOCK_TOKENS = 16;
  private static final int SEQUENCE_BLOCKS = 32;
  private static final RecomputeCost COST = RecomputeCost.of(1_000_000, 1, 64, BLOCK_TOKENS);

  @Override
  public String name() {
    return "metadata";
  }

  @Override
  public Map<String, String> options() {
    return Map.of("metadata-blocks", "of the pool that is weighed (128000)");
  }

  @Override
  public List<String> columns() {
    return List.of("policy", "blocks", "empty_bytes_per_1k_blocks", "bytes_per_1k_blocks");
  }

  @Override
  public void run(Map<String, String> given, Consumer<Map<String, Object>> line) {
    int blocks = Numbers.positive(given, "metadata-blocks", 128_000);
    for (PrefixCachePolicy policy : PrefixCachePolicy.values()) {
      weigh(policy, SEQUENCE_BLOCKS); // classes are loaded and constants made
      line.accept(weigh(policy, blocks));
    }
  }

  private static Map<String, Object> weigh(PrefixCachePolicy policy, int blocks) {
    int[] tokens = new int[SEQUENCE_BLOCKS * BLOCK_TOKENS];
    long before = used();
    BlockPool pool = new BlockPool(blocks, policy.create(blocks, COST));
    PrefixCache cache = new PrefixCache(pool, BLOCK_TOKENS, "m", (_, _) -> {}, true);
    long empty = used();
    List<BlockTable> tables = fill(cache, pool, tokens);
    long full = used();
    tables.forEach(BlockTable::releaseAll);
    pool.checkIntegrity(new int[blocks]);
    cache.close();
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("policy", policy.name().toLowerCase(Locale.ROOT));
    line.put("blocks", blocks);
    line.put("empty_bytes_per_1k_blocks", 1000 * (empty - before) / blocks);
    line.put("bytes_per_1k_blocks", 1000 * (full - before) / blocks);
    return line;
  }

  /** Sequences that have nothing in common, until all blocks are theirs. */
  private static List<BlockTable> fill(PrefixCache cache, BlockPool pool, int[] tokens) {
    List<BlockTable> tables = new ArrayList<>();
    for (int first = 1; pool.free() >= SEQUENCE_BLOCKS; first++) {
      tokens[0] = first;
      BlockTable table = new BlockTable(pool, BLOCK_TOKENS);
      if (cache.open(table, tokens, tokens.length, 0) != 0) {
        throw new IllegalStateException("sequence " + first + " was known, or had no room");
      }
      cache.publish(table, tokens, tokens.length);
      tables.add(table);
    }
    return tables;
  }

  /** Bytes of the heap that are reachable. */
  private static long used() {
    Runtime runtime = Runtime.getRuntime();
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 2; i++) {
      System.gc();
      least = Math.min(least, runtime.totalMemory() - runtime.freeMemory());
    }
    return least;
  }
}
