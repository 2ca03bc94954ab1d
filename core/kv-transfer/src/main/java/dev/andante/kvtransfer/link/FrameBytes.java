package dev.andante.kvtransfer.link;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.andante.protocol.v1.KvFrame;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * How frames lie on a link: the length of the message and of the payload, four bytes each, little
 * endian, then the message without its payload, and the payload.
 */
final class FrameBytes {

  /** Of what tells how long the rest is. */
  static final int PREFIX = 2 * Integer.BYTES;

  private FrameBytes() {}

  /**
   * What goes before the payload.
   *
   * @param message has no payload
   * @param payload bytes of it
   */
  static ByteBuffer head(KvFrame message, int payload) {
    byte[] bytes = message.toByteArray();
    return ByteBuffer.allocate(PREFIX + bytes.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(bytes.length)
        .putInt(payload)
        .put(bytes)
        .flip();
  }

  /**
   * What follows a prefix.
   *
   * @param message bytes of it
   * @param payload bytes of it
   */
  record Lengths(int message, int payload) {

    /**
     * @param mostBytes of both together
     * @throws InvalidProtocolBufferException if there are more
     */
    static Lengths read(ByteBuffer prefix, int mostBytes) throws InvalidProtocolBufferException {
      prefix.order(ByteOrder.LITTLE_ENDIAN);
      Lengths lengths = new Lengths(prefix.getInt(0), prefix.getInt(Integer.BYTES));
      if (lengths.message < 0
          || lengths.payload < 0
          || (long) lengths.message + lengths.payload > mostBytes) {
        throw new InvalidProtocolBufferException(
            "a frame of "
                + Integer.toUnsignedLong(lengths.message)
                + " and "
                + Integer.toUnsignedLong(lengths.payload)
                + " bytes, where "
                + mostBytes
                + " are the most");
      }
      return lengths;
    }
  }
}
