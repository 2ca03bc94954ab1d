package dev.andante.service.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.SequencedSet;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class EndpointsTest {

  private static final Duration NEVER = Duration.ofDays(1);

  /** Addresses behind the only name; empty = it cannot be looked up. */
  private final AtomicReference<String[]> addresses = new AtomicReference<>(new String[0]);

  private final LinkedBlockingQueue<SequencedSet<String>> told = new LinkedBlockingQueue<>();

  private InetAddress[] lookUp(String host) throws UnknownHostException {
    assertThat(host).isEqualTo("experts");
    if (addresses.get().length == 0) {
      throw new UnknownHostException(host);
    }
    return Arrays.stream(addresses.get()).map(InetAddress::ofLiteral).toArray(InetAddress[]::new);
  }

  private Endpoints endpoints(String... targets) {
    return new Endpoints(List.of(targets), this::lookUp, NEVER, told::add);
  }

  private SequencedSet<String> next() throws InterruptedException {
    SequencedSet<String> next = told.poll(20, TimeUnit.SECONDS);
    assertThat(next).as("something is told").isNotNull();
    return next;
  }

  @Test
  void plainTargetsAreOneEachAndKnownAtOnce() {
    try (Endpoints _ = endpoints("a:1", "b:2")) {
      assertThat(told.poll()).containsExactly("a:1", "b:2");
    }
  }

  @Test
  void namesAreAsManyAsTheyHaveAddresses() throws InterruptedException {
    addresses.set(new String[] {"10.0.0.2", "10.0.0.1", "fe80::1"});
    try (Endpoints endpoints = endpoints("a:1", "dns:///experts:9090")) {
      assertThat(next()).containsExactly("a:1");
      assertThat(next())
          .containsExactly("a:1", "10.0.0.1:9090", "10.0.0.2:9090", "[fe80:0:0:0:0:0:0:1]:9090");
      endpoints.refresh();
      assertThat(told).as("no change, no word").isEmpty();
      addresses.set(new String[] {"10.0.0.3"});
      endpoints.refresh();
      assertThat(next()).containsExactly("a:1", "10.0.0.3:9090");
      addresses.set(new String[0]);
      endpoints.refresh();
      assertThat(told).as("a resolver that is down is not an empty name").isEmpty();
    }
  }

  @Test
  void aNameWithoutAPortIsRefused() {
    assertThatThrownBy(() -> endpoints("a:1", "dns:///experts"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("dns:///experts")
        .hasMessageContaining("dns:///host:port");
    assertThat(told).isEmpty();
  }

  @Test
  void nothingIsToldOnceClosed() {
    Endpoints endpoints = endpoints("dns:///experts:9090");
    endpoints.close();
    told.clear();
    addresses.set(new String[] {"10.0.0.9"});
    endpoints.refresh();
    assertThat(told).isEmpty();
  }
}
