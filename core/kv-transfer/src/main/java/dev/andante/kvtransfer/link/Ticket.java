package dev.andante.kvtransfer.link;

import java.nio.ByteBuffer;
import java.util.UUID;

/** Names one call to the receiver of its frames. Who knows it may send them. */
public record Ticket(UUID id) {

  /** Of a ticket on the wire. */
  public static final int BYTES = 2 * Long.BYTES;

  /** One that nobody guesses: of 122 bits of a SecureRandom. */
  static Ticket random() {
    return new Ticket(UUID.randomUUID());
  }

  /**
   * @param bytes at least {@link #BYTES}, which are taken
   */
  public static Ticket read(ByteBuffer bytes) {
    return new Ticket(new UUID(bytes.getLong(), bytes.getLong()));
  }

  /** As on the wire. */
  public ByteBuffer bytes() {
    return ByteBuffer.allocate(BYTES)
        .putLong(id.getMostSignificantBits())
        .putLong(id.getLeastSignificantBits())
        .flip();
  }
}
