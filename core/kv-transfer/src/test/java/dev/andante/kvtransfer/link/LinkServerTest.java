package dev.andante.kvtransfer.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.andante.protocol.v1.KvCommit;
import dev.andante.protocol.v1.KvData;
import dev.andante.protocol.v1.KvFrame;
import dev.andante.protocol.v1.KvHeartbeat;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whoever connects, and whatever they say, only their own call notices. */
class LinkServerTest {

  private static final int MOST_BYTES = 1_000;
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);
  private static final KvFrame BEAT =
      KvFrame.newBuilder().setHeartbeat(KvHeartbeat.getDefaultInstance()).build();
  private static final KvFrame COMMIT =
      KvFrame.newBuilder().setCommit(KvCommit.newBuilder().setFrames(3)).build();

  /** What came. */
  private static class Recorder implements FrameReceiver {
    final List<InFrame> frames = new CopyOnWriteArrayList<>();
    final CompletableFuture<IOException> lost = new CompletableFuture<>();

    @Override
    public void onFrame(InFrame frame) {
      frames.add(frame);
    }

    @Override
    public void onLinkLost(IOException cause) {
      assertThat(lost.complete(cause)).as("told once").isTrue();
    }

    IOException awaitLost() throws Exception {
      return lost.get(10, TimeUnit.SECONDS);
    }
  }

  private final Recorder recorder = new Recorder();
  private LinkServer server;
  private InetSocketAddress address;

  @BeforeEach
  void start() throws IOException {
    server = new LinkServer(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), MOST_BYTES);
    address = new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port());
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private FrameChannel connect() throws IOException {
    return FrameChannel.connect(address, Duration.ofSeconds(5));
  }

  private FrameChannel connect(Ticket ticket) throws IOException {
    FrameChannel channel = connect();
    channel.begin(ticket, Duration.ofSeconds(5));
    return channel;
  }

  private void assertRefused(Ticket ticket) throws IOException {
    try (FrameChannel channel = connect()) {
      assertThatThrownBy(() -> channel.begin(ticket, Duration.ofSeconds(5)))
          .isInstanceOf(IOException.class)
          .isNotInstanceOf(SocketTimeoutException.class);
    }
  }

  private static void await(BooleanSupplier condition) {
    for (int i = 0; i < 2000 && !condition.getAsBoolean(); i++) {
      LockSupport.parkNanos(5_000_000);
    }
    assertThat(condition.getAsBoolean()).isTrue();
  }

  private static void awaitClosed(FrameChannel channel) {
    await(channel::isStale);
  }

  @Test
  void noMoreIsReadThanTheReceiverIsDoneWith() throws IOException {
    Semaphore done = new Semaphore(0);
    Recorder slow =
        new Recorder() {
          @Override
          public void onFrame(InFrame frame) {
            super.onFrame(frame);
            done.acquireUninterruptibly();
          }
        };
    try (LinkedCall call = server.admit(slow);
        FrameChannel channel = connect(call.ticket())) {
      for (int i = 0; i < 5; i++) {
        channel.write(BEAT, NOTHING);
      }
      for (int frames = 1; frames <= 5; frames++) {
        int due = frames;
        await(() -> slow.frames.size() == due);
        LockSupport.parkNanos(20_000_000);
        assertThat(slow.frames).hasSize(due);
        done.release();
      }
    } finally {
      done.release(5);
    }
  }

  @Test
  void aPayloadComesAsItWasSent() throws IOException {
    assertServes();
  }

  private void assertServes() throws IOException {
    byte[] content = new byte[900];
    new java.util.Random(1).nextBytes(content);
    KvFrame message =
        KvFrame.newBuilder().setData(KvData.newBuilder().setSequence(7).setTokenCount(3)).build();
    try (LinkedCall call = server.admit(recorder);
        FrameChannel channel = connect(call.ticket())) {
      channel.write(message, ByteBuffer.wrap(content));
      await(() -> !recorder.frames.isEmpty());
    }
    InFrame came = recorder.frames.getFirst();
    assertThat(came.frame()).isEqualTo(message);
    assertThat(came.payload()).isEqualTo(ByteBuffer.wrap(content));
    came.release();
  }

  @Test
  void aConnectionIsFreeForAnotherCallAfterTheCommit() throws IOException {
    Recorder second = new Recorder();
    LinkedCall first = server.admit(recorder);
    try (FrameChannel channel = connect(first.ticket())) {
      channel.write(COMMIT, NOTHING);
      await(() -> !recorder.frames.isEmpty());
      first.close(); // as the call is over some time
      try (LinkedCall next = server.admit(second)) {
        channel.begin(next.ticket(), Duration.ofSeconds(5));
        channel.write(BEAT, NOTHING);
        await(() -> !second.frames.isEmpty());
      }
    }
    assertThat(recorder.frames).hasSize(1);
    assertThat(recorder.lost).isNotDone();
    assertThat(server.admitted()).isZero();
  }

  @Test
  void nobodyComesInWithoutATicket() throws IOException {
    try (LinkedCall call = server.admit(recorder)) {
      assertRefused(Ticket.random());
      assertThat(call.attached()).isFalse();
      assertThat(server.admitted()).isEqualTo(1);
    }
  }

  @Test
  void aTicketIsGoodForOneConnection() throws IOException {
    try (LinkedCall call = server.admit(recorder);
        FrameChannel first = connect(call.ticket())) {
      await(call::attached);
      assertRefused(call.ticket());
      first.write(BEAT, NOTHING);
      await(() -> !recorder.frames.isEmpty());
    }
  }

  @Test
  void aTicketIsOfNoUseWhenTheCallIsOver() throws IOException {
    LinkedCall call = server.admit(recorder);
    call.close();
    assertThat(server.admitted()).isZero();
    assertRefused(call.ticket());
    assertThat(call.attached()).isFalse();
  }

  @Test
  void theEndOfTheCallEndsItsConnection() throws IOException {
    LinkedCall call = server.admit(recorder);
    try (FrameChannel channel = connect(call.ticket())) {
      await(call::attached);
      call.close();
      awaitClosed(channel);
    }
    assertThat(recorder.lost).isNotDone();
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "AKL2................", "AKL1"})
  void whoSpeaksAnotherLanguageIsCutOff(String words) throws IOException {
    try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
      socket.setSoTimeout(10_000);
      socket.getOutputStream().write(words.getBytes(StandardCharsets.US_ASCII));
      socket.shutdownOutput();
      assertThat(isClosed(socket)).isTrue();
    }
    assertServes();
  }

  private static boolean isClosed(Socket socket) throws IOException {
    try {
      return socket.getInputStream().read() == -1;
    } catch (SocketException e) { // closed with our words unread
      return true;
    }
  }

  /** Lengths, then three bytes that are no message. */
  @ParameterizedTest
  @CsvSource({
    "1001, 0",
    "0, 1001",
    "500, 501",
    "-1, 0",
    "0, -1",
    "-2147483648, -2147483648",
    "2147483647, 2147483647",
    "3, 0"
  })
  void whatIsNoFrameEndsItsCall(int message, int payload) throws Exception {
    try (LinkedCall call = server.admit(recorder);
        Socket socket = new Socket(address.getAddress(), address.getPort())) {
      ByteBuffer words =
          ByteBuffer.allocate(31)
              .put("AKL1".getBytes(StandardCharsets.US_ASCII))
              .put(call.ticket().bytes())
              .order(ByteOrder.LITTLE_ENDIAN)
              .putInt(message)
              .putInt(payload)
              .put(new byte[] {(byte) 0xff, (byte) 0xff, (byte) 0xff});
      OutputStream out = socket.getOutputStream();
      out.write(words.array());
      assertThat(recorder.awaitLost()).isInstanceOf(InvalidProtocolBufferException.class);
    }
    assertThat(recorder.frames).isEmpty();
  }

  @Test
  void aConnectionThatEndsEarlyIsLost() throws Exception {
    try (LinkedCall call = server.admit(recorder)) {
      try (FrameChannel channel = connect(call.ticket())) {
        channel.write(BEAT, NOTHING);
      }
      assertThat(recorder.awaitLost()).isNotInstanceOf(InvalidProtocolBufferException.class);
    }
    assertThat(recorder.frames).hasSize(1);
  }

  @Test
  void aReceiverThatFailsLosesItsLinkOnly() throws Exception {
    Recorder failing =
        new Recorder() {
          @Override
          public void onFrame(InFrame frame) {
            throw new IllegalStateException("the test");
          }
        };
    try (LinkedCall call = server.admit(failing);
        FrameChannel channel = connect(call.ticket())) {
      channel.write(BEAT, NOTHING);
      assertThat(failing.awaitLost()).hasRootCauseMessage("the test");
      awaitClosed(channel);
    }
    assertServes();
  }

  @Test
  void theEndOfTheServerEndsAll() throws Exception {
    try (LinkedCall call = server.admit(recorder);
        FrameChannel channel = connect(call.ticket())) {
      await(call::attached);
      server.close();
      assertThat(recorder.awaitLost()).isInstanceOf(IOException.class);
      awaitClosed(channel);
    }
  }
}
