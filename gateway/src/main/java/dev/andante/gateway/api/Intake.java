package dev.andante.gateway.api;

import java.io.ByteArrayOutputStream;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;

/**
 * Takes a body in. Of one that is longer than the limit nothing is kept; the rest of it is read and
 * thrown away, up to another limit. One thread at a time.
 */
final class Intake {

  private final long mostKept;
  private final long mostRead;
  private ByteArrayOutputStream kept = new ByteArrayOutputStream();
  private long read;

  /**
   * @param mostKept the longest body that is wanted
   * @param mostRead how much of a longer one may be read
   */
  Intake(long mostKept, long mostRead) {
    this.mostKept = mostKept;
    this.mostRead = mostRead;
  }

  /** Also releases the buffer. */
  void add(DataBuffer buffer) {
    int length = buffer.readableByteCount();
    read += length;
    if (read <= mostKept) {
      byte[] bytes = new byte[length];
      buffer.read(bytes);
      kept.write(bytes, 0, length);
    } else {
      kept = new ByteArrayOutputStream(0);
    }
    DataBufferUtils.release(buffer);
  }

  boolean tooLong() {
    return read > mostKept;
  }

  /** Whether no more should be read. */
  boolean exhausted() {
    return read > mostRead;
  }

  byte[] bytes() {
    return kept.toByteArray();
  }
}
