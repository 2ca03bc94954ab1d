package dev.andante.engine.tiers;

/** What computing KV takes, as far as that is known by now. Engine thread only. */
@FunctionalInterface
public interface RecomputeTime {

  /**
   * @param context tokens before them
   * @param tokens to compute, as part of a longer chunk
   */
  double seconds(int context, int tokens);
}
