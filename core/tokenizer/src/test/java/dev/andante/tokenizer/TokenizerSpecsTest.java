package dev.andante.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.format.GgufFile;
import dev.andante.format.SafetensorsFile;
import dev.andante.format.WeightFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokenizerSpecsTest {
  @TempDir private Path directory;

  /** A SentencePiece vocabulary: unknown, bos, eos, the bytes, pieces with scores. */
  private GgufBuilder sentencePiece() {
    List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
    List<Integer> types = new ArrayList<>(List.of(2, 3, 3));
    List<Float> scores = new ArrayList<>(List.of(0f, 0f, 0f));
    for (int b = 0; b < 256; b++) {
      tokens.add("<0x%02X>".formatted(b));
      types.add(6);
      scores.add(0f);
    }
    List<String> pieces =
        List.of("▁h", "he", "▁he", "ll", "▁hell", "▁hello", "lo", "▁", "h", "e", "l", "o");
    for (int i = 0; i < pieces.size(); i++) {
      tokens.add(pieces.get(i));
      types.add(1);
      scores.add(-1f - i);
    }
    return new GgufBuilder()
        .string("tokenizer.ggml.model", "llama")
        .strings("tokenizer.ggml.tokens", tokens)
        .ints("tokenizer.ggml.token_type", types)
        .floats("tokenizer.ggml.scores", scores)
        .uint32("tokenizer.ggml.bos_token_id", 1)
        .uint32("tokenizer.ggml.eos_token_id", 2);
  }

  private static GgufBuilder byteLevel(String pre) {
    List<String> tokens = new ArrayList<>();
    List<Integer> types = new ArrayList<>();
    for (int b = 0, next = 0x100; b < 256; b++) {
      boolean printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 255 && b != 173);
      tokens.add(String.valueOf((char) (printable ? b : next++)));
      types.add(1);
    }
    tokens.addAll(List.of("12", "123", "Ġ1", "<|end_of_text|>", "<|eot_id|>", "<tool>"));
    types.addAll(List.of(1, 1, 1, 3, 3, 4));
    return new GgufBuilder()
        .string("tokenizer.ggml.model", "gpt2")
        .string("tokenizer.ggml.pre", pre)
        .strings("tokenizer.ggml.tokens", tokens)
        .ints("tokenizer.ggml.token_type", types)
        .strings("tokenizer.ggml.merges", List.of("1 2", "12 3", "Ġ 1"))
        .uint32("tokenizer.ggml.bos_token_id", 259)
        .uint32("tokenizer.ggml.eos_token_id", 259);
  }

  private Tokenizer open(GgufBuilder builder) throws IOException {
    return Tokenizers.create(spec(builder));
  }

  private TokenizerSpec spec(GgufBuilder builder) throws IOException {
    try (GgufFile file = GgufFile.open(builder.write(directory.resolve("model.gguf")))) {
      return TokenizerSpecs.from(file);
    }
  }

  @Test
  void aSentencePieceVocabularyMergesByScoreAndFallsBackToBytes() throws IOException {
    try (Tokenizer tokenizer = open(sentencePiece())) {
      int[] ids = tokenizer.encode("hello é", SpecialTokens.PLAIN);
      assertThat(ids).containsExactly(259 + 5, 259 + 7, 3 + 0xC3, 3 + 0xA9);
      assertThat(tokenizer.decode(ids, true)).isEqualTo("hello é");
      assertThat(tokenizer.addBos()).isTrue();
      assertThat(tokenizer.bosTokenId()).hasValue(1);
      assertThat(tokenizer.endTokenIds()).containsExactly(2);
      IncrementalDetokenizer detokenizer = tokenizer.detokenizer();
      assertThat(detokenizer.add(264) + "|" + detokenizer.add(266)).isEqualTo("hello| ");
      assertThat(detokenizer.add(3 + 0xC3)).isEmpty();
      assertThat(detokenizer.add(3 + 0xA9)).isEqualTo("é");
      assertThat(detokenizer.add(3 + 0xE4) + detokenizer.flush()).isEqualTo("\uFFFD");
    }
  }

  @Test
  void sentencePieceControlTextIsPlainUnlessParsed() throws IOException {
    try (Tokenizer tokenizer = open(sentencePiece())) {
      assertThat(tokenizer.encode("</s>", SpecialTokens.PARSE)).containsExactly(2);
      assertThat(tokenizer.encode("</s>", SpecialTokens.PLAIN)).doesNotContain(0, 1, 2);
      assertThat(tokenizer.encode("<unk><s>", SpecialTokens.PLAIN)).doesNotContain(0, 1, 2);
    }
  }

  @Test
  void theSpacePrefixCanBeSwitchedOff() throws IOException {
    try (Tokenizer tokenizer =
        open(sentencePiece().bool("tokenizer.ggml.add_space_prefix", false))) {
      int[] ids = tokenizer.encode("hello", SpecialTokens.PLAIN);
      assertThat(ids[0]).isNotEqualTo(264);
      assertThat(tokenizer.decode(ids, true)).isEqualTo("hello");
    }
  }

  /** Digit runs and whether "123" is taken whole tell the splits apart. */
  @ParameterizedTest
  @CsvSource({
    "gpt-2, ' 1', 258",
    "smollm, ' 1', 220 16",
    "qwen2, ' 1', 220 16",
    "llama-bpe, 123, 257",
    "qwen2, 123, 16 17 18",
    "gpt-2, 123, 257",
    "smollm, 123, 16 17 18",
    "llama-bpe, 1234, 257 19"
  })
  void digitsSplitAsThePreTokenizerSays(String pre, String text, String expected)
      throws IOException {
    try (Tokenizer tokenizer = open(byteLevel(pre))) {
      int[] ids = tokenizer.encode(text, SpecialTokens.PARSE);
      StringBuilder bytes = new StringBuilder();
      for (int id : ids) {
        bytes
            .append(bytes.isEmpty() ? "" : " ")
            .append(id < 256 ? id - (id == 32 ? -188 : 33) : id);
      }
      assertThat(bytes.toString()).isEqualTo(expected);
      assertThat(tokenizer.decode(ids, false)).isEqualTo(text);
    }
  }

  @Test
  void controlTokensAreSpecialAndUserDefinedOnesAreMatchedEverywhere() throws IOException {
    try (Tokenizer tokenizer = open(byteLevel("llama-bpe"))) {
      assertThat(tokenizer.specialTokens()).containsOnly("<|end_of_text|>", "<|eot_id|>");
      assertThat(tokenizer.endTokenIds()).containsExactly(259, 260);
      assertThat(tokenizer.addBos()).isTrue();
      assertThat(tokenizer.encode("<tool>", SpecialTokens.PLAIN)).containsExactly(261);
      assertThat(tokenizer.encode("<|eot_id|>", SpecialTokens.PLAIN)).hasSize(10);
    }
  }

  @Test
  void anUnknownPreTokenizerIsRefusedByName() {
    assertThatThrownBy(() -> spec(byteLevel("made-up")))
        .isInstanceOf(TokenizerException.class)
        .hasMessageContaining("made-up");
  }

  @Test
  void anUnknownTokenizerModelIsRefusedByName() {
    GgufBuilder builder =
        new GgufBuilder()
            .string("tokenizer.ggml.model", "rwkv")
            .strings("tokenizer.ggml.tokens", List.of("a"));
    assertThatThrownBy(() -> spec(builder))
        .isInstanceOf(TokenizerException.class)
        .hasMessageContaining("rwkv");
  }

  @Test
  void aFileWithoutAVocabularyIsRefused() {
    assertThatThrownBy(() -> spec(new GgufBuilder().string("tokenizer.ggml.model", "gpt2")))
        .isInstanceOf(TokenizerException.class)
        .hasMessageContaining("tokenizer.ggml.tokens");
  }

  @Test
  void aDamagedTokenizerJsonIsATypedError() {
    for (String json :
        List.of(
            "",
            "{",
            "{}",
            "[]",
            "{\"model\":{}}",
            "{\"model\":{\"vocab\":{\"a\":-1}}}",
            "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[[\"b\",\"c\"]]},\"decoder\":{\"type\":\"ByteLevel\"}}")) {
      TokenizerSpec spec = SmallTokenizer.spec("");
      TokenizerSpec damaged =
          new TokenizerSpec(
              json.getBytes(StandardCharsets.UTF_8),
              spec.specialTokens(),
              spec.bosTokenId(),
              false,
              new int[0],
              "",
              "",
              "");
      assertThatThrownBy(() -> Tokenizers.create(damaged))
          .as(json)
          .isInstanceOf(TokenizerException.class);
    }
  }

  @Test
  void aSafetensorsDirectoryGivesItsTokenizerAndSettings() throws IOException {
    writeWeights();
    TokenizerSpec small = SmallTokenizer.spec("", "<s>", "</s>");
    Files.write(directory.resolve("tokenizer.json"), small.tokenizerJson());
    Files.writeString(
        directory.resolve("tokenizer_config.json"),
        """
        {"bos_token": {"content": "<s>"}, "eos_token": "</s>", "add_bos_token": true,
         "chat_template": [{"name": "default", "template": "{{ messages }}"}]}
        """);
    Files.writeString(directory.resolve("generation_config.json"), "{\"eos_token_id\": [257, 9]}");
    try (SafetensorsFile file = SafetensorsFile.open(directory)) {
      TokenizerSpec spec = TokenizerSpecs.from(file).orElseThrow();
      assertThat(spec.bosTokenId()).hasValue(256);
      assertThat(spec.addBos()).isTrue();
      assertThat(spec.endTokenIds()).containsExactly(257, 9);
      assertThat(spec.eosToken()).isEqualTo("</s>");
      assertThat(spec.chatTemplate()).isEqualTo("{{ messages }}");
      assertThat(spec.specialTokens()).containsOnlyKeys("<s>", "</s>");
    }
  }

  @Test
  void aSafetensorsDirectoryMayHaveNoTokenizer() throws IOException {
    writeWeights();
    try (var file = WeightFiles.open(directory)) {
      assertThat(TokenizerSpecs.from(file)).isEmpty();
    }
  }

  private void writeWeights() throws IOException {
    byte[] header = "{}".getBytes(StandardCharsets.UTF_8);
    Files.write(
        directory.resolve("model.safetensors"),
        ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN).putLong(2).put(header).array());
    Files.writeString(directory.resolve("config.json"), "{}");
  }
}
