package dev.andante.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.andante.protocol.v1.Attempt;
import dev.andante.protocol.v1.DecodeGrpc;
import dev.andante.protocol.v1.DecodeRequest;
import dev.andante.protocol.v1.LocalPrompt;
import dev.andante.protocol.v1.SamplingParameters;
import dev.andante.protocol.v1.StopParameters;
import dev.andante.protocol.v1.Token;
import dev.andante.testkit.TestModels;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Tokens that leave the mesh, against the reference and against one engine alone. */
@Tag("slow")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class GoldenAnswers {

  private final String precision;
  private final double undecided;
  private MeshUnderTest mesh;
  private List<JsonNode> golden;

  /**
   * @param undecided margin of the reference below which this arithmetic may decide otherwise
   */
  GoldenAnswers(String precision, double undecided) {
    this.precision = precision;
    this.undecided = undecided;
  }

  @BeforeAll
  final void start() throws Exception {
    golden =
        Files.readAllLines(TestModels.requireGolden().resolve("real.jsonl")).stream()
            .map(line -> JsonMapper.shared().readTree(line))
            .toList();
    mesh =
        MeshUnderTest.start(
            TestModels.requireRealModel(), "real", "--andante.compute.precision=" + precision);
  }

  @AfterAll
  final void stop() {
    if (mesh != null) {
      mesh.close();
    }
  }

  @Test
  void greedyTokensAreTheReferences() {
    for (JsonNode prompt : golden) {
      List<Integer> expected = ints(prompt.get("greedy")).subList(0, 24);
      List<Integer> actual = throughTheMesh(ints(prompt.get("ids")), 24, 0, 0);
      int same = 0;
      while (same < expected.size() && expected.get(same).equals(actual.get(same))) {
        same++;
      }
      if (same < expected.size()) {
        assertThat(prompt.get("greedy_margin").get(same).asDouble())
            .as("%s parts at token %d", prompt.get("name"), same)
            .isLessThan(undecided);
      }
    }
  }

  @Test
  void disaggregationChangesNoToken() {
    int manyRows = mesh.backend("decode").manyRows();
    assumeThat(manyRows)
        .as("in precision %s %d rows or more are rounded another way here", precision, manyRows)
        .isEqualTo(Integer.MAX_VALUE);
    for (JsonNode prompt : golden) {
      List<Integer> ids = ints(prompt.get("ids"));
      for (float temperature : new float[] {0, 0.9f}) {
        assertThat(throughTheMesh(ids, 12, temperature, 7))
            .as("%s at temperature %s", prompt.get("name"), temperature)
            .isEqualTo(alone(ids, 12, temperature, 7));
      }
    }
  }

  private List<Integer> throughTheMesh(
      List<Integer> prompt, int tokens, float temperature, int seed) {
    String body =
        "{\"model\":\"real\",\"prompt\":%s,\"max_tokens\":%d,\"temperature\":%s,\"seed\":%d,\"ignore_eos\":true,\"return_token_ids\":true}"
            .formatted(prompt, tokens, temperature, seed);
    var response = mesh.post("/v1/completions", body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    JsonNode choice = JsonMapper.shared().readTree(response.body()).get("choices").get(0);
    return ints(choice.get("token_ids"));
  }

  /** The decode worker prefills by itself: one engine, no transfer. */
  private List<Integer> alone(List<Integer> prompt, int tokens, float temperature, int seed) {
    DecodeRequest request =
        DecodeRequest.newBuilder()
            .setAttempt(Attempt.newBuilder().setRequestId(UUID.randomUUID().toString()))
            .setLocal(LocalPrompt.newBuilder().addAllTokens(prompt))
            .setSampling(SamplingParameters.newBuilder().setTemperature(temperature).setSeed(seed))
            .setStop(StopParameters.newBuilder().setMaxTokens(tokens).setIgnoreEos(true))
            .build();
    List<Integer> ids = new ArrayList<>();
    DecodeGrpc.newBlockingStub(mesh.channels().channel(mesh.workerAddress("decode")))
        .withDeadlineAfter(120, TimeUnit.SECONDS)
        .decode(request)
        .forEachRemaining(
            chunk -> chunk.getTokensList().stream().map(Token::getId).forEach(ids::add));
    return ids;
  }

  private static List<Integer> ints(JsonNode array) {
    return array.valueStream().map(JsonNode::asInt).toList();
  }
}
