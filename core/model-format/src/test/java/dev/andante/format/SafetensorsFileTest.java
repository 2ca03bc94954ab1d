package dev.andante.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsFileTest {
  private static final String TWO =
      """
      {"__metadata__":{"format":"pt"},
       "b":{"dtype":"BF16","shape":[2,2],"data_offsets":[8,16]},
       "a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""";

  @TempDir private Path directory;

  @BeforeEach
  void configure() throws IOException {
    Files.writeString(directory.resolve("config.json"), "{\"model_type\": \"llama\", \"n\": 1}");
  }

  static byte[] bytes(String header, int dataBytes) {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    byte[] length = GgufWriter.le(8).putLong(json.length).array();
    byte[] file = Arrays.copyOf(length, 8 + json.length + dataBytes);
    System.arraycopy(json, 0, file, 8, json.length);
    for (int i = 0; i < dataBytes; i++) {
      file[8 + json.length + i] = (byte) i;
    }
    return file;
  }

  private void write(String name, String header, int dataBytes) throws IOException {
    Files.write(directory.resolve(name), bytes(header, dataBytes));
  }

  @Test
  void aSingleFileIsReadInTheOrderOfItsWeights() throws IOException {
    write("model.safetensors", TWO, 16);
    try (WeightFile file = WeightFiles.open(directory)) {
      assertThat(file.tensors().keySet()).containsExactly("a", "b");
      assertThat(file.tensors().get("b").shape()).containsExactly(2, 2);
      assertThat(file.tensors().get("b").type()).isEqualTo(TensorType.BF16);
      assertThat(file.data("b").get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 8);
      assertThat(file.data("a").isReadOnly()).isTrue();
      assertThat(file.config().orElseThrow())
          .containsEntry("model_type", "llama")
          .containsEntry("n", 1L);
      assertThat(file.metadata().keys()).isEmpty();
      assertThat(file.metadata().string("x")).isEmpty();
      assertThat(file.path()).isEqualTo(directory);
    }
    try (WeightFile file = WeightFiles.open(directory.resolve("model.safetensors"))) {
      assertThat(file.tensors()).hasSize(2);
      assertThat(file.config()).isPresent();
    }
  }

  @Test
  void shardsAreReadWithAndWithoutAnIndex() throws IOException {
    write("m-1.safetensors", "{\"x\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":[0,2]}}", 2);
    write(
        "m-2.safetensors", "{\"y\":{\"dtype\":\"F32\",\"shape\":[0,3],\"data_offsets\":[0,0]}}", 0);
    try (WeightFile file = WeightFiles.open(directory)) {
      assertThat(file.tensors().keySet()).containsExactly("x", "y");
      assertThat(file.data("y").byteSize()).isZero();
    }
    index("\"y\":\"m-2.safetensors\",\"x\":\"m-1.safetensors\"");
    try (WeightFile file = WeightFiles.open(directory)) {
      assertThat(file.tensors().keySet()).containsExactlyInAnyOrder("x", "y");
      assertThat(file.data("x").byteSize()).isEqualTo(2);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../x.safetensors",
        "/etc/x.safetensors",
        "a/b.safetensors",
        "..\\\\x.safetensors",
        "x.bin",
        ".safetensors",
        "c:x.safetensors",
        "x\\u0000.safetensors",
        ""
      })
  void anIndexThatLeadsOutOfTheDirectoryIsRefused(String shard) throws IOException {
    index("\"x\":\"" + shard + "\"");
    assertThatThrownBy(() -> WeightFiles.open(directory))
        .isInstanceOfSatisfying(
            ModelFormatException.class, e -> assertThat(e.tensor()).isEqualTo("x"))
        .hasMessageContaining("plain name");
  }

  @Test
  void anIndexThatDoesNotMatchItsShardsIsRefused() throws IOException {
    write("m-1.safetensors", "{\"x\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":[0,2]}}", 2);
    index("\"x\":\"m-1.safetensors\",\"y\":\"m-1.safetensors\"");
    assertRefused("is not in its shard");
    index("\"x\":\"m-1.safetensors\",\"y\":\"m-9.safetensors\"");
    assertRefused("does not exist");
    Files.writeString(directory.resolve("model.safetensors.index.json"), "{}");
    assertRefused("weight_map");
  }

  @Test
  void aTensorInTwoShardsIsRefused() throws IOException {
    for (String shard : List.of("m-1.safetensors", "m-2.safetensors")) {
      write(shard, "{\"x\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":[0,2]}}", 2);
    }
    assertRefused("another shard");
  }

  @Test
  void everyKindOfDamageIsRefused() throws IOException {
    assertHeaderRefused(
        "{\"x\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8, "I64");
    assertHeaderRefused("{\"x\":{\"shape\":[1],\"data_offsets\":[0,8]}}", 8, "dtype");
    assertHeaderRefused("{\"x\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8, "shape");
    assertHeaderRefused(
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,8]}}", 8, "shape");
    assertHeaderRefused(
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,8]}}", 8, "shape");
    assertHeaderRefused(
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8, "need 4");
    assertHeaderRefused(
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,4]}}", 8, "data_offsets");
    assertHeaderRefused(
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 8, "data_offsets");
    assertHeaderRefused(
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4, "beyond the file");
    assertHeaderRefused(
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 8, "after the last");
    assertHeaderRefused(
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "gap");
    assertHeaderRefused(
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,8]}}",
        8,
        "overflow");
    assertHeaderRefused(
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
            + "\"y\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
        8,
        "overlaps");
    assertHeaderRefused("{\"x\":1}", 0, "JSON object");
    assertHeaderRefused("{\"x\":{},\"x\":{}}", 0, "twice");
    assertHeaderRefused("[]", 0, "object");
    Files.write(directory.resolve("model.safetensors"), GgufWriter.le(8).putLong(1L << 50).array());
    assertRefused("header length");
    Files.write(directory.resolve("model.safetensors"), new byte[3]);
    assertRefused("ends inside");
  }

  @Test
  void aDamagedConfigurationIsRefused() throws IOException {
    write("model.safetensors", TWO, 16);
    Files.writeString(directory.resolve("config.json"), "{\"a\": NaN}");
    assertRefused("config.json");
  }

  @Test
  void theFingerprintCoversConfigurationAndWeights() throws IOException {
    write("model.safetensors", TWO, 16);
    String first = fingerprint();
    Files.writeString(directory.resolve("config.json"), "{}");
    String second = fingerprint();
    byte[] bytes = Files.readAllBytes(directory.resolve("model.safetensors"));
    bytes[bytes.length - 1] = (byte) (bytes[bytes.length - 1] ^ 1);
    Files.write(directory.resolve("model.safetensors"), bytes);
    assertThat(List.of(first, second, fingerprint())).doesNotHaveDuplicates();
  }

  private String fingerprint() {
    try (WeightFile file = WeightFiles.open(directory)) {
      return file.fingerprint();
    }
  }

  private void index(String map) throws IOException {
    Files.writeString(
        directory.resolve("model.safetensors.index.json"), "{\"weight_map\":{" + map + "}}");
  }

  private void assertHeaderRefused(String header, int dataBytes, String problem)
      throws IOException {
    write("model.safetensors", header, dataBytes);
    assertRefused(problem);
  }

  private void assertRefused(String problem) {
    assertThatThrownBy(() -> WeightFiles.open(directory).close())
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining(directory.toString())
        .hasMessageContaining(problem);
  }
}
