package dev.andante.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.completions.CompletionUsage;
import dev.andante.testkit.TestModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** All five roles in this JVM on the real model, asked over HTTP as users ask. */
@Tag("slow")
class MeshEndToEndTest {

  private static final String MODEL = "SmolLM2-135M-Instruct";

  private static MeshUnderTest mesh;
  private static OpenAIClient openai;

  @BeforeAll
  static void start() {
    mesh = MeshUnderTest.start(TestModels.requireRealModel(), MODEL);
    openai =
        OpenAIOkHttpClient.builder()
            .baseUrl(mesh.url() + "/v1")
            .apiKey("none")
            .maxRetries(0)
            .build();
  }

  @AfterAll
  static void stop() {
    if (mesh != null) {
      openai.close();
      mesh.close();
    }
  }

  @AfterEach
  void nothingLeaks() throws InterruptedException {
    mesh.awaitAllBlocksFree();
  }

  @Test
  void theOfficialJavaClientGetsTheSameTextStreamedAndWhole() {
    // Asked so, the reference is decided; without the second sentence it is not (margin 0.1).
    ChatCompletionCreateParams question =
        question("What is the capital of France? Answer in one sentence.").build();
    ChatCompletion whole = openai.chat().completions().create(question);
    String text = whole.choices().get(0).message().content().orElseThrow();
    assertThat(text).contains("Paris");
    assertThat(whole.usage().orElseThrow().completionTokens()).isPositive();

    List<ChatCompletionChunk> chunks = new ArrayList<>();
    try (StreamResponse<ChatCompletionChunk> stream =
        openai.chat().completions().createStreaming(question)) {
      stream.stream().forEach(chunks::add);
    }
    assertThat(streamed(chunks)).isEqualTo(text);
    assertThat(chunks.getLast().choices().get(0).finishReason()).isPresent();
  }

  @Test
  @SuppressWarnings("deprecation") // the client deprecates seed; users of seeds have nothing else
  void manyAtOnceGetWhatEachGetsAlone() {
    List<ChatCompletionCreateParams> questions =
        IntStream.range(0, 12)
            .mapToObj(
                i ->
                    question("Write a sentence about the number " + i + ".")
                        .temperature(i % 2 == 0 ? 0 : 0.8)
                        .seed(i)
                        .maxCompletionTokens(8 + i)
                        .build())
            .toList();
    List<String> alone = questions.stream().map(MeshEndToEndTest::answer).toList();
    List<String> together = questions.parallelStream().map(MeshEndToEndTest::answer).toList();
    assertThat(together).isEqualTo(alone);
  }

  /** The prompt is computed once, and each of them begins with its KV. */
  @Test
  @SuppressWarnings("deprecation") // as above
  void severalAnswersToAPromptAreWhatEachWouldBe() {
    ChatCompletionCreateParams one =
        question("Write a sentence about the sea.").maxCompletionTokens(16).build();
    ChatCompletion alone = openai.chat().completions().create(one);
    ChatCompletion three = openai.chat().completions().create(one.toBuilder().n(3).build());
    assertThat(texts(three)).hasSize(3).containsOnly(texts(alone).getFirst());
    CompletionUsage usage = three.usage().orElseThrow();
    assertThat(usage.promptTokens()).isEqualTo(alone.usage().orElseThrow().promptTokens());
    assertThat(usage.completionTokens())
        .isEqualTo(3 * alone.usage().orElseThrow().completionTokens());

    ChatCompletionCreateParams sampled = one.toBuilder().n(3).temperature(0.8).seed(11).build();
    List<String> first = texts(openai.chat().completions().create(sampled));
    assertThat(Set.copyOf(first)).as("seeds differ").hasSizeGreaterThan(1);
    assertThat(texts(openai.chat().completions().create(sampled))).isEqualTo(first);
  }

  private static List<String> texts(ChatCompletion answer) {
    return answer.choices().stream().map(c -> c.message().content().orElseThrow()).toList();
  }

  @Test
  void aClientInPythonSeesTheContract() throws IOException, InterruptedException {
    Path script = Files.createTempFile("openai_client", ".py");
    try (var resource = MeshEndToEndTest.class.getResourceAsStream("/openai_client.py")) {
      Files.write(script, resource.readAllBytes());
    }
    Process python =
        new ProcessBuilder("python3", script.toString(), mesh.url() + "/v1", MODEL)
            .redirectErrorStream(true)
            .start();
    String output =
        new String(python.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    assertThat(python.waitFor(120, TimeUnit.SECONDS)).isTrue();
    assertThat(python.exitValue()).as(output).isZero();
    JsonNode seen = JsonMapper.shared().readTree(output);
    assertThat(seen.get("models").toString()).contains(MODEL);
    assertThat(seen.get("content_type").asString()).startsWith("text/event-stream");
    assertThat(seen.get("stream_text").asString()).isEqualTo(seen.get("text").asString());
    assertThat(seen.get("events").toString()).isEqualTo("[\"role\",\"finish\",\"usage\",\"done\"]");
    for (String count : List.of("prompt_tokens", "completion_tokens", "total_tokens")) {
      // details differ: the second request finds the first one's prompt in the cache
      assertThat(seen.get("stream_usage").get(count)).isEqualTo(seen.get("usage").get(count));
    }
    assertThat(seen.get("bad_status").asInt()).isEqualTo(400);
    assertThat(seen.get("bad_error").get("param").asString()).isEqualTo("temperature");
  }

  @Test
  void metricsTellWhatHappened() {
    answer(question("Hello").build());
    assertThat(mesh.metrics())
        .contains(
            "vllm:num_requests_running{",
            "vllm:num_requests_waiting{",
            "vllm:kv_cache_usage_perc{",
            "vllm:generation_tokens_total{",
            "vllm:time_to_first_token_seconds_bucket{");
  }

  private static ChatCompletionCreateParams.Builder question(String text) {
    return ChatCompletionCreateParams.builder()
        .model(MODEL)
        .temperature(0)
        .maxCompletionTokens(32)
        .addUserMessage(text);
  }

  private static String answer(ChatCompletionCreateParams question) {
    return openai
        .chat()
        .completions()
        .create(question)
        .choices()
        .get(0)
        .message()
        .content()
        .orElseThrow();
  }

  private static String streamed(List<ChatCompletionChunk> chunks) {
    return chunks.stream()
        .flatMap(chunk -> chunk.choices().stream())
        .map(choice -> choice.delta().content().orElse(""))
        .collect(Collectors.joining());
  }
}
