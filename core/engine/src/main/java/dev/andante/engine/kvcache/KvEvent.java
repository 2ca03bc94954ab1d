package dev.andante.engine.kvcache;

/**
 * What an engine's prefix cache can offer has changed. Whoever replays all events of an engine in
 * order, from its start, knows the names of what each of its tiers holds; a router can then send a
 * prompt to where most of it is.
 */
public sealed interface KvEvent {

  /** Where the change is. */
  KvTier tier();

  /**
   * A block can be found by its name from now on.
   *
   * @param parent the name of what comes before it in its sequence; for a first block, a name that
   *     stands for the model
   * @param depth blocks before it
   */
  record Stored(BlockKey key, BlockKey parent, int depth, KvTier tier) implements KvEvent {}

  /** The block of that name was given up. */
  record Removed(BlockKey key, KvTier tier) implements KvEvent {}

  /** All blocks of the tier were given up. */
  record Cleared(KvTier tier) implements KvEvent {}
}
