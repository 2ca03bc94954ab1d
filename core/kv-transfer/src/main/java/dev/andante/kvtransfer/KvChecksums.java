package dev.andante.kvtransfer;

import dev.andante.engine.Attempt;
import dev.andante.engine.PromptTokens;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/**
 * CRC-32C of everything a frame says, so that damage is noticed wherever it hits: KV in the wrong
 * place and penalties for the wrong tokens are as bad as wrong KV. Integers are little endian.
 */
public final class KvChecksums {

  private static final int RUN_HEADER = Long.BYTES + 4 * Integer.BYTES;

  private KvChecksums() {}

  /** Of a run; the payload's remaining bytes stay remaining. */
  static int of(
      long sequence, int firstToken, int tokens, int firstLayer, int layers, ByteBuffer payload) {
    ByteBuffer header =
        littleEndian(RUN_HEADER)
            .putLong(sequence)
            .putInt(firstToken)
            .putInt(tokens)
            .putInt(firstLayer)
            .putInt(layers);
    CRC32C crc = new CRC32C();
    crc.update(header.flip());
    crc.update(payload.duplicate());
    return (int) crc.getValue();
  }

  /** Of what a transfer is opened with. */
  public static int of(Attempt attempt, PromptTokens prompt) {
    byte[] id = attempt.requestId().getBytes(StandardCharsets.UTF_8);
    ByteBuffer all =
        littleEndian(id.length + (2 + prompt.ids().length) * Integer.BYTES)
            .put(id)
            .putInt(attempt.epoch())
            .putInt(prompt.generated());
    for (int token : prompt.ids()) {
      all.putInt(token);
    }
    CRC32C crc = new CRC32C();
    crc.update(all.flip());
    return (int) crc.getValue();
  }

  private static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
