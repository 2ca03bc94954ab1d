package dev.andante.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Clients leave at any moment; what was begun for them ends, and nobody else notices. */
@Tag("slow")
class LeavingTest {

  private static final int CLIENTS = 16;
  private static final int LEAVES = 200; // of each
  private static final int LATEST_MICROS =
      40_000; // about when the first frame is written, so many at once
  private static final String ANSWER = "no place between holds all of it ".repeat(7);
  private static final String BODY =
      "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"max_tokens\":230,\"stream\":true}";
  private static final String REQUEST =
      "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
          + "Content-Length: "
          + BODY.length()
          + "\r\n\r\n"
          + BODY;

  @Test
  void whoeverLeavesTakesNoPlace() throws Exception {
    FakeWorker prefill = FakeWorker.prefill();
    FakeWorker decode = FakeWorker.decode();
    prefill.answers(ANSWER);
    decode.answers(ANSWER);
    try (GatewayFixture gateway = GatewayFixture.start(List.of(prefill, decode));
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
      Callable<Void> leaver = () -> leaveAgainAndAgain(gateway.port);
      for (Future<Void> left :
          clients.invokeAll(Collections.nCopies(CLIENTS, leaver), 2, TimeUnit.MINUTES)) {
        left.get();
      }
      Await.until(
          () -> gateway.metric("andante_admission_running") == 0 && decode.open.get() == 0,
          "all is given back");
      assertThat(gateway.post("/v1/chat/completions", BODY).body()).contains("[DONE]");
    }
  }

  private static Void leaveAgainAndAgain(int port) throws IOException, InterruptedException {
    Random random = new Random();
    for (int i = 0; i < LEAVES; i++) {
      try (RawClient client = new RawClient(port)) {
        client.send(REQUEST);
        TimeUnit.MICROSECONDS.sleep(random.nextInt(LATEST_MICROS));
      }
    }
    return null;
  }
}
