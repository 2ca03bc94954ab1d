package dev.andante.benchmarks.engine;

import dev.andante.compute.Backend;
import dev.andante.compute.Backends;
import dev.andante.compute.ComputePool;
import dev.andante.compute.KvLayout;
import dev.andante.compute.Precision;
import dev.andante.engine.DraftSource;
import dev.andante.engine.Engine;
import dev.andante.engine.EngineConfig;
import dev.andante.engine.EngineConfigBuilder;
import dev.andante.engine.EngineObserver;
import dev.andante.engine.runtime.Engines;
import dev.andante.format.WeightFiles;
import dev.andante.kvtransfer.KvFormat;
import dev.andante.model.LanguageModel;
import dev.andante.model.loading.ModelOptions;
import dev.andante.model.loading.Models;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ThreadFactory;

/** A model in memory, for engines that are measured one after the other. */
final class OpenModel implements AutoCloseable {

  static final String OPTION = "model";
  static final String OPTION_TEXT = "GGUF to serve, a name of `model list` or a path";

  private static final int MAX_CONTEXT = 8192;
  private static final int BLOCK_SIZE = 16;

  private final ComputePool pool;
  private final Backend backend;
  private final LanguageModel model;

  /**
   * On all processors.
   *
   * @throws IllegalArgumentException if there is no such file
   */
  OpenModel(String path) {
    this(path, Runtime.getRuntime().availableProcessors());
  }

  /**
   * In the faster precision.
   *
   * @param threads that compute, the engine's own among them
   * @throws IllegalArgumentException if there is no such file
   */
  OpenModel(String path, int threads) {
    if (path.isEmpty() || !Files.isReadable(Path.of(path))) {
      throw new IllegalArgumentException(
          "--model " + (path.isEmpty() ? "is needed" : path + " cannot be read"));
    }
    pool = new ComputePool(threads);
    backend = Backends.open(Backends.AUTO, pool, Precision.FAST);
    model =
        Models.load(
            WeightFiles.open(Path.of(path)),
            backend,
            ModelOptions.defaults().withMaxContextLength(MAX_CONTEXT));
  }

  /** The longest prompt and answer together, in tokens. */
  int contextLength() {
    return model.config().contextLength();
  }

  /** Of KV of an engine of it. */
  KvFormat format(KvLayout layout) {
    return KvFormat.of(layout, model.fingerprint(), backend.numerics());
  }

  int vocabulary() {
    return model.config().vocabularySize();
  }

  /** Limits of an engine with so many blocks. */
  static EngineConfigBuilder config(int blocks) {
    return EngineConfig.builder(BLOCK_SIZE, blocks);
  }

  /**
   * For the caller to close. Answers end by their length alone; nobody drafts.
   *
   * @param config made of {@link #config}
   */
  Engine engine(EngineConfig config) {
    return Engines.start(config, model, backend, EngineObserver.NONE, DraftSource.NONE, Set.of());
  }

  /**
   * The same.
   *
   * @param threads makes the engine's thread
   */
  Engine engine(EngineConfig config, ThreadFactory threads) {
    return Engines.start(
        config,
        model,
        backend,
        EngineObserver.NONE,
        DraftSource.NONE,
        Set.of(),
        System::nanoTime,
        threads);
  }

  /** The model, with notes of when {@code most} passes of {@code rows} answers begin and end. */
  WatchedModel watched(int rows, int most) {
    return new WatchedModel(model, rows, most);
  }

  /** As the other one, of a {@link #watched} model. */
  Engine engine(EngineConfig config, WatchedModel watched) {
    return Engines.start(config, watched, backend, EngineObserver.NONE, DraftSource.NONE, Set.of());
  }

  @Override
  public void close() {
    model.close();
    backend.close();
    pool.close();
  }
}
