package dev.andante.engine.kvcache;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * Chained names of blocks: {@code key_i = H(key_{i-1}, tokens of block i)}, and the chain starts
 * from the model (algorithms.md §5). Keeps scratch memory; belongs to one thread.
 */
final class BlockHasher {

  private final MessageDigest digest;
  private final int blockSize;
  private final ByteBuffer input;
  private final BlockKey root;

  /**
   * @param model what the content of a block depends on beside its tokens: the fingerprint
   */
  BlockHasher(String model, int blockSize) {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
    this.blockSize = blockSize;
    this.input = ByteBuffer.allocate(2 * Long.BYTES + blockSize * Integer.BYTES);
    this.root = key(digest.digest(model.getBytes(StandardCharsets.UTF_8)));
  }

  /** What stands before the first block. */
  BlockKey root() {
    return root;
  }

  /** The name of a block that follows {@code parent} and holds the tokens from {@code from} on. */
  BlockKey next(BlockKey parent, int[] tokens, int from) {
    input.clear().putLong(parent.high()).putLong(parent.low());
    for (int i = 0; i < blockSize; i++) {
      input.putInt(tokens[from + i]);
    }
    return key(digest.digest(input.array()));
  }

  private static BlockKey key(byte[] hash) {
    ByteBuffer bytes = ByteBuffer.wrap(hash);
    return new BlockKey(bytes.getLong(), bytes.getLong());
  }
}
