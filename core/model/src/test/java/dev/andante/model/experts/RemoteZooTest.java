package dev.andante.model.experts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.compute.Backend;
import dev.andante.compute.ComputePool;
import dev.andante.format.WeightFiles;
import dev.andante.model.LanguageModel;
import dev.andante.model.Sequence;
import dev.andante.model.TestBackends;
import dev.andante.model.ZooModel;
import dev.andante.model.loading.ModelOptions;
import dev.andante.model.loading.Models;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Mixture-of-experts checkpoints with their experts in two shards, each loaded from the file. */
class RemoteZooTest {

  @ParameterizedTest
  @CsvSource({
    "mixtral-top2, reference",
    "qwen3-moe-norm, reference",
    "olmoe, reference",
    "mixtral-top2, vector",
    "qwen3-moe-norm, vector",
    "olmoe, vector"
  })
  void equalsLocalExpertsBitForBit(String name, String backendName) {
    ZooModel zoo = ZooModel.require(name);
    try (ComputePool pool = new ComputePool(2);
        Backend backend = TestBackends.open(backendName, pool);
        LanguageModel local = Models.load(WeightFiles.open(zoo.directory()), backend);
        LanguageModel remote = remote(zoo, backend)) {
      for (ZooModel.Case golden : zoo.cases()) {
        assertThat(run(remote, backend, golden.ids())).isEqualTo(run(local, backend, golden.ids()));
      }
    }
  }

  private static LanguageModel remote(ZooModel zoo, Backend backend) {
    ModelOptions options =
        ModelOptions.defaults()
            .withExperts(
                (config, fingerprint, chosen) -> {
                  int experts = Objects.requireNonNull(config.moe()).experts();
                  ExpertShardModel even = shard(zoo, chosen, experts, 0);
                  assertThat(even.fingerprint()).isEqualTo(fingerprint);
                  return new RemoteExperts(
                      chosen,
                      new InMemoryTransport(even, shard(zoo, chosen, experts, 1)),
                      experts,
                      config.hiddenSize(),
                      Duration.ofSeconds(60));
                });
    return Models.load(WeightFiles.open(zoo.directory()), backend, options);
  }

  private static ExpertShardModel shard(ZooModel zoo, Backend backend, int experts, int parity) {
    Set<Integer> ids =
        IntStream.range(0, experts)
            .filter(id -> id % 2 == parity)
            .boxed()
            .collect(Collectors.toSet());
    return Models.loadShard(WeightFiles.open(zoo.directory()), backend, ids);
  }

  private static float[] run(LanguageModel model, Backend backend, int[] ids) {
    try (Sequence sequence = new Sequence(model, backend, ids.length, ids.length)) {
      return sequence.append(ids);
    }
  }
}
