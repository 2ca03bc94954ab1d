package dev.andante.engine;

/** How a preempted request got back the KV of the full blocks that it had lost. */
public enum Resumption {
  /** Some of it was loaded from a tier below the pool. */
  SWAPPED,
  /** Some of it must be computed again, and none was loaded. */
  RECOMPUTED,
  /** The pool still had all of it. */
  KEPT
}
