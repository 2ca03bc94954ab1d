package dev.andante.kvtransfer;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * KV of a run of tokens of one layer range, with what it takes to notice that it was lost or
 * damaged.
 *
 * @param sequence 0, 1, 2, … without holes
 * @param firstToken position of the first token in the prompt
 * @param tokens how many, within one block
 * @param crc32c of {@code payload}
 * @param payload in {@link KvFormat#LAYOUT} order, little endian; read only by whoever gets it
 */
public record KvRun(
    long sequence,
    int firstToken,
    int tokens,
    int firstLayer,
    int layers,
    int crc32c,
    ByteBuffer payload) {

  /** Checksum of the remaining bytes, which stay remaining. */
  public static int checksum(ByteBuffer payload) {
    CRC32C crc = new CRC32C();
    crc.update(payload.duplicate());
    return (int) crc.getValue();
  }
}
