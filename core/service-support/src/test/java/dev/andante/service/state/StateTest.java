package dev.andante.service.state;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.service.state.ServiceState.Phase;
import dev.andante.service.state.ServiceState.Snapshot;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class StateTest {

  @Test
  void readyOnceEveryCheckPassesAndStartingAgainWhenOneFails() {
    AtomicReference<Optional<String>> reason = new AtomicReference<>(Optional.of("loading"));
    ServiceState state = new ServiceState(List.of(Optional::empty, reason::get));
    assertThat(state.snapshot()).isEqualTo(new Snapshot(Phase.STARTING, "loading"));
    reason.set(Optional.empty());
    assertThat(state.snapshot()).isEqualTo(new Snapshot(Phase.READY, ""));
    reason.set(Optional.of("lost"));
    assertThat(state.ready()).isFalse();
  }

  @Test
  void drainingIsFinal() {
    ServiceState state = new ServiceState(List.of());
    state.drain();
    assertThat(state.snapshot().phase()).isEqualTo(Phase.DRAINING);
    assertThat(state.ready()).isFalse();
  }

  @Test
  void whatIsDeadIsNeitherReadyNorDraining() {
    AtomicReference<Optional<String>> broken = new AtomicReference<>(Optional.empty());
    ServiceState state =
        new ServiceState(
            List.of(() -> Optional.of("loading")), List.of(Optional::empty, broken::get));
    assertThat(state.deadReason()).isEmpty();
    assertThat(state.snapshot().phase()).isEqualTo(Phase.STARTING);
    broken.set(Optional.of("device lost"));
    assertThat(state.snapshot()).isEqualTo(new Snapshot(Phase.FAILED, "device lost"));
    assertThat(state.deadReason()).hasValue("device lost");
    state.drain();
    assertThat(state.snapshot().phase()).isEqualTo(Phase.FAILED);
  }

  @Test
  void idleAtOnceWithoutWork() {
    assertThat(new InFlight().awaitIdle(Duration.ZERO)).isTrue();
  }

  @Test
  void waitsForTheLastToEnd() {
    InFlight inFlight = new InFlight();
    inFlight.begin();
    inFlight.begin();
    CompletableFuture<Boolean> idle =
        CompletableFuture.supplyAsync(() -> inFlight.awaitIdle(Duration.ofSeconds(20)));
    inFlight.end();
    assertThat(inFlight.count()).isEqualTo(1);
    assertThat(idle).isNotDone();
    inFlight.end();
    assertThat(idle.orTimeout(20, TimeUnit.SECONDS).join()).isTrue();
  }

  @Test
  void whoeverWaitsForTheDrainIsToldOnce() {
    ServiceState state = new ServiceState(List.of());
    List<String> told = new ArrayList<>();
    state.whenDraining(() -> told.add("before"));
    assertThat(told).isEmpty();
    state.drain();
    state.drain();
    assertThat(told).containsExactly("before");
    state.whenDraining(() -> told.add("after"));
    assertThat(told).containsExactly("before", "after");
  }

  @Test
  void givesUpAfterTheTimeout() {
    InFlight inFlight = new InFlight();
    inFlight.begin();
    assertThat(inFlight.awaitIdle(Duration.ofMillis(5))).isFalse();
  }

  @Test
  void stoppingDrainsFirstAndThenWaits() {
    ServiceState state = new ServiceState(List.of());
    InFlight inFlight = new InFlight();
    inFlight.begin();
    DrainLifecycle drain =
        new DrainLifecycle(state, inFlight, new LongStreams(), Duration.ofSeconds(20));
    drain.start();
    CompletableFuture<Void> stopped = CompletableFuture.runAsync(drain::stop);
    for (int i = 0; i < 4000 && !state.draining(); i++) {
      java.util.concurrent.locks.LockSupport.parkNanos(5_000_000);
    }
    assertThat(state.draining()).isTrue();
    assertThat(drain.isRunning()).isTrue();
    inFlight.end();
    stopped.orTimeout(20, TimeUnit.SECONDS).join();
    assertThat(drain.isRunning()).isFalse();
  }

  @Test
  void aDrainThatTimesOutGoesOn() {
    InFlight inFlight = new InFlight();
    inFlight.begin();
    DrainLifecycle drain =
        new DrainLifecycle(
            new ServiceState(List.of()), inFlight, new LongStreams(), Duration.ofMillis(5));
    drain.start();
    drain.stop();
    assertThat(drain.isRunning()).isFalse();
  }
}
