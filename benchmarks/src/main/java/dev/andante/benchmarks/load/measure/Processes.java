package dev.andante.benchmarks.load.measure;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/** What processes cost while a load runs: cores and, where {@code /proc} tells, memory. */
public final class Processes {

  private final Map<String, Long> pids;
  private final Map<String, Duration> cpuBefore = new TreeMap<>();
  private final Map<String, Long> mostKib = new TreeMap<>();

  /**
   * @param pids process ids by name
   */
  public Processes(Map<String, Long> pids) {
    this.pids = new TreeMap<>(pids);
    this.pids.forEach((name, pid) -> cpuBefore.put(name, cpu(pid)));
    sample();
  }

  /** Notes the memory of this moment. */
  public void sample() {
    pids.forEach((name, pid) -> mostKib.merge(name, residentKib(pid), Math::max));
  }

  /**
   * Cores and most resident memory since the start.
   *
   * @param seconds since the start
   */
  public Map<String, Object> describe(double seconds) {
    sample();
    Map<String, Object> about = new LinkedHashMap<>();
    pids.forEach(
        (name, pid) -> {
          Map<String, Object> one = new LinkedHashMap<>();
          double used = cpu(pid).minus(cpuBefore.getOrDefault(name, Duration.ZERO)).toNanos() / 1e9;
          one.put("cpu_s", used);
          one.put("cores", used / seconds);
          one.put("rss_mib", mostKib.getOrDefault(name, 0L) / 1024.0);
          about.put(name, one);
        });
    return about;
  }

  /** Zero if it is gone. */
  private static Duration cpu(long pid) {
    return ProcessHandle.of(pid)
        .flatMap(process -> process.info().totalCpuDuration())
        .orElse(Duration.ZERO);
  }

  private static long residentKib(long pid) {
    try (var lines = Files.lines(Path.of("/proc", Long.toString(pid), "status"))) {
      return lines
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
          .findFirst()
          .orElse(0);
    } catch (IOException | UncheckedIOException e) {
      return 0; // it is gone, or this is no Linux
    }
  }
}
