package dev.andante.host.engine;

import dev.andante.engine.DraftSource;
import dev.andante.engine.Engine;
import dev.andante.engine.EngineConfig;
import dev.andante.engine.EngineObserver;
import dev.andante.engine.runtime.Engines;
import dev.andante.host.config.EngineProperties;
import dev.andante.host.model.LoadedModel;
import dev.andante.host.model.ModelHost;
import dev.andante.host.model.ProcessExit;
import dev.andante.service.grpc.Failures;
import dev.andante.service.logging.LogRole;
import dev.andante.service.state.LivenessCheck;
import dev.andante.service.state.ReadinessCheck;
import io.grpc.Status;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * Starts a role's engine as soon as the model is there, and closes it before the model. An engine
 * that a defect or a lost device ended serves nothing any more: the host is neither ready nor alive
 * from then on, and refuses at once.
 */
public final class EngineHost implements SmartLifecycle, ReadinessCheck, LivenessCheck {

  /** After the model, before the gRPC server. */
  public static final int PHASE = 1000;

  private static final Logger LOG = LoggerFactory.getLogger(EngineHost.class);

  private final String role;
  private final ModelHost models;
  private final EngineProperties properties;
  private final Supplier<DraftSource> drafts;
  private final Function<RunningEngineParts, EngineObserver> observers;
  private final ProcessExit exit;
  private final CompletableFuture<RunningEngine> started = new CompletableFuture<>();
  private @Nullable RunningEngine running; // guarded by this
  private boolean active; // guarded by this

  /** What is known before the engine runs. */
  public record RunningEngineParts(LoadedModel model, EngineConfig config) {}

  /**
   * @param role for whom the engine works, for logs
   * @param drafts asked once, when the engine starts; the engine closes what it gets
   * @param observers asked once, when the engine starts
   */
  public EngineHost(
      String role,
      ModelHost models,
      EngineProperties properties,
      Supplier<DraftSource> drafts,
      Function<RunningEngineParts, EngineObserver> observers,
      ProcessExit exit) {
    this.role = role;
    this.models = models;
    this.properties = properties;
    this.drafts = drafts;
    this.observers = observers;
    this.exit = exit;
  }

  /**
   * The engine.
   *
   * @throws io.grpc.StatusRuntimeException UNAVAILABLE, retryable elsewhere: not_ready while there
   *     is none, engine_failed once it is dead
   */
  public RunningEngine require() {
    if (!started.isDone() || started.isCompletedExceptionally()) {
      throw Failures.of(
          Status.Code.UNAVAILABLE, "not_ready", notReadyReason().orElse("starting"), true);
    }
    deadReason()
        .ifPresent(
            reason -> {
              throw Failures.of(Status.Code.UNAVAILABLE, "engine_failed", reason, true);
            });
    return started.join();
  }

  /** The engine, if it was started, dead or alive. */
  public Optional<RunningEngine> current() {
    return started.isDone() && !started.isCompletedExceptionally()
        ? Optional.of(started.join())
        : Optional.empty();
  }

  /** Has the engine look for blocks that are lost or held twice; empty while there is none. */
  public Optional<CompletableFuture<Void>> checkIntegrity() {
    return current().map(now -> now.engine().checkIntegrity());
  }

  /** Completes when the engine runs. */
  public CompletableFuture<RunningEngine> started() {
    return started.copy();
  }

  @Override
  public Optional<String> notReadyReason() {
    if (!started.isDone()) {
      return Optional.of("loading and warming up model '" + models.modelName() + "'");
    }
    return started.isCompletedExceptionally()
        ? Optional.of("the model could not be loaded; see the log")
        : deadReason();
  }

  @Override
  public Optional<String> deadReason() {
    return current()
        .flatMap(running -> running.engine().failure())
        .map(failure -> "the engine failed and must be started anew: " + failure);
  }

  @Override
  public synchronized void start() {
    if (active) {
      return;
    }
    active = true;
    var _ =
        models
            .loaded()
            .whenComplete((model, failure) -> LogRole.run(role, () -> onLoaded(model, failure)));
  }

  @Override
  public void stop() {
    RunningEngine last;
    synchronized (this) {
      active = false;
      last = running;
      running = null;
    }
    if (last != null) {
      last.engine().close();
    }
  }

  @Override
  public synchronized boolean isRunning() {
    return active;
  }

  @Override
  public int getPhase() {
    return PHASE;
  }

  private void onLoaded(@Nullable LoadedModel model, @Nullable Throwable failure) {
    if (model == null) {
      started.completeExceptionally(
          failure == null ? new IllegalStateException("no model") : failure);
      return;
    }
    try {
      synchronized (this) {
        if (!active) {
          return; // stopped while the model was loading
        }
        RunningEngine fresh = startEngine(model);
        running = fresh;
        // One that failed meanwhile has started too: it says so itself.
        var _ = fresh.engine().serving().whenComplete((_, _) -> onServing(fresh));
      }
    } catch (RuntimeException | Error e) {
      LOG.error("cannot start the engine: {}", e.getMessage(), e);
      started.completeExceptionally(e);
      Thread.ofPlatform()
          .name("andante-exit")
          .daemon(true)
          .start(() -> exit.exit(ProcessExit.CANNOT_START));
    }
  }

  private RunningEngine startEngine(LoadedModel model) {
    EngineConfig config =
        properties.toConfig(model.model().kvLayout(properties.blockSize(), properties.dtype()));
    EngineObserver observer = observers.apply(new RunningEngineParts(model, config));
    Engine engine =
        Engines.start(
            config,
            model.model(),
            model.backend(),
            observer,
            drafts.get(),
            model.endTokenIds(),
            System::nanoTime,
            LogRole.threads(
                role, Thread.ofPlatform().name("engine-" + role).daemon(true).factory()),
            properties.policies());
    return new RunningEngine(model, engine, config);
  }

  private void onServing(RunningEngine fresh) {
    started.complete(fresh);
    EngineConfig config = fresh.config();
    LOG.info(
        "engine ready: {} KV blocks of {} tokens ({}), {} tokens per step, {} sequences",
        config.blocks(),
        config.blockSize(),
        config.kvDtype(),
        config.maxBatchTokens(),
        config.maxSequences());
  }
}
