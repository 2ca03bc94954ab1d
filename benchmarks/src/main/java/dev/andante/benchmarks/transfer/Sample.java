package dev.andante.benchmarks.transfer;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/**
 * What one copy took.
 *
 * @param cpuSeconds of all threads of this process, which both ends run in, the kernel's part too
 */
public record Sample(double seconds, double cpuSeconds) {

  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  public static Sample of(KvCopy copy) {
    long cpu = SYSTEM.getProcessCpuTime();
    long start = System.nanoTime();
    copy.copy();
    long nanos = System.nanoTime() - start;
    return new Sample(nanos / 1e9, (SYSTEM.getProcessCpuTime() - cpu) / 1e9);
  }
}
