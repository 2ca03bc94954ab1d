package dev.andante.benchmarks.transfer;

/** A way of copying the KV of one prompt from one memory to another. */
public interface KvCopy extends AutoCloseable {

  /** Copies it once; returns when the receiver has said that it has everything. */
  void copy();

  @Override
  void close();
}
