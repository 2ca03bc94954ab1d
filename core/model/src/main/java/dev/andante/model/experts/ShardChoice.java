package dev.andante.model.experts;

import dev.andante.model.ExpertUnavailableException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Decides which shard computes the rows of an expert that several hold: the one with the fewest
 * rows of this layer; where that is undecided, they take turns. Any thread.
 */
final class ShardChoice {

  private final AtomicInteger turn = new AtomicInteger();

  /**
   * Returns one call for each shard that has something to do.
   *
   * @param reachable shards that answer, as far as is known
   * @param open indices of the groups to be computed, ascending
   * @param failed shards that are not asked again, by name, with what they failed with
   * @throws ExpertUnavailableException if nobody is left that holds one of the experts
   */
  List<ShardCall> of(
      List<ExpertShard> reachable,
      int layer,
      ExpertGroups groups,
      List<Integer> open,
      Map<String, ExpertUnavailableException> failed) {
    List<ExpertShard> shards = new ArrayList<>(reachable);
    shards.removeIf(shard -> failed.containsKey(shard.name()));
    Collections.rotate(shards, Math.floorMod(turn.getAndIncrement(), Math.max(1, shards.size())));
    Map<String, ShardCall> calls = new LinkedHashMap<>();
    Map<String, Integer> rows = new HashMap<>();
    for (int group : open) {
      int expert = groups.experts()[group];
      ExpertShard holder =
          shards.stream()
              .filter(shard -> shard.experts().contains(expert))
              .min(Comparator.comparingInt(shard -> rows.getOrDefault(shard.name(), 0)))
              .orElseThrow(() -> nobodyHolds(expert, layer, shards, failed));
      calls.computeIfAbsent(holder.name(), name -> new ShardCall(holder)).add(group);
      rows.merge(holder.name(), groups.count(group), Integer::sum);
    }
    return List.copyOf(calls.values());
  }

  private static ExpertUnavailableException nobodyHolds(
      int expert,
      int layer,
      List<ExpertShard> shards,
      Map<String, ExpertUnavailableException> failed) {
    if (!failed.isEmpty()) {
      return failed.values().iterator().next();
    }
    return new ExpertUnavailableException(
        "no reachable shard holds expert "
            + expert
            + " of layer "
            + layer
            + "; start an expert service for it. Reachable: "
            + shards);
  }
}
