package dev.andante.gateway;

import static dev.andante.gateway.GatewayFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.andante.format.GgufFile;
import dev.andante.protocol.v1.ModelInfo;
import dev.andante.testkit.TestModels;
import dev.andante.tokenizer.TokenizerSpec;
import dev.andante.tokenizer.TokenizerSpecs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** With the real model's tokenizer and template, as a worker sends them, against reference data. */
@Tag("slow")
class RealTokenizerTest {

  private static final String NAME = "real";
  private static final int CONTEXT = 8192;

  private static FakeWorker decode;
  private static GatewayFixture gateway;
  private static Path golden;

  @BeforeAll
  static void start() {
    golden = TestModels.requireGolden();
    TokenizerSpec spec;
    try (GgufFile file = GgufFile.open(TestModels.requireRealModel())) {
      spec = TokenizerSpecs.from(file);
    }
    decode = FakeWorker.decode();
    decode.info = info(spec);
    decode.end = spec.endTokenIds()[0];
    gateway = GatewayFixture.start(List.of(decode));
  }

  @AfterAll
  static void stop() {
    if (gateway != null) {
      gateway.close();
    }
  }

  private static ModelInfo info(TokenizerSpec spec) {
    return ModelInfo.newBuilder()
        .setName(NAME)
        .setFingerprint("real")
        .setContextLength(CONTEXT)
        .setVocabularySize(49152)
        .addAllEndTokenIds(Arrays.stream(spec.endTokenIds()).boxed().toList())
        .setBosTokenId(spec.bosTokenId().orElse(-1))
        .setAddBos(spec.addBos())
        .setBosToken(spec.bosToken())
        .setEosToken(spec.eosToken())
        .setChatTemplate(spec.chatTemplate())
        .putAllSpecialTokens(spec.specialTokens())
        .setTokenizerJson(ByteString.copyFrom(spec.tokenizerJson()))
        .build();
  }

  private static List<JsonNode> lines(String file) throws IOException {
    return Files.readAllLines(golden.resolve(file)).stream().map(GatewayFixture::json).toList();
  }

  private static List<Integer> ints(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).map(JsonNode::intValue).toList();
  }

  private static List<Integer> tokenize(Object body) {
    var response = gateway.post("/tokenize", JsonMapper.shared().writeValueAsString(body));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return ints(json(response).get("tokens"));
  }

  @Test
  void textsHaveTheReferencesIds() throws IOException {
    List<JsonNode> cases = lines("tokenizer.jsonl");
    assertThat(cases).isNotEmpty();
    for (JsonNode item : cases) {
      String text = item.get("text").asString();
      assertThat(tokenize(Map.of("prompt", text)))
          .as("ids of %s", item.get("cat"))
          .isEqualTo(ints(item.get("ids")));
    }
  }

  @Test
  void chatsHaveTheReferencesIds() throws IOException {
    int compared = 0;
    for (JsonNode item : lines("chat.jsonl")) {
      String messages = item.get("messages").toString();
      if (messages.contains("<|")
          || messages.contains("\"tool\"")
          || messages.contains("\"developer\"")) {
        continue; // content like control tokens, and a role that is renamed here, rightly differ
      }
      assertThat(tokenize(Map.of("messages", item.get("messages"))))
          .isEqualTo(ints(item.get("generate_ids")));
      compared++;
    }
    assertThat(compared).isPositive();
  }

  @Test
  void anAnswerIsTheTextOfItsTokens() throws IOException {
    for (JsonNode item : lines("tokenizer.jsonl")) {
      List<Integer> ids = ints(item.get("ids"));
      String text = item.get("text").asString();
      if (ids.isEmpty()
          || ids.size() > 500
          || !item.get("decoded").isNull()
          || item.has("ids_plain")) {
        continue; // special tokens are no text
      }
      decode.answer = ids;
      var response =
          gateway.post(
              "/v1/completions",
              "{\"prompt\":\"x\",\"max_tokens\":600,\"stream\":true,\"ignore_eos\":false}");
      StringBuilder streamed = new StringBuilder();
      for (String event : new ArrayList<>(GatewayFixture.events(response.body()))) {
        if (event.startsWith("data: {")) {
          streamed.append(json(event.substring(6)).at("/choices/0/text").asString());
        }
      }
      assertThat(streamed.toString()).isEqualTo(text);
    }
  }
}
