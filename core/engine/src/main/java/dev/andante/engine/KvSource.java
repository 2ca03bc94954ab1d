package dev.andante.engine;

/** Whose kernels computed KV that arrives. */
public enum KvSource {
  /** Of this engine's numerics: bit for bit what it would have computed, so it may be shared. */
  EQUAL,
  /** Of other numerics: as good, in other bits; used for its own prompt and nothing else. */
  OTHER
}
