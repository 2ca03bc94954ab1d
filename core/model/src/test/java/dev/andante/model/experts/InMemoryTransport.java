package dev.andante.model.experts;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/** Shards in this process; a shard may be lost, hang or answer nonsense. */
final class InMemoryTransport implements ExpertTransport {

  enum Fault {
    /** Not listed any more. */
    GONE,
    /** Listed, but the connection breaks. */
    BROKEN,
    /** As BROKEN, but noticed at once. */
    CLOSED,
    /** Never answers. */
    SILENT,
    /** Answers with too few numbers. */
    SHORT
  }

  final AtomicInteger sent = new AtomicInteger();
  final Map<String, Integer> rows = new LinkedHashMap<>();
  final List<List<String>> requests = new ArrayList<>();
  boolean closed;
  private final Map<String, ExpertShardModel> shards = new LinkedHashMap<>();
  private final Map<String, Fault> faults = new LinkedHashMap<>();

  InMemoryTransport(ExpertShardModel... models) {
    for (ExpertShardModel model : models) {
      shards.put("shard-" + shards.size(), model);
    }
  }

  void fail(String shard, Fault fault) {
    faults.put(shard, fault);
  }

  void heal(String shard) {
    faults.remove(shard);
  }

  @Override
  public List<ExpertShard> shards() {
    return shards.entrySet().stream()
        .filter(shard -> faults.get(shard.getKey()) != Fault.GONE)
        .map(shard -> new ExpertShard(shard.getKey(), shard.getValue().experts()))
        .toList();
  }

  @Override
  public CompletableFuture<float[]> send(
      ExpertShard shard, int layer, int[] experts, int[] rowsPerExpert, float[] activations) {
    sent.incrementAndGet();
    requests.add(PassContext.current().requests());
    rows.merge(shard.name(), Arrays.stream(rowsPerExpert).sum(), Integer::sum);
    return switch (faults.get(shard.name())) {
      case null ->
          CompletableFuture.completedFuture(
              Objects.requireNonNull(shards.get(shard.name()))
                  .compute(layer, experts, rowsPerExpert, activations));
      case SILENT -> new CompletableFuture<>();
      case SHORT -> CompletableFuture.completedFuture(new float[1]);
      case CLOSED -> throw new IllegalStateException("channel closed");
      case GONE, BROKEN ->
          CompletableFuture.failedFuture(new IllegalStateException("connection reset"));
    };
  }

  @Override
  public void close() {
    closed = true;
    shards.values().forEach(ExpertShardModel::close);
  }
}
