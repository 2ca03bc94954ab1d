package dev.andante.engine;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Room for KV below the pool.
 *
 * @param hostBytes memory for blocks that the pool gives up; 0 = none
 * @param diskBytes room on disk for blocks that this memory gives up; 0 = none
 * @param diskFolder where the file of the disk tier lies, on a local disk
 */
public record TierLimits(long hostBytes, long diskBytes, Optional<Path> diskFolder) {

  /** Nothing below the pool. */
  public static final TierLimits NONE = new TierLimits(0, 0, Optional.empty());

  public TierLimits {
    if (hostBytes < 0 || diskBytes < 0) {
      throw new IllegalArgumentException(
          "host_bytes and disk_bytes must be at least 0, not " + hostBytes + " and " + diskBytes);
    }
    if (diskBytes > 0 && hostBytes == 0) {
      throw new IllegalArgumentException(
          "disk_bytes needs host_bytes: what the host tier gives up goes to disk");
    }
    if (diskBytes > 0 && diskFolder.isEmpty()) {
      throw new IllegalArgumentException("disk_bytes needs disk_folder");
    }
  }

  /** In memory alone. */
  public static TierLimits host(long bytes) {
    return new TierLimits(bytes, 0, Optional.empty());
  }

  public boolean any() {
    return hostBytes > 0;
  }
}
