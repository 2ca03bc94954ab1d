package dev.andante.gateway.pipeline;

import dev.andante.gateway.client.MeshClient;
import dev.andante.gateway.routing.Placer;
import dev.andante.gateway.routing.Tried;
import dev.andante.gateway.routing.Worker;
import dev.andante.protocol.v1.Attempt;
import dev.andante.protocol.v1.HandOverRequest;
import dev.andante.protocol.v1.KvMoved;
import dev.andante.service.grpc.Failures;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has workers that stop hand one answer over to others. While a worker has been asked it is not
 * asked again; what it says to its next offer, when it has refused, may be another story. Any
 * thread.
 */
final class HandOvers {

  private static final Logger LOG = LoggerFactory.getLogger(HandOvers.class);

  private final AnswerPlan plan;
  private final Placer placer;
  private final MeshClient client;
  private final Tried tried;
  private final Map<String, Worker> targets = new ConcurrentHashMap<>(); // by their KV targets
  private final AtomicBoolean asking = new AtomicBoolean();

  /**
   * @param tried workers that failed the answer; told who does not take it
   */
  HandOvers(AnswerPlan plan, Placer placer, MeshClient client, Tried tried) {
    this.plan = plan;
    this.placer = placer;
    this.client = client;
    this.tried = tried;
  }

  /**
   * A worker offers the answer; it is taken if somebody else is there. Returns at once.
   *
   * @param running attempt that the worker answers
   * @param tokens of prompt and answer by now
   * @param nextEpoch asked for the epoch of another attempt, if there is to be one
   */
  void offered(Worker from, Attempt running, int tokens, IntSupplier nextEpoch) {
    tried.refused(from);
    if (!asking.compareAndSet(false, true)) {
      return;
    }
    Optional<Worker> other = placer.elsewhere(plan.model(), tokens, from, tried);
    if (other.isEmpty()) {
      asking.set(false);
      return;
    }
    Worker to = other.get();
    targets.put(to.kvTarget(), to);
    HandOverRequest request =
        HandOverRequest.newBuilder()
            .setAttempt(running)
            .setEpoch(nextEpoch.getAsInt())
            .setKvTarget(to.kvTarget())
            .build();
    client
        .handOver(from.target(), request, plan.deadline(), plan.identity())
        .subscribe(_ -> asking.set(false), error -> refused(from, to, error));
  }

  private void refused(Worker from, Worker to, Throwable error) {
    tried.refused(to);
    plan.identity()
        .logIds()
        .run(
            () ->
                LOG.info(
                    "{} stays with {}, which could not hand it over to {}: {}",
                    plan.id(),
                    from.instance(),
                    to.instance(),
                    Failures.describe(error)));
    asking.set(false);
  }

  /** Who has the KV of the answer now; null if nobody was asked to take it there. */
  @Nullable Worker holderOf(KvMoved moved) {
    return targets.get(moved.getKvTarget());
  }
}
