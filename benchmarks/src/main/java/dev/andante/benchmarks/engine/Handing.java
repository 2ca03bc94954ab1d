package dev.andante.benchmarks.engine;

import dev.andante.benchmarks.transfer.KvLoopback;
import dev.andante.engine.Attempt;
import dev.andante.engine.Engine;
import dev.andante.engine.EngineException;
import dev.andante.engine.FinishReason;
import dev.andante.engine.GeneratedToken;
import dev.andante.engine.GenerationStats;
import dev.andante.engine.KvView;
import dev.andante.engine.PrefillJob;
import dev.andante.engine.PrefillListener;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.SamplingParams;
import dev.andante.engine.StopParams;
import dev.andante.kvtransfer.KvCoding;
import dev.andante.kvtransfer.KvFormat;
import dev.andante.kvtransfer.KvOutbound;
import dev.andante.kvtransfer.KvReceipt;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Two engines of which one computes prompts and pushes their KV to the other while it does, as
 * prefill and decode do. The engines stay the caller's.
 */
final class Handing implements AutoCloseable {

  private static final Duration LIMIT = Duration.ofMinutes(5);
  private static final StopParams MORE = new StopParams(2, 0, true, Set.of());

  /**
   * One hand-off; nanoseconds.
   *
   * @param computed from the request to the first token, less than which no engine alone takes
   * @param handed from the request until the receiver had everything, when a client has its token
   */
  record Handed(long computed, long handed, KvReceipt receipt) {}

  private final Engine from;
  private final Engine to;
  private final KvLoopback link;
  private int count;

  Handing(Engine from, Engine to, KvFormat format) {
    this.from = from;
    this.to = to;
    this.link = new KvLoopback(to, format, KvCoding.AS_IS, true);
  }

  /** Computes a prompt and hands it on; what the other engine then has is given back. */
  CompletableFuture<Handed> hand(int[] tokens) {
    Attempt attempt = new Attempt("handed " + count++, 0);
    PromptTokens prompt = PromptTokens.of(tokens);
    long start = System.nanoTime();
    KvOutbound push = link.sender().open(KvLoopback.TARGET, attempt, prompt, LIMIT);
    Watch watch = new Watch(push);
    var _ =
        push.granted()
            .thenAccept(
                _ ->
                    from.prefill(
                        new PrefillJob(attempt, prompt, SamplingParams.GREEDY, MORE), watch));
    return push.finished()
        .thenCompose(
            receipt -> {
              long handed = System.nanoTime() - start;
              return to.release(receipt.grant().handle())
                  .thenApply(_ -> new Handed(watch.computed - start, handed, receipt));
            });
  }

  @Override
  public void close() {
    link.close();
  }

  private static final class Watch implements PrefillListener {
    private final KvOutbound push;
    private volatile long computed;

    Watch(KvOutbound push) {
      this.push = push;
    }

    @Override
    public void onKv(int firstToken, int tokens, KvView kv) {
      push.send(firstToken, tokens, kv);
    }

    @Override
    public void onFirstToken(
        GeneratedToken token, @Nullable FinishReason finished, GenerationStats stats) {
      computed = System.nanoTime();
      push.commit();
    }

    @Override
    public void onFailed(EngineException failure) {
      push.cancel("the prompt failed: " + failure.getMessage());
    }
  }
}
