package dev.andante.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Clients that hold connections by doing little or nothing are cut off. */
@Tag("slow")
class SlowClientsTest {

  private static final String CHAT =
      "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";

  private static FakeWorker decode;
  private static GatewayFixture gateway;

  @BeforeAll
  static void start() {
    decode = FakeWorker.decode();
    gateway =
        GatewayFixture.start(
            List.of(decode),
            "andante.gateway.http.body-timeout=400ms",
            "andante.gateway.http.header-timeout=600ms");
  }

  @AfterAll
  static void stop() {
    gateway.close();
  }

  private static Socket open(String head) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), gateway.port);
    socket.setSoTimeout(20_000);
    write(socket, head);
    return socket;
  }

  private static void write(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    socket.getOutputStream().flush();
  }

  /** Sends a byte every 50 ms until the server has had enough; at most 20 s. */
  private static String drip(Socket socket, String piece) throws IOException, InterruptedException {
    for (int i = 0; i < 400; i++) {
      if (socket.getInputStream().available() > 0) {
        return rest(socket);
      }
      try {
        write(socket, piece);
      } catch (IOException closed) {
        return "";
      }
      Thread.sleep(50);
    }
    throw new AssertionError("the server let a slow client go on for 20 s");
  }

  /**
   * What comes until the server closes; it may reset the connection, since we sent what it never
   * read.
   */
  private static String rest(Socket socket) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      socket.getInputStream().transferTo(out);
    } catch (IOException reset) {
      assertThat(out.size()).as("bytes before: %s", reset).isPositive();
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void aSlowBody() throws IOException, InterruptedException {
    try (Socket socket = open(CHAT + "Content-Length: 100000\r\n\r\n{")) {
      String response = drip(socket, " ");
      assertThat(response).startsWith("HTTP/1.1 408").contains("body_timeout");
    }
    assertThat(decode.decodes).isEmpty();
  }

  @Test
  void aBodyThatNeverComes() throws IOException {
    try (Socket socket = open(CHAT + "Content-Length: 10\r\n\r\n")) {
      String response = rest(socket);
      assertThat(response).startsWith("HTTP/1.1 408");
    }
  }

  @Test
  void aBodyForNobody() throws IOException, InterruptedException {
    try (Socket socket =
        open("POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")) {
      String response = drip(socket, " ");
      assertThat(response).startsWith("HTTP/1.1 404");
    }
  }

  @Test
  void aSlowHead() throws IOException, InterruptedException {
    try (Socket socket = open("GET /v1/models HTTP/1.1\r\nHost: x\r\nX-Slow: ")) {
      assertThat(drip(socket, "a")).doesNotContain(" 200 ");
    }
  }

  @Test
  void anIdleConnection() throws IOException {
    try (Socket socket = open("")) {
      assertThat(socket.getInputStream().readAllBytes()).isEmpty();
    }
    try (Socket socket = open("GET /health HTTP/1.1\r\nHost: x\r\n\r\n")) {
      String response = rest(socket);
      assertThat(response).startsWith("HTTP/1.1 200").contains("UP");
    }
  }

  @Test
  void notHttpAtAll() throws IOException {
    try (Socket socket = open("\u0001\u0002 nonsense\r\n\r\n")) {
      String response = rest(socket);
      assertThat(response).doesNotContain(" 200 ");
    }
  }

  @Test
  void othersAreServedMeanwhile() throws IOException {
    try (Socket slow = open("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n")) {
      assertThat(gateway.get("/v1/models").statusCode()).isEqualTo(200);
      assertThat(slow.isConnected()).isTrue();
    }
  }
}
