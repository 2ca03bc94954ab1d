package dev.andante.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.kvtransfer.link.LinkServer;
import dev.andante.kvtransfer.link.Links;
import dev.andante.protocol.v1.SamplingParameters;
import dev.andante.service.grpc.GrpcStartException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** KV comes over a link where decode has one, and over gRPC where it has none. */
class KvLinkTest {

  private static final List<Integer> PROMPT = Calls.prompt(100, 1);

  private static Worker prefill;

  @BeforeAll
  static void start() {
    prefill = Worker.prefill();
  }

  @AfterAll
  static void stop() {
    prefill.close();
  }

  private static List<Integer> answer(Worker decode, String id) {
    return Calls.disaggregated(
            prefill, decode, id, PROMPT, 12, SamplingParameters.getDefaultInstance())
        .tokens();
  }

  private static int freeLinks() {
    return prefill.context().getBean(Links.class).free();
  }

  @Test
  void withALinkAndWithout() {
    try (Worker linked = Worker.decode();
        Worker bare = Worker.decode("--andante.decode.kv-link=off")) {
      List<Integer> alone = Calls.decode(linked, Calls.local("alone", PROMPT, 12).build()).tokens();
      assertThat(answer(bare, "bare")).isEqualTo(alone);
      assertThat(freeLinks()).isZero();
      assertThat(answer(linked, "linked")).isEqualTo(alone);
      Await.until(() -> freeLinks() == 1, () -> freeLinks() + " links are free");
      assertThat(bare.context().getBeanProvider(LinkServer.class).getIfAvailable()).isNull();
      linked.awaitIdle();
      bare.awaitIdle();
    }
  }

  @Test
  void aLinkBehindAMappedPort() throws IOException {
    try (ServerSocket mapped = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Worker decode =
            Worker.decode("--andante.decode.kv-link-advertised-port=" + mapped.getLocalPort())) {
      List<Integer> alone = Calls.decode(decode, Calls.local("here", PROMPT, 12).build()).tokens();
      assertThat(answer(decode, "over gRPC, since nobody passes it on")).isEqualTo(alone);
      mapped.setSoTimeout(10_000);
      mapped.accept().close(); // prefill came by
    }
  }

  @Test
  void aPortThatIsTakenFailsTheStart() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String port = "--andante.decode.kv-link-port=" + taken.getLocalPort();
      assertThatThrownBy(() -> Worker.decode(port).close())
          .hasStackTraceContaining(GrpcStartException.class.getName())
          .hasStackTraceContaining("(andante.decode.kv-link-port)");
    }
  }
}
