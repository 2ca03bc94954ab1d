package dev.andante.engine.tiers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.engine.kvcache.BlockKey;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskFileTest {

  private static final int PAYLOAD = 5000;
  private static final BlockKey KEY = new BlockKey(1, -2);

  @TempDir Path folder;

  private static MemorySegment buffer(DiskFile file, int seed) {
    MemorySegment buffer = Arena.ofAuto().allocate(file.bufferBytes(), 8);
    MemorySegment payload = file.payload(buffer);
    for (int i = 0; i < PAYLOAD; i++) {
      payload.set(ValueLayout.JAVA_BYTE, i, (byte) (i * 31 + seed));
    }
    return buffer;
  }

  private static byte[] payload(DiskFile file, MemorySegment buffer) {
    return file.payload(buffer).toArray(ValueLayout.JAVA_BYTE);
  }

  private static void write(DiskFile file, int slot, int seed) throws IOException {
    file.write(slot, KEY, buffer(file, seed));
  }

  private static boolean reads(DiskFile file, int slot, int seed) throws IOException {
    MemorySegment into = Arena.ofAuto().allocate(file.bufferBytes(), 8);
    if (!file.read(slot, KEY, into)) {
      return false;
    }
    assertThat(payload(file, into)).isEqualTo(payload(file, buffer(file, seed)));
    return true;
  }

  @Test
  void givesBackWhatItWasGiven() throws IOException {
    try (DiskFile file = DiskFile.create(folder, PAYLOAD)) {
      write(file, 2, 1);
      write(file, 0, 2);
      write(file, 1, 3);
      write(file, 0, 4);
      assertThat(reads(file, 0, 4) && reads(file, 1, 3) && reads(file, 2, 1)).isTrue();
    }
  }

  @Test
  void anotherNameOrSlotIsNotTakenForIt() throws IOException {
    try (DiskFile file = DiskFile.create(folder, PAYLOAD)) {
      write(file, 3, 1);
      MemorySegment into = buffer(file, 0);
      assertThat(file.read(3, new BlockKey(1, 2), into)).isFalse();
      assertThat(file.read(2, KEY, into)).as("never written").isFalse();
      assertThat(file.read(9, KEY, into)).as("behind the end").isFalse();
    }
  }

  @Test
  void anyDamagedByteIsNoticed() throws IOException {
    try (DiskFile file = DiskFile.create(folder, PAYLOAD);
        FileChannel raw =
            FileChannel.open(file.path(), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      write(file, 1, 1);
      long start = DiskFile.slotBytes(PAYLOAD);
      for (long at : List.of(0L, 4L, 8L, 23L, 24L, 32L, 3000L, file.bufferBytes() - 1)) {
        ByteBuffer one = ByteBuffer.allocate(1);
        raw.read(one, start + at);
        raw.write(ByteBuffer.wrap(new byte[] {(byte) (one.get(0) ^ 4)}), start + at);
        assertThat(reads(file, 1, 1)).as("byte %d", at).isFalse();
        raw.write(one.flip(), start + at);
        assertThat(reads(file, 1, 1)).isTrue();
      }
      raw.truncate(start + file.bufferBytes() - 1);
      assertThat(reads(file, 1, 1)).as("cut short").isFalse();
      raw.truncate(0);
      assertThat(reads(file, 1, 1)).as("emptied").isFalse();
    }
  }

  @Test
  void filesOfDeadProcessesAreDeletedAndNoOthers() throws IOException {
    Path dead = Files.writeString(folder.resolve("andante-kv-1-5-x.tier"), "left behind");
    Path other = Files.writeString(folder.resolve("andante-kv.txt"), "not ours");
    try (DiskFile first = DiskFile.create(folder, PAYLOAD)) {
      write(first, 0, 1);
      try (DiskFile second = DiskFile.create(folder, PAYLOAD)) {
        write(second, 0, 2);
        assertThat(files()).containsExactlyInAnyOrder(first.path(), second.path(), other);
        assertThat(dead).doesNotExist();
        assertThat(reads(first, 0, 1)).isTrue();
        assertThat(reads(second, 0, 2)).isTrue();
      }
      assertThat(files()).containsExactlyInAnyOrder(first.path(), other);
    }
    assertThat(files()).containsExactly(other);
  }

  @Test
  void theFileOfAProcessIsDeletedOnceThatWasKilled() throws IOException, InterruptedException {
    Process holder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                DiskFileHolder.class.getName(),
                folder.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader out = holder.inputReader()) {
      Path held = Path.of(out.readLine());
      try (DiskFile ours = DiskFile.create(folder, PAYLOAD)) {
        assertThat(files()).containsExactlyInAnyOrder(held, ours.path());
        holder.destroyForcibly().waitFor();
      }
      assertThat(held).exists();
      try (DiskFile ours = DiskFile.create(folder, PAYLOAD)) {
        assertThat(files()).containsExactly(ours.path());
      }
    } finally {
      holder.destroyForcibly();
    }
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> found = Files.list(folder)) {
      return found.toList();
    }
  }

  @Test
  void aFolderThatCannotBeIsAnError() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "");
    assertThatThrownBy(() -> DiskFile.create(file.resolve("below"), PAYLOAD))
        .isInstanceOf(IOException.class);
    try (DiskFile made = DiskFile.create(folder.resolve("a").resolve("b"), PAYLOAD)) {
      assertThat(made.path()).exists();
    }
  }
}
