package dev.andante.kvtransfer.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.protocol.v1.KvCommit;
import dev.andante.protocol.v1.KvFrame;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Connections are used again while they are of use. */
class LinksTest {

  private static final String HOST = "127.0.0.1";
  private static final KvFrame COMMIT =
      KvFrame.newBuilder().setCommit(KvCommit.getDefaultInstance()).build();

  private final Links links = new Links();
  private LinkServer server;

  @BeforeEach
  void start() throws IOException {
    server = start(0);
  }

  private static LinkServer start(int port) throws IOException {
    return new LinkServer(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1_000);
  }

  @AfterEach
  void stop() {
    links.close();
    server.close();
  }

  /** A call that has a commit only. */
  private FrameChannel carryOne() throws Exception {
    CountDownLatch committed = new CountDownLatch(1);
    FrameReceiver receiver =
        new FrameReceiver() {
          @Override
          public void onFrame(InFrame frame) {
            committed.countDown();
          }

          @Override
          public void onLinkLost(IOException cause) {}
        };
    try (LinkedCall call = server.admit(receiver)) {
      FrameChannel channel = links.connect(HOST, server.port(), call.ticket());
      assertThat(channel).isNotNull();
      channel.write(COMMIT, ByteBuffer.allocate(0));
      assertThat(committed.await(10, TimeUnit.SECONDS)).isTrue();
      return channel;
    }
  }

  @Test
  void aFreeOneIsTaken() throws Exception {
    FrameChannel first = carryOne();
    links.done(first);
    assertThat(links.free()).isEqualTo(1);
    assertThat(carryOne()).isSameAs(first);
    assertThat(links.free()).isZero();
  }

  @Test
  void oneInUseIsNot() throws Exception {
    FrameChannel first = carryOne();
    FrameChannel second = carryOne();
    assertThat(second).isNotSameAs(first);
    links.done(first);
    links.done(second);
    assertThat(links.free()).isEqualTo(2);
    assertThat(carryOne()).as("the one used last").isSameAs(second);
  }

  @Test
  void oneThatTheReceiverClosedIsNot() throws Exception {
    FrameChannel first = carryOne();
    links.done(first);
    int port = server.port();
    server.close();
    server = start(port);
    assertThatThrownBy(() -> first.awaitBegin(Duration.ofSeconds(10)))
        .as("the end of it has come")
        .isInstanceOf(IOException.class)
        .isNotInstanceOf(SocketTimeoutException.class);
    assertThat(carryOne()).isNotSameAs(first);
    assertThat(links.free()).isZero();
  }

  @Test
  void whoCannotBeReachedIsLeftAloneForAWhile() throws Exception {
    int nobody;
    try (ServerSocket socket = new ServerSocket(0)) {
      nobody = socket.getLocalPort();
    }
    assertThat(links.connect(HOST, nobody, Ticket.random())).isNull();
    try (LinkServer late = start(nobody)) {
      assertThat(late.port()).isEqualTo(nobody);
      assertThat(links.connect(HOST, nobody, Ticket.random())).isNull();
      assertThat(carryOne()).isNotNull();
    }
  }

  /** As a proxy does whose receiver cannot be reached. */
  @Test
  void whoTakesAConnectionAndSaysNothingIsLeftAlone() throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThat(links.connect(HOST, silent.getLocalPort(), Ticket.random())).isNull();
      assertThat(links.connect(HOST, silent.getLocalPort(), Ticket.random())).isNull();
    }
  }

  @Test
  void whoLostOneIsLeftAloneForAWhile() throws Exception {
    FrameChannel lost = carryOne();
    links.lost(lost, new IOException("the test"));
    assertThat(lost.isStale()).isTrue();
    assertThat(links.connect(HOST, server.port(), Ticket.random())).isNull();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, 65536})
  void aPortThatIsNoneIsNoLink(int port) {
    assertThat(links.connect(HOST, port, Ticket.random())).isNull();
  }

  @Test
  void nothingIsKeptAfterTheEnd() throws Exception {
    FrameChannel free = carryOne();
    FrameChannel inUse = carryOne();
    links.done(free);
    links.close();
    assertThat(free.isStale()).isTrue();
    links.done(inUse);
    assertThat(inUse.isStale()).isTrue();
    assertThat(links.free()).isZero();
  }
}
