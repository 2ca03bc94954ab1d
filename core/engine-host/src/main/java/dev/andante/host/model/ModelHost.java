package dev.andante.host.model;

import dev.andante.compute.Backends;
import dev.andante.compute.ComputePool;
import dev.andante.host.config.ComputeProperties;
import dev.andante.host.config.ModelProperties;
import dev.andante.model.ExpertExecutorFactory;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * Loads the model of this process in the background, so that the process can say it is alive
 * meanwhile, and closes it after everything that uses it. Loading may {@linkplain #begin() begin}
 * before the context of the process is there. A model that cannot be loaded ends the process:
 * restarting is the supervisor's business.
 */
public final class ModelHost implements SmartLifecycle {

  /** Starts first, stops last. */
  public static final int PHASE = 0;

  private static final Logger LOG = LoggerFactory.getLogger(ModelHost.class);
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(30);

  private final ModelProperties model;
  private final ComputeProperties compute;
  private final ComputePool pool;
  private final Supplier<Optional<ExpertExecutorFactory>> experts;
  private final ProcessExit exit;
  private final CompletableFuture<LoadedModel> loaded = new CompletableFuture<>();

  /** Completes when {@link #start} is called, is cancelled if it will not be. */
  private final CompletableFuture<Void> context = new CompletableFuture<>();

  private @Nullable Thread loader; // guarded by this
  private boolean closed; // guarded by this
  private volatile boolean running;

  /**
   * @param experts where the experts of a mixture-of-experts model run, empty = here; asked by the
   *     loading thread, not before {@link #start}
   * @param exit not called before {@link #start}
   */
  public ModelHost(
      ModelProperties model,
      ComputeProperties compute,
      ComputePool pool,
      Supplier<Optional<ExpertExecutorFactory>> experts,
      ProcessExit exit) {
    this.model = model;
    this.compute = compute;
    this.pool = pool;
    this.experts = experts;
    this.exit = exit;
  }

  /** Completes on the loading thread; fails if the model cannot be loaded. */
  public CompletableFuture<LoadedModel> loaded() {
    return loaded.copy();
  }

  /** What clients call the model; known before it is loaded. */
  public String modelName() {
    return ModelSource.nameOf(model);
  }

  /**
   * Begins to load, if that has not begun. What loading needs of the context it waits for; whoever
   * calls this sees to it that {@link #start} or {@link #stop} follows.
   */
  public synchronized void begin() {
    if (loader == null) {
      loader = Thread.ofPlatform().name("andante-model-loader").daemon(true).start(this::load);
    }
  }

  @Override
  public void start() {
    running = true;
    begin();
    context.complete(null);
  }

  /** Waits for a load in progress, since its memory cannot be freed under it. */
  @Override
  public synchronized void stop() {
    running = false;
    context.cancel(false); // of no effect after a start
    Thread thread = loader;
    if (thread == null) {
      return;
    }
    try {
      if (!thread.join(STOP_TIMEOUT)) {
        LOG.warn(
            "the model is still loading after {}; leaving it to the end of the process",
            STOP_TIMEOUT);
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    if (!closed && loaded.isDone() && !loaded.isCompletedExceptionally()) {
      closed = true;
      loaded.join().close();
    }
  }

  @Override
  public boolean isRunning() {
    return running;
  }

  @Override
  public int getPhase() {
    return PHASE;
  }

  private void load() {
    long start = System.nanoTime();
    LoadedModel made;
    try {
      made = opener().open();
    } catch (CancellationException e) { // what it waited for will not come: the process stops
      LOG.info("loading the model '{}' was given up", model.path());
      loaded.completeExceptionally(e);
      return;
    } catch (RuntimeException | Error e) {
      LOG.error(
          "cannot load the model '{}' (andante.model.path): {}", model.path(), e.getMessage(), e);
      loaded.completeExceptionally(e);
      // Not on this thread: stopping the context waits for it.
      var _ =
          context.thenRun(
              () ->
                  Thread.ofPlatform()
                      .name("andante-exit")
                      .daemon(true)
                      .start(() -> exit.exit(ProcessExit.CANNOT_START)));
      return;
    }
    LOG.info("model '{}' ready after {} ms", made.name(), (System.nanoTime() - start) / 1_000_000);
    loaded.complete(made);
  }

  private Optional<ExpertExecutorFactory> expertsElsewhere() {
    context.join();
    return experts.get();
  }

  private ModelOpener opener() {
    return new ModelOpener(
        model,
        compute,
        pool,
        this::expertsElsewhere,
        precision -> Backends.open(compute.backend(), pool, precision),
        Build::of);
  }
}
