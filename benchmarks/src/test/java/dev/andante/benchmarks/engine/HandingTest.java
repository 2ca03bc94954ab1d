package dev.andante.benchmarks.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.benchmarks.engine.Handing.Handed;
import dev.andante.compute.Backend;
import dev.andante.compute.Backends;
import dev.andante.compute.ComputePool;
import dev.andante.compute.DType;
import dev.andante.compute.Precision;
import dev.andante.engine.DraftSource;
import dev.andante.engine.Engine;
import dev.andante.engine.EngineConfig;
import dev.andante.engine.EngineObserver;
import dev.andante.engine.runtime.Engines;
import dev.andante.kvtransfer.KvFormat;
import dev.andante.model.LanguageModel;
import dev.andante.model.dummy.DummyModels;
import dev.andante.model.dummy.TinyModels;
import dev.andante.model.loading.ModelOptions;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class HandingTest {

  private static final EngineConfig CONFIG =
      EngineConfig.builder(16, 64)
          .kvDtype(DType.F32)
          .maxBatchTokens(64)
          .maxSequences(4)
          .maxWaiting(8)
          .lease(Duration.ofSeconds(9))
          .prefixCache(false)
          .build();

  @Test
  void aPromptIsComputedHereAndHandedOnThere() {
    Cores cores = new Cores();
    try (ComputePool pool = new ComputePool(1);
        Backend backend = Backends.open(Backends.AUTO, pool, Precision.EXACT);
        LanguageModel model =
            DummyModels.load(TinyModels.llamaConfig(), backend, 1, ModelOptions.defaults());
        Engine from = start(model, backend, cores, 0);
        Engine to = start(model, backend, cores, 1);
        Handing handing =
            new Handing(
                from, to, KvFormat.of(to.kvLayout(), model.fingerprint(), backend.numerics()))) {
      for (int round = 0; round < 2; round++) {
        Handed handed = handing.hand(new int[100]).orTimeout(60, TimeUnit.SECONDS).join();
        assertThat(handed.receipt().bytes()).isEqualTo(100 * to.kvLayout().bytesPerToken());
        assertThat(handed.computed()).isPositive().isLessThanOrEqualTo(handed.handed());
        assertThat(handed.receipt().exposedMicros())
            .isLessThanOrEqualTo((handed.handed() - handed.computed()) / 1000 + 1);
      }
      assertThat(Alone.first(from, new int[100]).orTimeout(60, TimeUnit.SECONDS).join())
          .isPositive();
      for (int i = 0; i < 2; i++) { // the status is published at the end of a loop
        to.checkIntegrity().orTimeout(60, TimeUnit.SECONDS).join();
      }
      assertThat(to.status().freeBlocks()).as("given back").isEqualTo(64);
    }
  }

  private static Engine start(LanguageModel model, Backend backend, Cores cores, int core) {
    return Engines.start(
        CONFIG,
        model,
        backend,
        EngineObserver.NONE,
        DraftSource.NONE,
        Set.of(),
        System::nanoTime,
        cores.on(core));
  }
}
