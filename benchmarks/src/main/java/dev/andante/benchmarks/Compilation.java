package dev.andante.benchmarks;

import java.lang.management.ManagementFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** The just-in-time compiler's work, which must not run into another side's turn. */
public final class Compilation {

  private static final long QUIET_MILLIS = 200;
  private static final long PATIENCE_MILLIS = 5_000;

  private Compilation() {}

  /** Returns when nothing has been compiled for a while, or after a few seconds all the same. */
  public static void awaitRest() {
    var compiler = ManagementFactory.getCompilationMXBean();
    if (compiler == null || !compiler.isCompilationTimeMonitoringSupported()) {
      return;
    }
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
    long before;
    do {
      before = compiler.getTotalCompilationTime();
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(QUIET_MILLIS));
    } while (compiler.getTotalCompilationTime() != before && System.nanoTime() < end);
  }
}
