package dev.andante.decode;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.protocol.v1.PrefillReply;
import dev.andante.protocol.v1.SamplingParameters;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Prompts that begin alike, through real services with real kernels. */
@Tag("slow")
class PrefixCacheTest {

  private static Worker prefill;
  private static Worker decode;
  private static Worker without;

  @BeforeAll
  static void start() {
    prefill = Worker.prefill("--andante.engine.max-batch-tokens=24");
    decode = Worker.decode("--andante.engine.max-batch-tokens=24");
    without = Worker.decode("--andante.engine.prefix-cache=off");
  }

  @AfterAll
  static void stop() {
    prefill.close();
    decode.close();
    without.close();
  }

  /** Around the borders of blocks (16). */
  @ParameterizedTest
  @ValueSource(ints = {15, 16, 17, 32, 33, 63, 64, 100})
  void hitsChangeNoToken(int length) {
    List<Integer> tokens = Calls.prompt(length, length);
    for (float temperature : new float[] {0, 0.8f}) {
      SamplingParameters sampling =
          SamplingParameters.newBuilder().setTemperature(temperature).setSeed(5).build();
      List<Integer> expected =
          Calls.decode(without, Calls.local("x" + length, tokens, 20).setSampling(sampling).build())
              .tokens();
      for (int i = 0; i < 2; i++) {
        String id = length + "-" + temperature + "-" + i;
        assertThat(
                Calls.decode(
                        decode, Calls.local("l" + id, tokens, 20).setSampling(sampling).build())
                    .tokens())
            .isEqualTo(expected);
        assertThat(Calls.disaggregated(prefill, decode, "d" + id, tokens, 20, sampling).tokens())
            .isEqualTo(expected);
      }
    }
    prefill.awaitIdle();
    decode.awaitIdle();
  }

  /** The second prompt's beginning came with the first; what was said of cached tokens stays. */
  @Test
  void whatDecodeHasIsNotPushed() {
    List<Integer> first = Calls.prompt(40, 123);
    List<Integer> second = new ArrayList<>(first.subList(0, 35));
    second.addAll(Calls.prompt(30, 124));
    long perToken = prefill.running().kvLayout().bytesPerToken();
    PrefillReply reply =
        Calls.prefill(prefill, Calls.prefillRequest("n1", first, 8, decode.address()).build());
    assertThat(reply.getKvSharedTokens()).isZero();
    assertThat(reply.getKvBytes()).isEqualTo(40 * perToken);
    Calls.decode(decode, Calls.transferred("n1", reply, 8).build());
    List<Integer> expected = Calls.decode(without, Calls.local("n", second, 8).build()).tokens();
    reply = Calls.prefill(prefill, Calls.prefillRequest("n2", second, 8, decode.address()).build());
    assertThat(reply.getKvSharedTokens()).isEqualTo(32);
    assertThat(reply.getKvBytes()).isEqualTo(33 * perToken);
    assertThat(reply.getCachedTokens()).as("prefill's own cache").isEqualTo(32);
    List<Integer> tokens = new ArrayList<>(List.of(reply.getFirstToken().getId()));
    tokens.addAll(Calls.decode(decode, Calls.transferred("n2", reply, 8).build()).tokens());
    assertThat(tokens).isEqualTo(expected);
    for (Worker worker : List.of(prefill, decode)) {
      assertThat(Calls.metrics(worker))
          .containsPattern("andante_kv_transfer_spared_tokens_total\\{.*\\} [1-9]");
      worker.awaitIdle();
    }
  }

  @Test
  void whatWasFoundIsReportedAndCounted() {
    List<Integer> tokens = new ArrayList<>(Calls.prompt(50, 77));
    Calls.decode(decode, Calls.local("first", tokens, 4).build());
    tokens.set(40, (tokens.get(40) + 1) % 256);
    assertThat(
            Calls.decode(decode, Calls.local("second", tokens, 4).build())
                .last()
                .getStats()
                .getCachedTokens())
        .isEqualTo(32);
    for (int expected : new int[] {0, 48}) {
      PrefillReply reply =
          Calls.prefill(
              prefill, Calls.prefillRequest("p" + expected, tokens, 1, decode.address()).build());
      assertThat(reply.getCachedTokens()).isEqualTo(expected);
    }
    assertThat(Calls.metrics(prefill))
        .containsPattern("vllm:prefix_cache_queries_total\\{.*\\} [1-9]")
        .containsPattern("vllm:prefix_cache_hits_total\\{.*\\} [1-9]")
        .containsPattern(
            "vllm:prompt_tokens_by_source_total\\{.*source=\"local_cache_hit\"\\} [1-9]");
    assertThat(Calls.metrics(without)).containsPattern("vllm:prefix_cache_queries_total\\{.*\\} 0");
  }
}
