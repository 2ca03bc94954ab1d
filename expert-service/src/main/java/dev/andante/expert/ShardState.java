package dev.andante.expert;

import dev.andante.model.experts.ExpertShardModel;

/**
 * What the process holds.
 *
 * <pre>Loading → Loaded | Dense → Lost</pre>
 */
sealed interface ShardState {

  /** Nothing yet. */
  record Loading(String what) implements ShardState {}

  /** Experts. */
  record Loaded(ExpertShardModel shard) implements ShardState {}

  /** The model has none. */
  record Dense(String fingerprint) implements ShardState {}

  /** Experts whose device is gone; the process must be replaced. */
  record Lost(String why) implements ShardState {}
}
