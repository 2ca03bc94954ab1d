package dev.andante.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GgufFileTest {
  @TempDir private Path directory;

  private GgufFile open(byte[] bytes) throws IOException {
    return GgufFile.open(Files.write(directory.resolve("m.gguf"), bytes));
  }

  private GgufFile everything() throws IOException {
    return open(GgufWriter.everything().bytes(GgufWriter.EVERYTHING_BYTES));
  }

  @Test
  void scalarsOfEveryTypeAreRead() throws IOException {
    try (GgufFile file = everything()) {
      Metadata metadata = file.metadata();
      assertThat(metadata.integer("u8")).hasValue(200);
      assertThat(metadata.integer("i8")).hasValue(-5);
      assertThat(metadata.integer("u16")).hasValue(60000);
      assertThat(metadata.integer("i16")).hasValue(-600);
      assertThat(metadata.integer("u32")).hasValue(4_000_000_000L);
      assertThat(metadata.integer("i32")).hasValue(-7);
      assertThat(metadata.integer("u64")).hasValue(1L << 62);
      assertThat(metadata.integer("i64")).hasValue(-9);
      assertThat(metadata.real("f32")).hasValue(1.5);
      assertThat(metadata.real("f64")).hasValue(2.25);
      assertThat(metadata.real("i32")).hasValue(-7);
      assertThat(metadata.bool("bool")).contains(true);
      assertThat(metadata.string("string")).contains("héllo");
      assertThat(metadata.raw("u64.large")).contains(new BigInteger("18446744073709551615"));
    }
  }

  @Test
  void arraysOfEveryTypeAreRead() throws IOException {
    try (GgufFile file = everything()) {
      Metadata metadata = file.metadata();
      assertThat(metadata.strings("strings")).containsExactly("a", "", "Ġthe", "😀");
      assertThat(metadata.ints("ints")).containsExactly(1, -2, 3);
      assertThat(metadata.longs("ints")).containsExactly(1, -2, 3);
      assertThat(metadata.longs("u32s")).containsExactly(4_294_967_295L);
      assertThat(metadata.floats("floats")).containsExactly(0.5f, -1f);
      assertThat(metadata.floats("doubles")).containsExactly(0.25f);
      assertThat(metadata.raw("bools")).contains(List.of(true, false));
      assertThat(metadata.raw("u64s"))
          .contains(List.of(1L, new BigInteger("18446744073709551615")));
      assertThat(metadata.raw("nested").map(Object::getClass)).isPresent();
      List<?> nested = (List<?>) metadata.raw("nested").orElseThrow();
      assertThat((long[]) nested.get(0)).containsExactly(1, 2);
      assertThat((long[]) nested.get(1)).containsExactly(3);
      assertThat(metadata.strings("empty")).isEmpty();
      assertThat(metadata.ints("empty")).isEmpty();
    }
  }

  @Test
  void keysThatAreMissingAreEmptyAndOfAnotherKindAreErrors() throws IOException {
    try (GgufFile file = everything()) {
      Metadata metadata = file.metadata();
      assertThat(metadata.string("none")).isEmpty();
      assertThat(metadata.integer("none", 5)).isEqualTo(5);
      assertThat(metadata.real("none", 0.5)).isEqualTo(0.5);
      assertThat(metadata.bool("none", true)).isTrue();
      assertThat(metadata.strings("none")).isEmpty();
      assertThat(metadata.raw("none")).isEmpty();
      assertThat(metadata.keys()).startsWith("general.alignment", "u8").hasSize(23);
      for (Runnable wrong :
          List.<Runnable>of(
              () -> metadata.string("u8"),
              () -> metadata.integer("string"),
              () -> metadata.integer("u64.large"),
              () -> metadata.real("bool"),
              () -> metadata.bool("i8"),
              () -> metadata.integer("ints"),
              () -> metadata.strings("ints"),
              () -> metadata.strings("string"),
              () -> metadata.ints("u32s"),
              () -> metadata.ints("strings"),
              () -> metadata.floats("ints"),
              () -> metadata.requireString("none"),
              () -> metadata.requireInteger("none"))) {
        assertThatThrownBy(wrong::run)
            .isInstanceOf(ModelFormatException.class)
            .hasMessageContaining("m.gguf");
      }
    }
  }

  @Test
  void tensorsOfEveryTypeHaveReversedShapesAndAlignedOffsets() throws IOException {
    try (GgufFile file = everything()) {
      assertThat(file.tensors()).hasSize(TensorType.values().length);
      for (TensorType type : TensorType.values()) {
        TensorInfo info = file.tensors().get("t." + type);
        assertThat(info.type()).isEqualTo(type);
        assertThat(info.shape()).containsExactly(2, 256);
        assertThat(info.elements()).isEqualTo(512);
        assertThat(info.bytes()).isEqualTo(512L / type.blockElements() * type.blockBytes());
        assertThat(info.offset() % 64).isZero();
        assertThat(file.data("t." + type).byteSize()).isEqualTo(info.bytes());
      }
      assertThat(file.data("t.F32").get(ValueLayout.JAVA_BYTE, 5)).isEqualTo((byte) 5);
      assertThat(file.data("t.F32").isReadOnly()).isTrue();
      assertThatThrownBy(() -> file.data("none"))
          .isInstanceOf(ModelFormatException.class)
          .hasMessageContaining("none");
      assertThatThrownBy(() -> file.tensors().clear())
          .isInstanceOf(UnsupportedOperationException.class);
      assertThat(file.config()).isEmpty();
    }
  }

  @Test
  void theDefaultAlignmentIs32() throws IOException {
    GgufWriter writer = new GgufWriter().tensor("a", 0, 0, 3).tensor("b", 0, 32, 3);
    try (GgufFile file = open(writer.bytes(44))) {
      assertThat(file.tensors().get("b").offset() % 32).isZero();
      assertThat(file.data("b").get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 32);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void versionsTwoAndThreeAreRead(int version) throws IOException {
    try (GgufFile file = open(new GgufWriter().version(version).string("k", "v").bytes(0))) {
      assertThat(file.version()).isEqualTo(version);
      assertThat(file.metadata().string("k")).contains("v");
    }
  }

  @Test
  void otherVersionsAndByteOrdersAreRefusedByName() {
    assertRefused(new GgufWriter().version(1).bytes(0), "version 1");
    assertRefused(new GgufWriter().version(4).bytes(0), "version 4");
    assertRefused(new GgufWriter().version(0x03000000).bytes(0), "big-endian");
  }

  @Test
  void everyKindOfDamageNamesTheFileAndWhatIsWrong() {
    assertRefused(new byte[0], "ends inside magic");
    assertRefused("GGUX............".getBytes(StandardCharsets.US_ASCII), "not a GGUF file");
    assertRefused(new GgufWriter().key("k", 13, GgufWriter.le(8)).bytes(0), "13");
    assertRefused(new GgufWriter().string("k", "v").string("k", "w").bytes(0), "twice");
    assertRefused(new GgufWriter().alignment(48).bytes(0), "power of two");
    assertRefused(new GgufWriter().string("general.alignment", "x").bytes(0), "general.alignment");
    assertRefused(
        new GgufWriter().key("k", 8, GgufWriter.le(8).putLong(1L << 60)).bytes(0), "length of");
    assertRefused(
        new GgufWriter().key("k", 9, GgufWriter.arrayBytes(0, 1L << 40, GgufWriter.le(0))).bytes(0),
        "length of");
    assertRefused(nestedTooDeeply(), "deep");
    assertRefusedTensor(new GgufWriter().tensor("w", 10, 0, 256), 0, "Q2_K");
    assertRefusedTensor(new GgufWriter().tensor("w", 99, 0, 256), 0, "99");
    assertRefusedTensor(new GgufWriter().tensor("w", 0, 0), 0, "dimensions");
    assertRefusedTensor(new GgufWriter().tensor("w", 0, 0, 1, 1, 1, 1, 1), 4, "dimensions");
    assertRefusedTensor(new GgufWriter().tensor("w", 0, 0, 0), 4, "dimension of 0");
    assertRefusedTensor(new GgufWriter().tensor("w", 0, 0, -1), 4, "dimension");
    assertRefusedTensor(new GgufWriter().tensor("w", 2, 0, 33), 64, "blocks of 32");
    assertRefusedTensor(new GgufWriter().tensor("w", 0, 0, 1L << 40, 1L << 40), 64, "overflow");
    assertRefusedTensor(new GgufWriter().tensor("w", 0, 0, 17), 64, "only 64");
    assertRefusedTensor(new GgufWriter().tensor("w", 0, 1 << 20, 4), 64, "only 64");
    assertRefusedTensor(new GgufWriter().tensor("w", 0, -32, 4), 64, "only 64");
    assertRefusedTensor(new GgufWriter().tensor("w", 0, 8, 4), 64, "multiple of the alignment");
    assertRefusedTensor(
        new GgufWriter().tensor("v", 0, 0, 16).tensor("w", 0, 32, 8), 64, "overlaps tensor 'v'");
    assertRefusedTensor(new GgufWriter().tensor("w", 0, 0, 4).tensor("w", 0, 32, 4), 64, "twice");
  }

  @Test
  void absurdCountsAreRefusedBeforeAnythingIsAllocated() {
    for (int at : new int[] {8, 16}) {
      for (long count : new long[] {-1, Long.MAX_VALUE, 1L << 40, 100_000}) {
        byte[] bytes = GgufWriter.everything().bytes(GgufWriter.EVERYTHING_BYTES);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(at, count);
        assertRefused(bytes, "count");
      }
    }
  }

  @Test
  void aFileCutAnywhereIsRefused() {
    byte[] whole = GgufWriter.everything().bytes(GgufWriter.EVERYTHING_BYTES);
    for (int length = 0; length < whole.length - 2048; length += 7) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> open(cut).close()).isInstanceOf(ModelFormatException.class);
    }
  }

  @Test
  void aClosedFileIsInvalidAndMayBeClosedAgain() throws IOException {
    GgufFile file = everything();
    var data = file.data("t.F32");
    file.close();
    file.close();
    assertThatThrownBy(() -> data.get(ValueLayout.JAVA_BYTE, 0))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> file.metadata().string("string"))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void theFingerprintFollowsContentAndNotThePath() throws IOException {
    byte[] bytes = GgufWriter.everything().bytes(GgufWriter.EVERYTHING_BYTES);
    Path one = Files.write(directory.resolve("one.gguf"), bytes);
    Path two = Files.write(directory.resolve("two.gguf"), bytes);
    bytes[bytes.length - 3000] = (byte) (bytes[bytes.length - 3000] ^ 1);
    Path other = Files.write(directory.resolve("other.gguf"), bytes);
    assertThat(fingerprint(one)).isEqualTo(fingerprint(two)).matches("[0-9a-f]{64}");
    assertThat(fingerprint(one)).isNotEqualTo(fingerprint(other));
  }

  @Test
  void pathsThatAreNoModelAreRefused() throws IOException {
    assertThatThrownBy(() -> WeightFiles.open(directory.resolve("none.gguf")))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("does not exist");
    assertThatThrownBy(() -> WeightFiles.open(directory))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("config.json");
    Path text = Files.writeString(directory.resolve("readme.txt"), "hello, this is text");
    assertThatThrownBy(() -> WeightFiles.open(text))
        .isInstanceOfSatisfying(
            ModelFormatException.class, e -> assertThat(e.path()).isEqualTo(text))
        .hasMessageContaining("not a GGUF file");
  }

  private static String fingerprint(Path path) {
    try (WeightFile file = WeightFiles.open(path)) {
      return file.fingerprint();
    }
  }

  private static byte[] nestedTooDeeply() {
    var array = GgufWriter.arrayBytes(0, 0, GgufWriter.le(0));
    for (int i = 0; i < 6; i++) {
      array = GgufWriter.arrayBytes(9, 1, array);
    }
    return new GgufWriter().key("k", 9, array).bytes(0);
  }

  private void assertRefused(byte[] bytes, String problem) {
    assertThatThrownBy(() -> open(bytes).close())
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("m.gguf")
        .hasMessageContaining(problem);
  }

  private void assertRefusedTensor(GgufWriter writer, int dataBytes, String problem) {
    assertThatThrownBy(() -> open(writer.bytes(dataBytes)).close())
        .isInstanceOfSatisfying(
            ModelFormatException.class,
            e -> {
              assertThat(e.tensor()).isEqualTo("w");
              assertThat(e.offset()).isNotNegative();
            })
        .hasMessageContaining("m.gguf, tensor 'w', byte ")
        .hasMessageContaining(problem);
  }
}
