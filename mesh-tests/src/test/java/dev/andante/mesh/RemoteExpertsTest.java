package dev.andante.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.decode.DecodeApplication;
import dev.andante.expert.ExpertApplication;
import dev.andante.protocol.v1.Attempt;
import dev.andante.protocol.v1.DecodeGrpc;
import dev.andante.protocol.v1.DecodeRequest;
import dev.andante.protocol.v1.LocalPrompt;
import dev.andante.protocol.v1.StopParameters;
import dev.andante.protocol.v1.Token;
import dev.andante.protocol.v1.TokenChunk;
import dev.andante.service.ServiceLauncher;
import dev.andante.service.grpc.Failures;
import dev.andante.service.grpc.GrpcChannels;
import dev.andante.service.grpc.GrpcServer;
import dev.andante.service.state.ServiceState;
import dev.andante.testkit.TestModels;
import io.grpc.StatusRuntimeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.context.ConfigurableApplicationContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A MoE model whose experts live in two other services, against the reference's greedy tokens. */
@Tag("slow")
class RemoteExpertsTest {

  private final Deque<ConfigurableApplicationContext> services = new ArrayDeque<>();

  @AfterEach
  void stop() {
    while (!services.isEmpty()) {
      services.removeFirst().close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"mixtral-top2", "qwen3-moe-norm"})
  void twoShardsGiveTheReferenceTokens(String name) throws Exception {
    Path model = TestModels.requireGolden().resolve("zoo").resolve(name);
    String first = "127.0.0.1:" + port(expert(model, 0, 2));
    String second = "127.0.0.1:" + port(expert(model, 1, 2));
    ConfigurableApplicationContext decode = decode(model, first + "," + second);
    for (JsonNode golden : cases(model)) {
      List<Integer> prompt = ints(golden.get("ids"));
      assertThat(greedy(decode, prompt, 32)).isEqualTo(ints(golden.get("greedy")));
    }
  }

  @Test
  void aLostShardFailsTheRequestWithItsTypeAndTheNextOneServesAgain() throws Exception {
    Path model = TestModels.requireGolden().resolve("zoo").resolve("mixtral-top2");
    ConfigurableApplicationContext lost = expert(model, 0, 2);
    int lostPort = port(lost);
    String second = "127.0.0.1:" + port(expert(model, 1, 2));
    ConfigurableApplicationContext decode = decode(model, "127.0.0.1:" + lostPort + "," + second);
    JsonNode golden = cases(model).get(0);
    List<Integer> prompt = ints(golden.get("ids"));
    assertThat(greedy(decode, prompt, 4)).hasSize(4);

    services.remove(lost);
    lost.close();
    assertThat(failureCode(decode, prompt)).hasValue("expert_unavailable");

    services.addFirst(
        ready(
            ServiceLauncher.of(ExpertApplication.class, "expert")
                .run(
                    arguments(
                        model, "--andante.expert.shards=2", "--andante.grpc.port=" + lostPort))));
    await(() -> failureCode(decode, prompt).isEmpty());
  }

  private static Optional<String> failureCode(
      ConfigurableApplicationContext decode, List<Integer> prompt) {
    try {
      greedy(decode, prompt, 4);
      return Optional.empty();
    } catch (StatusRuntimeException e) {
      return Optional.of(Failures.from(e).getCode());
    }
  }

  private static List<Integer> greedy(
      ConfigurableApplicationContext decode, List<Integer> prompt, int count) {
    DecodeRequest request =
        DecodeRequest.newBuilder()
            .setAttempt(
                Attempt.newBuilder()
                    .setRequestId("request-" + prompt.hashCode() + "-" + System.nanoTime()))
            .setLocal(LocalPrompt.newBuilder().addAllTokens(prompt))
            .setStop(StopParameters.newBuilder().setMaxTokens(count).setIgnoreEos(true))
            .build();
    List<Integer> ids = new ArrayList<>();
    DecodeGrpc.newBlockingStub(
            decode.getBean(GrpcChannels.class).channel("127.0.0.1:" + port(decode)))
        .withDeadlineAfter(60, TimeUnit.SECONDS)
        .decode(request)
        .forEachRemaining(
            (TokenChunk chunk) ->
                chunk.getTokensList().stream().map(Token::getId).forEach(ids::add));
    return ids;
  }

  private ConfigurableApplicationContext expert(Path model, int shard, int shards) {
    return start(
        ExpertApplication.class,
        "expert",
        arguments(model, "--andante.expert.shard=" + shard, "--andante.expert.shards=" + shards));
  }

  private ConfigurableApplicationContext decode(Path model, String experts) {
    return start(
        DecodeApplication.class,
        "decode",
        arguments(
            model,
            "--andante.decode.expert-addresses=" + experts,
            "--andante.engine.kv-dtype=f32",
            "--andante.engine.kv-memory=4MB"));
  }

  private ConfigurableApplicationContext start(
      Class<?> application, String role, String... arguments) {
    ConfigurableApplicationContext context = ServiceLauncher.of(application, role).run(arguments);
    services.addFirst(context);
    return ready(context);
  }

  private static ConfigurableApplicationContext ready(ConfigurableApplicationContext context) {
    await(() -> context.getBean(ServiceState.class).ready());
    return context;
  }

  private static String[] arguments(Path model, String... more) {
    List<String> all = new ArrayList<>(List.of("--server.port=0", "--andante.model.path=" + model));
    all.addAll(List.of(more));
    if (all.stream().noneMatch(a -> a.startsWith("--andante.grpc.port="))) {
      all.add("--andante.grpc.port=0");
    }
    return all.toArray(String[]::new);
  }

  private static int port(ConfigurableApplicationContext context) {
    return context.getBean(GrpcServer.class).port();
  }

  private static List<JsonNode> cases(Path model) throws Exception {
    return JsonMapper.shared()
        .readTree(Files.readString(model.resolve("golden.json")))
        .get("cases")
        .valueStream()
        .toList();
  }

  private static List<Integer> ints(JsonNode array) {
    return array.valueStream().map(JsonNode::asInt).toList();
  }

  private static void await(MeshUnderTest.Condition condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.holds()) {
      assertThat(System.nanoTime()).as("waited 30 s").isLessThan(deadline);
      try {
        TimeUnit.MILLISECONDS.sleep(50);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }
}
