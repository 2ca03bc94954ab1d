package dev.andante.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.read.ListAppender;
import dev.andante.testkit.TestModels;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** The whole mesh keeps prompts out of its logs, and frees what clients leave behind. */
@Tag("slow")
class PrivacyAndDisconnectTest {

  private static final String MODEL = "real";
  private static final String SECRET = "zanzibarquux";

  private static MeshUnderTest mesh;

  @BeforeAll
  static void start() {
    mesh = MeshUnderTest.start(TestModels.requireRealModel(), MODEL);
  }

  @AfterAll
  static void stop() {
    if (mesh != null) {
      mesh.close();
    }
  }

  @AfterEach
  void nothingLeaks() throws InterruptedException {
    mesh.awaitAllBlocksFree();
  }

  @Test
  void noLogLineHoldsWhatWasAsked() {
    Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    ListAppender<ILoggingEvent> lines = new ListAppender<>();
    lines.start();
    root.addAppender(lines);
    try {
      List<Integer> statuses =
          List.of(
              post(chat(",\"max_tokens\":4")),
              post(chat(",\"max_tokens\":4,\"stream\":true")),
              post(chat(",\"temperature\":-1")),
              post(chat(",\"max_tokens\":1000000")),
              post("{\"model\":\"" + MODEL + "\",\"messages\":[{\"role\":\"" + SECRET + "\"}]}"),
              post(chat("").replace(MODEL, "nobody")),
              post("{\"" + SECRET));
      assertThat(statuses).containsExactly(200, 200, 400, 400, 400, 404, 400);
    } finally {
      root.detachAppender(lines);
    }
    assertThat(lines.list).as("requests are logged").isNotEmpty();
    assertThat(lines.list)
        .noneMatch(line -> line.getFormattedMessage().contains(SECRET))
        .noneMatch(
            line ->
                line.getThrowableProxy() != null
                    && ThrowableProxyUtil.asString(line.getThrowableProxy()).contains(SECRET));
  }

  /** {@link #nothingLeaks} then sees all blocks free, long before the answer would have ended. */
  @Test
  void aClientThatLeavesFreesEverything() throws Exception {
    var connection =
        (HttpURLConnection)
            URI.create(mesh.url() + "/v1/chat/completions").toURL().openConnection();
    connection.setRequestMethod("POST");
    connection.setDoOutput(true);
    connection.setRequestProperty("Content-Type", "application/json");
    connection
        .getOutputStream()
        .write(
            chat(",\"max_tokens\":7000,\"ignore_eos\":true,\"stream\":true")
                .getBytes(StandardCharsets.UTF_8));
    InputStream answer = connection.getInputStream();
    assertThat(new String(answer.readNBytes(400), StandardCharsets.UTF_8)).contains("data: {");
    mesh.await(
        Duration.ofSeconds(10),
        "decode to run the request",
        () -> mesh.status("decode").getRunning() == 1);
    connection.disconnect();
  }

  private static String chat(String more) {
    return "{\"model\":\""
        + MODEL
        + "\",\"temperature\":0,\"messages\":[{\"role\":\"user\",\"content\":\"What is "
        + SECRET
        + "?\"}]"
        + more
        + "}";
  }

  private static int post(String json) {
    return mesh.post("/v1/chat/completions", json).statusCode();
  }
}
