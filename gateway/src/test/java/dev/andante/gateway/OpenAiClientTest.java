package dev.andante.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.errors.UnauthorizedException;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.CompletionCreateParams;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** OpenAI's own client for Java understands everything. */
@Tag("slow")
class OpenAiClientTest {

  private static final String ANSWER = "Grüß dich 🎻";

  private static GatewayFixture gateway;
  private static OpenAIClient client;

  @BeforeAll
  static void start() {
    FakeWorker prefill = FakeWorker.prefill();
    FakeWorker decode = FakeWorker.decode();
    prefill.answers(ANSWER);
    decode.answers(ANSWER);
    gateway =
        GatewayFixture.start(
            List.of(prefill, decode), "andante.gateway.api-keys=other-key,right-key");
    client = client("right-key");
  }

  @AfterAll
  static void stop() {
    client.close();
    gateway.close();
  }

  private static OpenAIClient client(String key) {
    return OpenAIOkHttpClient.builder()
        .baseUrl("http://127.0.0.1:" + gateway.port + "/v1")
        .apiKey(key)
        .maxRetries(0)
        .build();
  }

  private static ChatCompletionCreateParams.Builder chat() {
    return ChatCompletionCreateParams.builder()
        .model(TestModel.NAME)
        .addSystemMessage("Be brief.")
        .addUserMessage("Hi");
  }

  @Test
  void whole() {
    ChatCompletion out =
        client.chat().completions().create(chat().logprobs(true).build()).validate();
    ChatCompletion.Choice choice = out.choices().getFirst();
    assertThat(choice.message().content()).hasValue(ANSWER);
    assertThat(choice.finishReason()).isEqualTo(ChatCompletion.Choice.FinishReason.STOP);
    assertThat(choice.logprobs().orElseThrow().content().orElseThrow()).hasSize(16);
    assertThat(out.usage().orElseThrow().completionTokens()).isEqualTo(17);
  }

  @Test
  void streamed() {
    ChatCompletionAccumulator accumulator = ChatCompletionAccumulator.create();
    try (StreamResponse<ChatCompletionChunk> stream =
        client
            .chat()
            .completions()
            .createStreaming(
                chat()
                    .n(2)
                    .streamOptions(ChatCompletionStreamOptions.builder().includeUsage(true).build())
                    .build())) {
      stream.stream().forEach(chunk -> accumulator.accumulate(chunk.validate()));
    }
    ChatCompletion out = accumulator.chatCompletion();
    assertThat(out.choices()).hasSize(2);
    assertThat(out.choices()).allMatch(c -> c.message().content().orElse("").equals(ANSWER));
    assertThat(out.usage().orElseThrow().completionTokens()).isEqualTo(34);
  }

  @Test
  void completions() {
    var out =
        client
            .completions()
            .create(
                CompletionCreateParams.builder()
                    .model(TestModel.NAME)
                    .prompt("Hi")
                    .maxTokens(40)
                    .logprobs(1)
                    .build());
    assertThat(out.choices().getFirst().text()).isEqualTo(ANSWER);
  }

  @Test
  void models() {
    assertThat(client.models().list().data())
        .singleElement()
        .satisfies(model -> assertThat(model.id()).isEqualTo(TestModel.NAME));
    assertThat(client.models().retrieve(TestModel.NAME).ownedBy()).isEqualTo("andante");
  }

  @Test
  void errorsAreTyped() {
    assertThatThrownBy(() -> client.chat().completions().create(chat().temperature(-1).build()))
        .isInstanceOfSatisfying(
            BadRequestException.class,
            e -> {
              assertThat(e.param()).hasValue("temperature");
              assertThat(e.type()).hasValue("invalid_request_error");
            });
    assertThatThrownBy(() -> client.chat().completions().create(chat().model("other").build()))
        .isInstanceOfSatisfying(
            NotFoundException.class, e -> assertThat(e.code()).hasValue("model_not_found"));
  }

  @Test
  void onlyTheRightKeyOpens() {
    OpenAIClient stranger = client("wrong-key");
    try {
      assertThatThrownBy(() -> stranger.chat().completions().create(chat().build()))
          .isInstanceOfSatisfying(
              UnauthorizedException.class,
              e -> assertThat(e.type()).hasValue("authentication_error"));
      assertThatThrownBy(() -> stranger.models().list()).isInstanceOf(UnauthorizedException.class);
    } finally {
      stranger.close();
    }
    assertThat(gateway.get("/v1/models").statusCode()).isEqualTo(401);
    assertThat(gateway.get("/health").statusCode()).isEqualTo(200);
    assertThat(gateway.get("/").statusCode()).isEqualTo(200);
  }
}
