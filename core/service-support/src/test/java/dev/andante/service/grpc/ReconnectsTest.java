package dev.andante.service.grpc;

import static org.assertj.core.api.Assertions.assertThatCode;

import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ReconnectsTest {

  /** As many attempts would take gRPC's own backoff more than twice as long as is waited here. */
  @Test
  void aPeerThatIsGoneIsTriedAgainAndAgain() throws Exception {
    try (ServerSocket peer = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Reconnects reconnects = new Reconnects(Duration.ofMillis(50))) {
      peer.setSoTimeout(20_000);
      ManagedChannel channel =
          NettyChannelBuilder.forTarget("127.0.0.1:" + peer.getLocalPort()).usePlaintext().build();
      try {
        reconnects.watch(channel);
        channel.getState(true);
        assertThatCode(
                () -> {
                  for (int attempt = 0; attempt < 8; attempt++) {
                    peer.accept().close();
                  }
                })
            .doesNotThrowAnyException();
      } finally {
        channel.shutdownNow();
      }
    }
  }
}
