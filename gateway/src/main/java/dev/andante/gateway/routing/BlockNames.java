package dev.andante.gateway.routing;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;

/**
 * The names of a prompt's full blocks, as workers have them ({@code worker.proto}), computed only
 * as far as somebody asks: long prompts that nobody knows cost one hash. For one thread.
 */
final class BlockNames {

  private final MessageDigest digest;
  private final int[] tokens;
  private final ByteBuffer input;
  private final int blockSize;
  private final List<BlockName> names = new ArrayList<>();

  /**
   * @param fingerprint of the model
   * @param blockSize tokens per block, at least 1
   */
  BlockNames(String fingerprint, int[] tokens, int blockSize) {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
    this.tokens = tokens;
    this.blockSize = blockSize;
    this.input = ByteBuffer.allocate(2 * Long.BYTES + blockSize * Integer.BYTES);
    names.add(name(digest.digest(fingerprint.getBytes(StandardCharsets.UTF_8))));
  }

  /** Blocks that can be found: at least one token of a prompt is always computed. */
  int count() {
    return Math.max(0, tokens.length - 1) / blockSize;
  }

  /**
   * @param index below {@link #count}
   */
  BlockName name(int index) {
    while (names.size() <= index + 1) {
      BlockName parent = names.getLast();
      int from = (names.size() - 1) * blockSize;
      input.clear().putLong(parent.high()).putLong(parent.low());
      for (int i = from; i < from + blockSize; i++) {
        input.putInt(tokens[i]);
      }
      names.add(name(digest.digest(input.array())));
    }
    return names.get(index + 1);
  }

  private static BlockName name(byte[] hash) {
    ByteBuffer bytes = ByteBuffer.wrap(hash);
    return new BlockName(bytes.getLong(), bytes.getLong());
  }
}
