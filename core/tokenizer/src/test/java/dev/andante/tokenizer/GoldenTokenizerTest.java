package dev.andante.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The real model's tokenizer against Hugging Face's own output. */
class GoldenTokenizerTest {
  private static List<JsonNode> rows;
  private static Tokenizer tokenizer;

  @BeforeAll
  static void open() {
    rows = Golden.rows("tokenizer.jsonl");
    tokenizer = Tokenizers.create(Golden.realSpec());
  }

  @AfterAll
  static void close() {
    if (tokenizer != null) {
      tokenizer.close();
    }
  }

  @Test
  void everyReferenceTextEncodesToTheReferenceIds() {
    assertThat(rows).hasSizeGreaterThan(300);
    for (JsonNode row : rows) {
      String text = row.get("text").textValue();
      assertThat(tokenizer.encode(text, SpecialTokens.PARSE))
          .as("ids of %s", row.get("text"))
          .isEqualTo(Golden.ids(row.get("ids")));
    }
  }

  @Test
  void specialTokensAreNotAddedAroundAnyText() {
    for (JsonNode row : rows) {
      assertThat(row.get("ids_special").isNull()).isTrue();
    }
    assertThat(tokenizer.addBos()).isFalse();
  }

  @Test
  void specialTokenTextCanBeReadAsPlainText() {
    int seen = 0;
    for (JsonNode row : rows) {
      JsonNode expected = row.has("ids_plain") ? row.get("ids_plain") : row.get("ids");
      seen += row.has("ids_plain") ? 1 : 0;
      assertThat(tokenizer.encode(row.get("text").textValue(), SpecialTokens.PLAIN))
          .as("plain ids of %s", row.get("text"))
          .isEqualTo(Golden.ids(expected));
    }
    assertThat(seen).isGreaterThan(10);
  }

  @Test
  void idsDecodeToTheReferenceText() {
    for (JsonNode row : rows) {
      int[] ids = Golden.ids(row.get("ids"));
      JsonNode expected = row.get("decoded").isNull() ? row.get("text") : row.get("decoded");
      assertThat(tokenizer.decode(ids, false)).isEqualTo(expected.textValue());
      if (row.has("decoded_skip")) {
        assertThat(tokenizer.decode(ids, true)).isEqualTo(row.get("decoded_skip").textValue());
      }
    }
  }

  @Test
  void piecesOfAGrowingSequenceJoinToTheWholeTextWithoutHalfCharacters() {
    for (JsonNode row : rows) {
      int[] ids = Golden.ids(row.get("ids"));
      IncrementalDetokenizer detokenizer = tokenizer.detokenizer(false);
      StringBuilder text = new StringBuilder();
      for (int id : ids) {
        String piece = detokenizer.add(id);
        assertThat(NativeTokenizer.wellFormed(piece)).isEqualTo(piece);
        text.append(piece);
      }
      assertThat(text + detokenizer.flush()).isEqualTo(tokenizer.decode(ids, false));
    }
  }

  @Test
  void arbitraryIdsDecodeAsTheNativeLibraryDecodesThem() {
    Random random = new Random(7);
    TokenizerJson json =
        TokenizerJson.parse(Path.of("tokenizer.json"), Golden.realSpec().tokenizerJson());
    long handle = TokenizersLibrary.LIB.createTokenizerFromString(json.withSpecialTokens());
    try {
      for (int round = 0; round < 2000; round++) {
        // Low ids are single bytes: they meet in every broken combination.
        int bound = round % 2 == 0 ? 300 : tokenizer.vocabularySize();
        int[] ids = random.ints(1 + random.nextInt(24), 0, bound).toArray();
        boolean skip = round % 3 == 0;
        assertThat(tokenizer.decode(ids, skip))
            .as(Arrays.toString(ids))
            .isEqualTo(
                TokenizersLibrary.LIB.decode(
                    handle, Arrays.stream(ids).asLongStream().toArray(), skip));
      }
    } finally {
      TokenizersLibrary.LIB.deleteTokenizer(handle);
    }
  }

  @Test
  void theModelsFactsAreRead() {
    assertThat(tokenizer.vocabularySize()).isEqualTo(49152);
    assertThat(tokenizer.bosTokenId()).hasValue(1);
    assertThat(tokenizer.endTokenIds()).startsWith(2);
    assertThat(tokenizer.idOf("<|im_end|>")).hasValue(2);
    assertThat(tokenizer.idOf("hello")).isEmpty();
    assertThat(tokenizer.specialTokens()).hasSize(17);
    assertThat(tokenizer.isSpecial(2)).isTrue();
    assertThat(tokenizer.isSpecial(200)).isFalse();
    assertThat(tokenizer.isSpecial(-1)).isFalse();
    assertThat(tokenizer.bytesOf(19556)).isEqualTo("Hello".getBytes(StandardCharsets.US_ASCII));
    assertThat(tokenizer.bytesOf(-1)).isEmpty();
    assertThat(tokenizer.bytesOf(49152)).isEmpty();
  }

  @Test
  void aTextWithAnUnpairedSurrogateIsReadAsIfItHadAReplacementCharacter() {
    assertThat(tokenizer.encode("a\uD83D b\uD83D\uDE00c\uDE00", SpecialTokens.PLAIN))
        .isEqualTo(tokenizer.encode("a\uFFFD b\uD83D\uDE00c\uFFFD", SpecialTokens.PLAIN));
  }

  @Test
  void severalThreadsEncodeAtOnce() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<Boolean>> results =
          IntStream.range(0, 8)
              .mapToObj(
                  i ->
                      threads.submit(
                          () ->
                              rows.stream()
                                  .limit(100)
                                  .allMatch(
                                      row ->
                                          Arrays.equals(
                                              tokenizer.encode(
                                                  row.get("text").textValue(), SpecialTokens.PARSE),
                                              Golden.ids(row.get("ids"))))))
              .toList();
      for (Future<Boolean> result : results) {
        assertThat(result.get()).isTrue();
      }
    }
  }
}
