package dev.andante.engine.runtime;

import dev.andante.compute.Backend;
import dev.andante.compute.BackendException;
import dev.andante.compute.KvPool;
import dev.andante.engine.EngineException;
import dev.andante.engine.EngineException.Code;
import dev.andante.engine.KvSink;
import dev.andante.engine.kvcache.BlockPool;
import dev.andante.engine.kvcache.BlockTable;
import dev.andante.engine.request.PrefillDelivery;
import dev.andante.engine.request.Request;
import dev.andante.engine.sampling.Sampler;
import dev.andante.engine.sampling.SamplingException;
import dev.andante.engine.scheduler.ScheduledRequest;
import dev.andante.engine.scheduler.Scheduler;
import dev.andante.engine.scheduler.StepPlan;
import dev.andante.model.ExpertUnavailableException;
import dev.andante.model.LanguageModel;
import dev.andante.model.Workspace;
import dev.andante.model.experts.PassContext;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Computes one plan: forward pass, sampling, verification, KV export. */
final class StepRunner implements AutoCloseable {

  /** Hears what became of each scheduled request. */
  interface Results {

    /** Its tokens were computed; with {@code outcome} there are new ones. */
    void advanced(ScheduledRequest scheduled, Verifier.@Nullable Outcome outcome);

    void failed(Request request, EngineException failure);
  }

  private final LanguageModel model;
  private final KvPool pool;
  private final Workspace workspace;
  private final BatchBuilder batches = new BatchBuilder();
  private final LogitRows logits;
  private final Sampler sampler;
  private final Verifier verifier;
  private final KvExporter exporter;
  private final Scheduler scheduler;
  private final BackendProbe probe;

  StepRunner(
      LanguageModel model, Backend backend, KvPool pool, Workspace workspace, Scheduler scheduler) {
    int vocabulary = model.config().vocabularySize();
    this.model = model;
    this.pool = pool;
    this.workspace = workspace;
    this.scheduler = scheduler;
    this.logits = new LogitRows(backend, vocabulary, workspace.maxLogitRows());
    this.sampler = new Sampler(vocabulary);
    this.verifier = new Verifier(sampler, logits);
    this.exporter = new KvExporter(pool);
    this.probe = new BackendProbe(backend);
  }

  /** A warm-up with this runner's memory, while it has nothing to run. */
  WarmUp warmUp(BlockPool blocks, int maxSequences, LongSupplier nanoTime) {
    return new WarmUp(model, pool, workspace, logits, sampler, blocks, maxSequences, nanoTime);
  }

  /**
   * A failure of the backend or of a remote expert fails the requests of this plan; anything else
   * that is thrown is a defect and leaves this method.
   *
   * @param now of the engine's time source
   * @throws BackendLostException if the backend can do nothing any more, once the plan's requests
   *     have been failed
   */
  void run(StepPlan plan, long now, Results results) {
    try {
      logits.begin(
          context(plan, now).call(() -> model.forward(batches.build(plan), pool, workspace)));
    } catch (ExpertUnavailableException e) {
      failAll(plan, new EngineException(Code.EXPERT_UNAVAILABLE, e.getMessage(), e), results);
      return;
    } catch (BackendException e) {
      failAll(plan, backendFailure(e), results);
      probe.requireAlive();
      return;
    }
    int row = 0;
    for (ScheduledRequest scheduled : plan.scheduled()) {
      finish(scheduled, row, results);
      row += scheduled.logitRows();
    }
  }

  /** The pass is waited for as long as anybody in it waits. */
  private static PassContext context(StepPlan plan, long now) {
    long left = 0;
    List<String> requests = new ArrayList<>(plan.scheduled().size());
    for (ScheduledRequest scheduled : plan.scheduled()) {
      Request request = scheduled.request();
      left = Math.max(left, request.times().left(now));
      requests.add(request.attempt().requestId());
    }
    return PassContext.of(left, requests);
  }

  private void finish(ScheduledRequest scheduled, int firstRow, Results results) {
    Request request = scheduled.request();
    try {
      Verifier.Outcome outcome = scheduled.samples() ? verifier.verify(scheduled, firstRow) : null;
      scheduler.update(scheduled, outcome == null ? 0 : outcome.accepted());
      if (request.delivery() instanceof PrefillDelivery delivery) {
        exporter.export(request, delivery);
      }
      results.advanced(scheduled, outcome);
    } catch (EngineException e) {
      results.failed(request, e);
    } catch (SamplingException e) {
      results.failed(request, new EngineException(Code.INTERNAL, e.getMessage(), e));
    } catch (BackendException e) {
      results.failed(request, backendFailure(e));
      probe.requireAlive();
    }
  }

  /**
   * Reads tokens {@code [from, end)}.
   *
   * @throws EngineException INTERNAL if the backend or the sink fails
   * @throws BackendLostException if the backend can do nothing any more
   */
  void readKv(BlockTable blocks, int from, int end, KvSink sink) {
    try {
      exporter.read(blocks, from, end, sink);
    } catch (BackendException e) {
      probe.requireAlive();
      throw backendFailure(e);
    }
  }

  /** See {@link BackendProbe#requireAlive}. */
  void requireBackend() {
    probe.requireAlive();
  }

  private static EngineException backendFailure(BackendException e) {
    return new EngineException(Code.INTERNAL, "the compute backend failed: " + e.getMessage(), e);
  }

  private static void failAll(StepPlan plan, EngineException failure, Results results) {
    for (ScheduledRequest scheduled : plan.scheduled()) {
      results.failed(scheduled.request(), failure);
    }
  }

  @Override
  public void close() {
    probe.close();
    logits.close();
    workspace.close();
  }
}
