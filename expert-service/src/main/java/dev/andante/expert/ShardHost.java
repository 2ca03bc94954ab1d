package dev.andante.expert;

import dev.andante.compute.Backend;
import dev.andante.engine.runtime.BackendLostException;
import dev.andante.engine.runtime.BackendProbe;
import dev.andante.host.model.ModelSource;
import dev.andante.model.ModelConfig;
import dev.andante.model.MoeConfig;
import dev.andante.model.experts.ExpertShardModel;
import dev.andante.service.logging.LogRole;
import dev.andante.service.state.LivenessCheck;
import dev.andante.service.state.ReadinessCheck;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * Loads this process's experts in the background, so that health answers meanwhile. A model that
 * cannot be loaded is reported to {@code onFailure}, which ends the process. Once the device is
 * lost it is neither ready nor alive.
 */
final class ShardHost implements SmartLifecycle, ReadinessCheck, LivenessCheck {

  private static final Logger LOG = LoggerFactory.getLogger(ShardHost.class);

  private final String name;
  private final Supplier<ModelSource> model;
  private final ExpertProperties properties;
  private final Supplier<Backend> open;
  private final Consumer<RuntimeException> onFailure;
  private volatile ShardState state;
  private volatile boolean running;
  private @Nullable Thread loader;
  private @Nullable Backend backend; // written by the loader, read after it ended
  private volatile @Nullable BackendProbe probe;
  private @Nullable ExpertShardModel shard; // as backend

  /**
   * @param name of the model, for messages
   * @param model opens it, on the loading thread
   * @param open opens the backend when there is something to load, on the loading thread; closed
   *     here
   */
  ShardHost(
      String name,
      Supplier<ModelSource> model,
      ExpertProperties properties,
      Supplier<Backend> open,
      Consumer<RuntimeException> onFailure) {
    this.name = name;
    this.model = model;
    this.properties = properties;
    this.open = open;
    this.onFailure = onFailure;
    this.state = new ShardState.Loading("loading " + name);
  }

  ShardState state() {
    return state;
  }

  /** To be called when a computation failed: finds out whether another one could succeed. */
  synchronized void afterBackendFailure() {
    BackendProbe current = probe;
    if (current == null || state instanceof ShardState.Lost) {
      return;
    }
    try {
      current.requireAlive();
    } catch (BackendLostException e) {
      LOG.error("experts cannot be computed any more", e);
      state = new ShardState.Lost(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public Optional<String> notReadyReason() {
    return state instanceof ShardState.Loading loading
        ? Optional.of(loading.what())
        : Optional.empty();
  }

  @Override
  public Optional<String> deadReason() {
    return state instanceof ShardState.Lost lost
        ? Optional.of(lost.why() + "; the process must be started anew")
        : Optional.empty();
  }

  @Override
  public void start() {
    running = true;
    loader =
        Thread.ofPlatform()
            .name("andante-expert-loader")
            .start(() -> LogRole.run("expert", this::loadOrFail));
  }

  private void loadOrFail() {
    try {
      state = load();
    } catch (RuntimeException e) {
      state = new ShardState.Loading("failed to load " + name);
      onFailure.accept(e);
    }
  }

  private ShardState load() {
    ModelSource source = model.get();
    try {
      ModelConfig config = source.config();
      MoeConfig moe = config.moe();
      if (moe == null) {
        String fingerprint = source.fingerprint();
        source.close();
        LOG.info(
            "{} is a dense {} model: no experts to hold, this process stays idle",
            name,
            config.architecture());
        return new ShardState.Dense(fingerprint);
      }
      Set<Integer> share = share(moe.experts());
      Backend opened = open.get();
      backend = opened;
      probe = new BackendProbe(opened);
      ExpertShardModel loaded = source.loadShard(opened, share);
      shard = loaded;
      LOG.info(
          "holding {} of {} experts of {} (share {} of {})",
          loaded.experts().size(),
          moe.experts(),
          name,
          properties.shard(),
          properties.shards());
      return new ShardState.Loaded(loaded);
    } catch (RuntimeException e) {
      source.close();
      throw e;
    }
  }

  private Set<Integer> share(int experts) {
    Set<Integer> share = new TreeSet<>();
    for (int e = properties.shard(); e < experts; e += properties.shards()) {
      share.add(e);
    }
    if (share.isEmpty()) {
      throw new IllegalStateException(
          "share "
              + properties.shard()
              + " of "
              + properties.shards()
              + " is empty: the model has only "
              + experts
              + " experts; lower andante.expert.shards");
    }
    return share;
  }

  @Override
  public void stop() {
    running = false;
    Thread thread = loader;
    if (thread != null) {
      try {
        thread.join(10_000);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    if (shard != null) {
      shard.close();
    }
    BackendProbe current = probe;
    if (current != null) {
      current.close();
    }
    if (backend != null) {
      backend.close();
    }
  }

  @Override
  public boolean isRunning() {
    return running;
  }
}
