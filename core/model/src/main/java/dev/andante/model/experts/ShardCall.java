package dev.andante.model.experts;

import dev.andante.model.ExpertUnavailableException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** The groups of one layer that go to one shard. */
final class ShardCall {

  private final ExpertShard shard;
  private final List<Integer> groups = new ArrayList<>();

  ShardCall(ExpertShard shard) {
    this.shard = shard;
  }

  ExpertShard shard() {
    return shard;
  }

  /**
   * @param group index in the {@link ExpertGroups}; indices come ascending
   */
  void add(int group) {
    groups.add(group);
  }

  List<Integer> groups() {
    return groups;
  }

  CompletableFuture<float[]> send(
      ExpertTransport transport, int layer, ExpertGroups all, float[] x, int hiddenSize) {
    int[] experts = new int[groups.size()];
    int[] rowsPerExpert = new int[groups.size()];
    float[] activations = new float[entries(all) * hiddenSize];
    int at = 0;
    for (int i = 0; i < experts.length; i++) {
      int group = groups.get(i);
      experts[i] = all.experts()[group];
      rowsPerExpert[i] = all.count(group);
      for (int entry = all.offsets()[group]; entry < all.offsets()[group + 1]; entry++) {
        System.arraycopy(x, all.rows()[entry] * hiddenSize, activations, at, hiddenSize);
        at += hiddenSize;
      }
    }
    return transport.send(shard, layer, experts, rowsPerExpert, activations);
  }

  /** Puts the shard's answer where its groups belong among those of all shards. */
  void store(float[] answer, ExpertGroups all, float[] results, int hiddenSize) {
    if (answer.length != entries(all) * hiddenSize) {
      throw new ExpertUnavailableException(
          "shard "
              + shard.name()
              + " answered with "
              + answer.length
              + " numbers instead of "
              + entries(all) * hiddenSize
              + "; is it of the same version and model?");
    }
    int at = 0;
    for (int group : groups) {
      int length = all.count(group) * hiddenSize;
      System.arraycopy(answer, at, results, all.offsets()[group] * hiddenSize, length);
      at += length;
    }
  }

  private int entries(ExpertGroups all) {
    return groups.stream().mapToInt(all::count).sum();
  }
}
