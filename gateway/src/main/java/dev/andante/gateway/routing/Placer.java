package dev.andante.gateway.routing;

import dev.andante.gateway.error.ApiException;
import dev.andante.protocol.v1.WorkerStatus;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Picks decode first, since that is where the answer will live, then prefill. Workers already tried
 * for this request come last, but are not excluded: with one worker left, trying it again is all
 * there is.
 */
public final class Placer {

  private final WorkerRegistry registry;
  private final int localPromptTokens;

  public Placer(WorkerRegistry registry, int localPromptTokens) {
    this.registry = registry;
    this.localPromptTokens = localPromptTokens;
  }

  /**
   * @param tried targets that failed this request
   * @param local whether decode must compute the prompt itself
   * @throws ApiException 503 if no decode worker serves the model
   */
  public Placement place(ServedModel model, int promptTokens, Set<String> tried, boolean local) {
    List<Worker> decoders = registry.usable(WorkerKind.DECODE, model.fingerprint());
    Worker decode =
        decoders.stream()
            .min(
                Comparator.<Worker>comparingInt(w -> tried.contains(w.target()) ? 1 : 0)
                    .thenComparingInt(w -> fits(w, promptTokens) ? 0 : 1)
                    .thenComparingLong(Placer::answers)
                    .thenComparingLong(w -> -freeTokens(w))
                    .thenComparing(Worker::target))
            .orElseThrow(
                () ->
                    ApiException.unavailable(
                        "No decode worker is ready for the model '"
                            + model.name()
                            + "'; try again shortly."));
    if (local || promptTokens <= localPromptTokens) {
      return new Placement(decode, Optional.empty());
    }
    Optional<Worker> prefill =
        registry.usable(WorkerKind.PREFILL, model.fingerprint()).stream()
            .min(
                Comparator.<Worker>comparingInt(w -> tried.contains(w.target()) ? 1 : 0)
                    .thenComparingLong(Placer::queuedTokens)
                    .thenComparing(Worker::target));
    return new Placement(decode, prefill);
  }

  private static boolean fits(Worker worker, int promptTokens) {
    return freeTokens(worker) > promptTokens;
  }

  private static long freeTokens(Worker worker) {
    WorkerStatus status = status(worker);
    return status == null ? 0 : (long) status.getFreeBlocks() * status.getBlockSize();
  }

  /** The status lags behind what this gateway sent; other gateways are seen only in the status. */
  private static long answers(Worker worker) {
    WorkerStatus status = status(worker);
    long reported = status == null ? 0 : (long) status.getRunning() + status.getWaiting();
    return Math.max(reported, worker.outstanding());
  }

  private static long queuedTokens(Worker worker) {
    WorkerStatus status = status(worker);
    long reported = status == null ? 0 : status.getQueuedPromptTokens();
    return Math.max(reported, worker.outstanding());
  }

  private static @Nullable WorkerStatus status(Worker worker) {
    Worker.Report report = worker.report();
    return report == null ? null : report.status();
  }
}
