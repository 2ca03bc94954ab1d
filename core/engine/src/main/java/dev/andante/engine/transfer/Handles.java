package dev.andante.engine.transfer;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.LinkedHashSet;

/**
 * Names of reservations that nobody can guess, and a memory of those that expired lately.
 * Thread-safe.
 */
final class Handles {

  /** Handles remembered after they expired, to tell a late peer why. */
  private static final int EXPIRED_REMEMBERED = 1024;

  private static final int HANDLE_BYTES = 16;

  private final SecureRandom random = new SecureRandom();
  private final LinkedHashSet<String> expired = new LinkedHashSet<>(); // guarded by this

  String next() {
    byte[] bytes = new byte[HANDLE_BYTES];
    random.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  synchronized void expired(String handle) {
    expired.add(handle);
    if (expired.size() > EXPIRED_REMEMBERED) {
      expired.removeFirst();
    }
  }

  synchronized boolean hasExpired(String handle) {
    return expired.contains(handle);
  }
}
