package dev.andante.simulator.events;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Fingerprint of all that happened, in order: equal in two runs that did the same. */
public final class EventLog {

  private final MessageDigest digest;
  private final ByteBuffer entry = ByteBuffer.allocate(4 * Long.BYTES);
  private long entries;

  public EventLog() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /**
   * @param kind what happened
   * @param subject to whom
   * @param detail how
   */
  public void add(long nanos, int kind, long subject, long detail) {
    digest.update(
        entry.clear().putLong(nanos).putLong(kind).putLong(subject).putLong(detail).array());
    entries++;
  }

  public long entries() {
    return entries;
  }

  /** 64 hex digits; the log starts anew. */
  public String hash() {
    return HexFormat.of().formatHex(digest.digest());
  }
}
