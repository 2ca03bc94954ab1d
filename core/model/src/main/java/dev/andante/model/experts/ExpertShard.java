package dev.andante.model.experts;

import java.util.Set;

/**
 * A place that holds some experts of every layer.
 *
 * @param name tells places apart in errors: an address
 * @param experts ids held
 */
public record ExpertShard(String name, Set<Integer> experts) {

  public ExpertShard {
    experts = Set.copyOf(experts);
  }
}
