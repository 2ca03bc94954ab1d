package dev.andante.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Thousands of damaged files made from real ones. Each either opens, and then all of it can be
 * read, or is refused with a {@link ModelFormatException}; anything else fails the test, running
 * out of the test JVM's memory included.
 */
@Tag("slow")
class HostileFilesTest {
  /** Of the real file this much is kept; the weights after it are cut off. */
  private static final int REAL_HEADER = 2_200_000;

  @TempDir private Path directory;

  private int opened;
  private int refused;

  @Test
  void damagedGgufFilesAreOpenedOrRefused() throws IOException {
    byte[] original = GgufWriter.everything().bytes(GgufWriter.EVERYTHING_BYTES);
    for (int seed = 0; seed < 6000; seed++) {
      tryOpen("m.gguf", mutate(original, original.length - 4096, seed));
    }
    assertThat(opened).as("opened").isGreaterThan(50);
    assertThat(refused).as("refused").isGreaterThan(2000);
  }

  @Test
  void damagedCopiesOfTheRealHeaderAreOpenedOrRefused() throws IOException {
    byte[] all = Files.readAllBytes(Samples.realModel());
    byte[] original = withoutTensors(all);
    tryOpen("m.gguf", original);
    assertThat(opened).isEqualTo(1);
    for (int seed = 0; seed < 300; seed++) {
      // Damage near the start: most of the rest is vocabulary, where nothing can go wrong.
      tryOpen("m.gguf", mutate(original, seed % 2 == 0 ? 4096 : original.length, seed));
    }
    assertThat(refused).isGreaterThan(50);
  }

  @Test
  void damagedTensorDirectoriesOfTheRealModelAreOpenedOrRefused() throws IOException {
    byte[] all = Files.readAllBytes(Samples.realModel());
    long end;
    try (GgufFile file = GgufFile.open(Samples.realModel())) {
      end = file.tensors().values().stream().mapToLong(TensorInfo::offset).min().orElseThrow();
    }
    byte[] original = Arrays.copyOf(all, (int) end);
    for (int seed = 0; seed < 100; seed++) {
      tryOpen("m.gguf", mutate(original, original.length, seed));
    }
    // Without its weights no damage makes the file whole.
    assertThat(refused).isEqualTo(100);
  }

  @Test
  void damagedSafetensorsAreOpenedOrRefused() throws IOException {
    for (String name : new String[] {"llama-gqa", "mixtral-top2", "llama-tied-bf16"}) {
      byte[] original =
          Files.readAllBytes(Samples.golden("zoo/" + name).resolve("model.safetensors"));
      int header = 8 + (int) GgufWriter.le(8).put(original, 0, 8).getLong(0);
      for (int seed = 0; seed < 1200; seed++) {
        tryOpen("model.safetensors", mutate(original, header, seed));
      }
    }
    assertThat(refused).isGreaterThan(1000);
    assertThat(opened).isGreaterThan(20);
  }

  @Test
  void damagedConfigurationsAreOpenedOrRefused() throws IOException {
    byte[] weights = SafetensorsFileTest.bytes("{}", 0);
    Files.write(directory.resolve("model.safetensors"), weights);
    byte[] original = Files.readAllBytes(Samples.golden("zoo/deepseek-v3-mla/config.json"));
    for (int seed = 0; seed < 2000; seed++) {
      Files.write(directory.resolve("config.json"), mutate(original, original.length, seed));
      tryOpen(directory);
    }
    assertThat(refused).isGreaterThan(300);
    assertThat(opened).isGreaterThan(50);
  }

  private void tryOpen(String name, byte[] bytes) throws IOException {
    tryOpen(Files.write(directory.resolve(name), bytes));
  }

  private void tryOpen(Path path) {
    try (WeightFile file = WeightFiles.open(path)) {
      for (String key : file.metadata().keys()) {
        assertThat(file.metadata().raw(key)).isPresent();
      }
      for (TensorInfo info : file.tensors().values()) {
        assertThat(file.data(info.name()).byteSize()).isEqualTo(info.bytes());
      }
      assertThat(file.fingerprint()).hasSize(64);
      opened++;
    } catch (ModelFormatException e) {
      assertThat(e.getMessage()).contains(directory.toString()).hasSizeLessThan(1000);
      refused++;
    }
  }

  /** The real metadata with the tensor count set to 0 and everything behind it cut off. */
  private static byte[] withoutTensors(byte[] all) {
    byte[] header = Arrays.copyOf(all, Math.min(all.length, REAL_HEADER));
    GgufWriter.le(8).get(0, header, 8, 8);
    return header;
  }

  /**
   * One to three changes: flipped bits, overwritten bytes, inflated numbers, moved and cut text.
   */
  private static byte[] mutate(byte[] original, int within, int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    byte[] bytes = original.clone();
    int changes = 1 + random.nextInt(3);
    for (int i = 0; i < changes; i++) {
      int limit = Math.min(within, bytes.length);
      if (limit < 24) {
        return bytes;
      }
      int at = random.nextInt(limit);
      switch (random.nextInt(6)) {
        case 0 -> bytes[at] = (byte) (bytes[at] ^ (1 << random.nextInt(8)));
        case 1 -> bytes[at] = (byte) random.nextInt(256);
        case 2 -> inflate(bytes, at, random);
        case 3 -> bytes = Arrays.copyOf(bytes, at);
        case 4 -> copyWithin(bytes, limit, random);
        default -> digit(bytes, at, limit, random);
      }
    }
    return bytes;
  }

  private static void inflate(byte[] bytes, int at, SplittableRandom random) {
    long[] values = {
      -1, Long.MAX_VALUE, Long.MIN_VALUE, 1L << 32, 1L << 20, 0, 0x7FFFFFFFL, random.nextLong()
    };
    long value = values[random.nextInt(values.length)];
    for (int i = 0; i < 8 && at + i < bytes.length; i++) {
      bytes[at + i] = (byte) (value >>> (8 * i));
    }
  }

  private static void copyWithin(byte[] bytes, int limit, SplittableRandom random) {
    int length = 1 + random.nextInt(Math.min(64, limit / 2));
    int from = random.nextInt(limit - length);
    int to = random.nextInt(limit - length);
    System.arraycopy(bytes, from, bytes, to, length);
  }

  /** In JSON, another digit in the next number. */
  private static void digit(byte[] bytes, int at, int limit, SplittableRandom random) {
    for (int i = at; i < limit; i++) {
      if (bytes[i] >= '0' && bytes[i] <= '9') {
        bytes[i] = (byte) ('0' + random.nextInt(10));
        return;
      }
    }
  }
}
