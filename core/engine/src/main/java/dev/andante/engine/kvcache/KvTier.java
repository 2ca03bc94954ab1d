package dev.andante.engine.kvcache;

/** Where the content of a block with a name can be. */
public enum KvTier {
  /** In a block of the pool, where kernels read it. */
  POOL,
  /** In memory of the host beside the pool. */
  HOST,
  /** In a file. */
  DISK
}
