package dev.andante.compute.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class HugePagesTest {

  @Test
  void memoryIsZeroedAlignedAndGoesWithItsArena() {
    Arena arena = Arena.ofShared();
    MemorySegment memory = HugePages.allocate(arena, 3_000_001);
    assertThat(memory.byteSize()).isEqualTo(3_000_001);
    assertThat(memory.address() % 64).isZero();
    for (long at : new long[] {0, 4096, 3_000_000}) {
      assertThat(memory.get(ValueLayout.JAVA_BYTE, at)).isZero();
    }
    memory.fill((byte) 7);
    assertThat(memory.get(ValueLayout.JAVA_BYTE, 3_000_000)).isEqualTo((byte) 7);
    arena.close();
    assertThatThrownBy(() -> memory.get(ValueLayout.JAVA_BYTE, 0))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void whatTheSystemDoesNotHaveIsAnError() {
    try (Arena arena = Arena.ofShared()) {
      assertThatThrownBy(() -> HugePages.allocate(arena, Long.MAX_VALUE / 2))
          .isInstanceOf(OutOfMemoryError.class);
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void theSystemIsAskedForHugePagesAndGetsTheMemoryBack() throws IOException {
    Arena arena = Arena.ofShared();
    MemorySegment memory = HugePages.allocate(arena, 5 * HugePages.PAGE);
    String start = Long.toHexString(memory.address());
    assertThat(memory.address() % HugePages.PAGE).isZero();
    assertThat(flagsOf(start)).as("hg = huge pages advised").contains("hg");
    arena.close();
    assertThat(Files.readAllLines(Path.of("/proc/self/maps")))
        .noneMatch(line -> line.startsWith(start + "-"));
  }

  /** The flags of the mapping that begins there. */
  private static List<String> flagsOf(String start) throws IOException {
    List<String> lines = Files.readAllLines(Path.of("/proc/self/smaps"));
    boolean here = false;
    for (String line : lines) {
      if (line.startsWith(start + "-")) {
        here = true;
      } else if (here && line.startsWith("VmFlags:")) {
        return List.of(line.split("\\s+"));
      }
    }
    throw new AssertionError("no mapping begins at " + start);
  }

  @Test
  void slabsGivePiecesSideBySide() {
    try (Arena arena = Arena.ofShared()) {
      Slabs slabs = new Slabs(arena);
      MemorySegment first = slabs.allocate(100, 64);
      MemorySegment second = slabs.allocate(10, 64);
      assertThat(second.address() - first.address()).isEqualTo(128);
      MemorySegment large = slabs.allocate(40 << 20, 64);
      assertThat(large.byteSize()).isEqualTo(40 << 20);
      MemorySegment third = slabs.allocate(1, 4096);
      assertThat(third.address() % 4096).isZero();
      second.fill((byte) 1);
      large.fill((byte) 2);
      third.fill((byte) 3);
      assertThat(first.get(ValueLayout.JAVA_BYTE, 99)).isZero();
      assertThat(second.get(ValueLayout.JAVA_BYTE, 9)).isEqualTo((byte) 1);
    }
  }
}
