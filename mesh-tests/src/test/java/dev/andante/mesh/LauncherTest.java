package dev.andante.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.testkit.TestModels;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The launcher as a user runs it, with a state folder of its own so that a user's running mesh is
 * left alone.
 */
@Tag("slow")
class LauncherTest {

  @TempDir Path cache;

  @BeforeEach
  void servicesAreBuilt() {
    Launcher.requireJarOf("standalone");
  }

  @AfterEach
  void down() throws Exception {
    andante("down");
  }

  @Test
  void oneJvmAnswersAndStops() throws Exception {
    int port = freePort();
    Launcher.Outcome up = andante("up", "--port", "" + port, "--model", model());
    assertThat(up.status()).as(up.output()).isZero();
    assertThat(up.output()).contains("http://127.0.0.1:" + port).contains("curl");

    Launcher.Outcome again = andante("up", "--port", "" + port, "--model", model());
    assertThat(again.status()).as(again.output()).isZero();
    assertThat(again.output()).contains("already");

    assertThat(andante("status").output()).contains("ready");
    Launcher.Outcome answer =
        andante("chat", "--max-tokens", "8", "What is the capital of France?");
    assertThat(answer.status()).as(answer.output()).isZero();
    assertThat(answer.output()).isNotBlank();

    assertThat(andante("down").status()).isZero();
    try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      assertThat(socket.isBound()).as("the port is free again").isTrue();
    }
  }

  @Test
  void fiveProcessesAnswer() throws Exception {
    int port = freePort();
    Launcher.Outcome up = andante("up", "--mesh", "--port", "" + port, "--model", model());
    assertThat(up.status()).as(up.output()).isZero();
    assertThat(andante("status").output())
        .contains("gateway", "prefill", "decode", "draft", "expert");
    assertThat(andante("down").status()).isZero();
  }

  @Test
  void aTakenPortIsNamedWithWhatToDo() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Launcher.Outcome up = andante("up", "--port", "" + taken.getLocalPort(), "--model", model());
      assertThat(up.status()).isNotZero();
      assertThat(up.output()).contains("" + taken.getLocalPort()).contains("--port");
    }
  }

  @Test
  void aFileThatIsNoModelIsRefusedWithItsName() throws Exception {
    Path broken = Files.writeString(cache.resolve("broken.gguf"), "not a model");
    Launcher.Outcome up = andante("up", "--port", "" + freePort(), "--model", broken.toString());
    assertThat(up.status()).isNotZero();
    assertThat(up.output()).contains("broken.gguf");
  }

  private Launcher.Outcome andante(String... arguments) throws IOException, InterruptedException {
    return new Launcher(cache).run(Duration.ofMinutes(3), arguments);
  }

  private static String model() {
    return TestModels.requireRealModel().toString();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
