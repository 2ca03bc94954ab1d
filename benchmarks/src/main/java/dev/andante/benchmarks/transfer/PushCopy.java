package dev.andante.benchmarks.transfer;

import dev.andante.compute.BFloat16;
import dev.andante.compute.ComputePool;
import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.compute.reference.ReferenceBackend;
import dev.andante.engine.Attempt;
import dev.andante.engine.DraftSource;
import dev.andante.engine.Engine;
import dev.andante.engine.EngineConfig;
import dev.andante.engine.EngineObserver;
import dev.andante.engine.KvView;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.runtime.Engines;
import dev.andante.kvtransfer.KvCoding;
import dev.andante.kvtransfer.KvFormat;
import dev.andante.kvtransfer.KvGrant;
import dev.andante.kvtransfer.KvOutbound;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * The KV of a prompt out of one pool, block by block as an engine exports it, through the product's
 * sender, a link or gRPC on loopback and receiver, into the pool of an engine that does nothing
 * else.
 */
public final class PushCopy implements KvCopy {

  private static final int BLOCK = 16;

  /** As decode hands an answer over: it waits where prefill computes. */
  private static final int TOKENS_AT_ONCE = 128;

  private static final long BYTES_UNDER_WAY = 8 << 20;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final int tokens;
  private final ComputePool threads = new ComputePool(1);
  private final ReferenceBackend backend = new ReferenceBackend(threads);
  private final KvPool source;
  private final Engine engine;
  private final KvLoopback link;
  private int copies;

  /**
   * @param tokens of the prompt
   * @param coding of its KV on the wire
   * @param overLink whether that is a link; else gRPC
   */
  public PushCopy(
      int layers, int kvHeads, int headDim, int tokens, KvCoding coding, boolean overLink) {
    this.tokens = tokens;
    BareModel model = new BareModel(layers, kvHeads, headDim, tokens + BLOCK);
    KvLayout layout = model.kvLayout(BLOCK, DType.BF16);
    int blocks = layout.blocksFor(tokens + 1);
    source = backend.allocateKv(layout, blocks);
    fill();
    EngineConfig config =
        EngineConfig.builder(BLOCK, blocks)
            .maxBatchTokens(64)
            .maxSequences(4)
            .maxWaiting(4)
            .lease(PATIENCE)
            .prefixCache(false)
            .build();
    engine = Engines.start(config, model, backend, EngineObserver.NONE, DraftSource.NONE, Set.of());
    KvFormat format = KvFormat.of(layout, model.fingerprint(), backend.numerics());
    link = new KvLoopback(engine, format, coding, overLink);
  }

  /** Numbers of all kinds, since zeros are coded faster. */
  private void fill() {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    KvLayout layout = source.layout();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(layout.bytesPerBlock(), 64);
      for (int block = 0; block < source.blocks(); block++) {
        for (long at = 0; at < buffer.byteSize(); at += Short.BYTES) {
          buffer.set(ValueLayout.JAVA_SHORT, at, BFloat16.fromFloat((float) random.nextGaussian()));
        }
        source.write(block, 0, BLOCK, 0, layout.layers(), buffer);
      }
    }
  }

  /** Of one copy, before it is coded. */
  public long bytes() {
    return source.layout().bytesPerToken() * tokens;
  }

  @Override
  public void copy() {
    Attempt attempt = new Attempt("copy " + copies++, 0);
    KvOutbound push =
        link.sender().open(KvLoopback.TARGET, attempt, PromptTokens.of(new int[tokens]), PATIENCE);
    KvGrant grant = push.granted().orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
    for (int first = 0; first < tokens; first += BLOCK) {
      int count = Math.min(BLOCK, tokens - first);
      push.send(first, count, KvView.of(source, first / BLOCK, 0, count));
      if (first % TOKENS_AT_ONCE == 0) {
        push.keptAtMost(BYTES_UNDER_WAY).orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
      }
    }
    push.commit();
    push.finished().orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
    engine.release(grant.handle()).orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
  }

  @Override
  public void close() {
    link.close();
    engine.close();
    source.close();
    backend.close();
    threads.close();
  }
}
