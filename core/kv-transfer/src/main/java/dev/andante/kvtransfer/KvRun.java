package dev.andante.kvtransfer;

import java.nio.ByteBuffer;

/**
 * KV of a run of tokens of one layer range, with what it takes to notice that it was lost or
 * damaged.
 *
 * @param sequence 0, 1, 2, … without holes
 * @param firstToken position of the first token in the prompt
 * @param tokens how many, within one block
 * @param crc32c of all the rest, see {@link KvChecksums}
 * @param payload in {@link KvFormat#LAYOUT} order, little endian, its rows coded as agreed on; read
 *     only by whoever gets it
 */
public record KvRun(
    long sequence,
    int firstToken,
    int tokens,
    int firstLayer,
    int layers,
    int crc32c,
    ByteBuffer payload) {

  /** A run with its checksum. */
  public static KvRun of(
      long sequence, int firstToken, int tokens, int firstLayer, int layers, ByteBuffer payload) {
    return new KvRun(
        sequence,
        firstToken,
        tokens,
        firstLayer,
        layers,
        KvChecksums.of(sequence, firstToken, tokens, firstLayer, layers, payload),
        payload);
  }

  /** How many tokens in how many layers, multiplied. */
  long tokenLayers() {
    return (long) tokens * layers;
  }

  /** Whether it is what was sent. */
  boolean intact() {
    return crc32c == KvChecksums.of(sequence, firstToken, tokens, firstLayer, layers, payload);
  }
}
