package dev.andante.model.experts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.compute.Backend;
import dev.andante.model.ExpertUnavailableException;
import dev.andante.model.LanguageModel;
import dev.andante.model.ModelConfig;
import dev.andante.model.Sequence;
import dev.andante.model.TestBackends;
import dev.andante.model.dummy.DummyModels;
import dev.andante.model.dummy.TinyModels;
import dev.andante.model.loading.ModelOptions;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RemoteExpertsTest {

  private static final long SEED = 7;
  private static final int[] PROMPT = {3, 141, 59, 26, 53, 58, 97, 93, 238, 46, 26};

  private final Backend backend = TestBackends.reference();
  private final InMemoryTransport transport =
      new InMemoryTransport(shard(Set.of(1, 2)), shard(Set.of(0, 3)));

  @AfterEach
  void close() {
    backend.close();
  }

  private ExpertShardModel shard(Set<Integer> experts) {
    return DummyModels.loadShard(TinyModels.mixtralConfig(), backend, SEED, experts);
  }

  private LanguageModel remote(Duration deadline) {
    return TinyModels.mixtral(
        backend,
        SEED,
        ModelOptions.defaults()
            .withExperts((config, fingerprint, chosen) -> executor(config, chosen, deadline)));
  }

  private RemoteExperts executor(ModelConfig config, Backend chosen, Duration deadline) {
    return new RemoteExperts(chosen, transport, 4, config.hiddenSize(), deadline);
  }

  private float[] run(LanguageModel model) {
    try (Sequence sequence = new Sequence(model, backend, PROMPT.length, PROMPT.length)) {
      return sequence.append(PROMPT);
    }
  }

  @Test
  void equalsLocalExpertsBitForBit() {
    try (LanguageModel local = TinyModels.mixtral(backend, SEED);
        LanguageModel remote = remote(Duration.ofSeconds(30))) {
      assertThat(run(remote)).isEqualTo(run(local));
      assertThat(remote.fingerprint()).isEqualTo(local.fingerprint());
    }
    assertThat(transport.sent).hasValue(4); // two layers, two shards
    assertThat(transport.closed).isTrue();
  }

  @Test
  void shardsKnowTheModelTheyArePartOf() {
    try (LanguageModel local = TinyModels.mixtral(backend, SEED);
        ExpertShardModel shard = shard(Set.of(2))) {
      assertThat(shard.fingerprint()).isEqualTo(local.fingerprint());
      assertThat(shard.experts()).containsExactly(2);
      assertThat(shard.hiddenSize()).isEqualTo(32);
    }
  }

  @Test
  void lostShardFailsThePass() {
    transport.fail("shard-1", InMemoryTransport.Fault.GONE);
    try (LanguageModel model = remote(Duration.ofSeconds(30))) {
      assertThatExceptionOfType(ExpertUnavailableException.class)
          .isThrownBy(() -> run(model))
          .withMessageContaining("no reachable shard holds expert")
          .withMessageContaining("shard-0");
    }
  }

  @Test
  void replicasShareTheWork() {
    InMemoryTransport replicas =
        new InMemoryTransport(shard(Set.of(0, 1, 2, 3)), shard(Set.of(0, 1, 2, 3)));
    try (LanguageModel local = TinyModels.mixtral(backend, SEED);
        LanguageModel remote = remote(replicas)) {
      assertThat(run(remote)).isEqualTo(run(local));
      assertThat(replicas.rows.get("shard-0")).isPositive();
      assertThat(replicas.rows.get("shard-1")).isPositive();
      assertThat(replicas.rows.get("shard-0") + replicas.rows.get("shard-1"))
          .as("each row once per expert: 2 layers, 2 experts per token")
          .isEqualTo(2 * 2 * PROMPT.length);
    }
  }

  @Test
  void evenSingleTokensGoToBothInTurn() {
    InMemoryTransport replicas = new InMemoryTransport(shard(Set.of(0, 1, 2, 3)), all());
    try (LanguageModel remote = remote(replicas);
        Sequence sequence = new Sequence(remote, backend, 8, 1)) {
      for (int i = 0; i < 8; i++) {
        float[] _ = sequence.append(i);
      }
      assertThat(replicas.rows.get("shard-0")).isEqualTo(replicas.rows.get("shard-1"));
    }
  }

  @Test
  void whatAReplicaFailsToAnswerTheOtherDoes() {
    for (InMemoryTransport.Fault fault :
        List.of(InMemoryTransport.Fault.BROKEN, InMemoryTransport.Fault.CLOSED)) {
      InMemoryTransport replicas = new InMemoryTransport(all(), all());
      replicas.fail("shard-1", fault);
      try (LanguageModel local = TinyModels.mixtral(backend, SEED);
          LanguageModel remote = remote(replicas)) {
        assertThat(run(remote)).isEqualTo(run(local));
        replicas.fail("shard-0", fault);
        assertThatExceptionOfType(ExpertUnavailableException.class)
            .isThrownBy(() -> run(remote))
            .withMessageContaining("failed");
      }
    }
  }

  private ExpertShardModel all() {
    return shard(Set.of(0, 1, 2, 3));
  }

  private LanguageModel remote(InMemoryTransport over) {
    return TinyModels.mixtral(
        backend,
        SEED,
        ModelOptions.defaults()
            .withExperts(
                (config, fingerprint, chosen) ->
                    new RemoteExperts(
                        chosen, over, 4, config.hiddenSize(), Duration.ofSeconds(30))));
  }

  @Test
  void brokenShardFailsThePassAndNamesIt() {
    transport.fail("shard-1", InMemoryTransport.Fault.BROKEN);
    try (LanguageModel model = remote(Duration.ofSeconds(30))) {
      assertThatExceptionOfType(ExpertUnavailableException.class)
          .isThrownBy(() -> run(model))
          .withMessageContaining("shard-1 failed")
          .withMessageContaining("connection reset");
    }
  }

  @Test
  void shardThatRefusesAtOnceFailsThePassToo() {
    transport.fail("shard-1", InMemoryTransport.Fault.CLOSED);
    try (LanguageModel model = remote(Duration.ofSeconds(30))) {
      assertThatExceptionOfType(ExpertUnavailableException.class)
          .isThrownBy(() -> run(model))
          .withMessageContaining("channel closed");
    }
  }

  @Test
  void silentShardFailsThePassAtTheDeadline() {
    transport.fail("shard-0", InMemoryTransport.Fault.SILENT);
    try (LanguageModel model = remote(Duration.ofMillis(20))) {
      assertThatExceptionOfType(ExpertUnavailableException.class)
          .isThrownBy(() -> run(model))
          .withMessageContaining("did not answer within 20 ms");
    }
  }

  /** With ten minutes for a layer, only the pass's own end can end this test in time. */
  @Test
  void nobodyWaitsLongerThanThePassIsWaitedFor() {
    transport.fail("shard-0", InMemoryTransport.Fault.SILENT);
    try (LanguageModel model = remote(Duration.ofMinutes(10))) {
      PassContext pass = PassContext.of(Duration.ofMillis(20).toNanos(), List.of("r"));
      assertThatExceptionOfType(ExpertUnavailableException.class)
          .isThrownBy(() -> pass.call(() -> run(model)))
          .withMessageContaining("did not answer within");
      assertThat(transport.requests).containsOnly(List.of("r"));
    }
    assertThat(PassContext.current().requests()).isEmpty();
    assertThat(PassContext.current().leftNanos(Long.MAX_VALUE))
        .isGreaterThan(Duration.ofDays(365).toNanos());
  }

  @Test
  void answerOfTheWrongSizeFailsThePass() {
    transport.fail("shard-0", InMemoryTransport.Fault.SHORT);
    try (LanguageModel model = remote(Duration.ofSeconds(30))) {
      assertThatExceptionOfType(ExpertUnavailableException.class)
          .isThrownBy(() -> run(model))
          .withMessageContaining("instead of");
    }
  }

  @Test
  void worksAgainWhenTheShardIsBack() {
    transport.fail("shard-0", InMemoryTransport.Fault.GONE);
    try (LanguageModel local = TinyModels.mixtral(backend, SEED);
        LanguageModel remote = remote(Duration.ofSeconds(30))) {
      assertThatThrownBy(() -> run(remote)).isInstanceOf(ExpertUnavailableException.class);
      transport.heal("shard-0");
      assertThat(run(remote)).isEqualTo(run(local));
    }
  }

  @Test
  void deadlineMustBePositive() {
    assertThatThrownBy(() -> executor(TinyModels.mixtralConfig(), backend, Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("deadline");
  }
}
