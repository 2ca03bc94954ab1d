package dev.andante.compute.onednn;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What the processor can do, as Linux says: known without loading the library. */
final class Processor {

  private static final Path FILE = Path.of("/proc/cpuinfo");
  private static final List<String> AMX_BF16 = List.of("amx_tile", "amx_bf16");

  private static final boolean AMX = hasAmx(FILE);

  private Processor() {}

  /** Whether it multiplies tiles of bf16; false where that is not known. */
  static boolean hasAmx() {
    return AMX;
  }

  static boolean hasAmx(Path cpuinfo) {
    try {
      return hasAmx(Files.readAllLines(cpuinfo));
    } catch (IOException e) { // not Linux
      return false;
    }
  }

  private static boolean hasAmx(List<String> cpuinfo) {
    return cpuinfo.stream()
        .filter(line -> line.startsWith("flags"))
        .findFirst()
        .map(flags -> List.of(flags.split("[\\s:]+")).containsAll(AMX_BF16))
        .orElse(false);
  }
}
