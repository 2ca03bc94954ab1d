package dev.andante.engine.qoe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.Attempt;
import dev.andante.engine.Engine;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.RequestListener;
import dev.andante.engine.SamplingParams;
import dev.andante.engine.StopMatcher;
import dev.andante.engine.StopParams;
import dev.andante.engine.kvcache.BlockPool;
import dev.andante.engine.kvcache.BlockTable;
import dev.andante.engine.kvcache.CachedKv;
import dev.andante.engine.request.GenerationDelivery;
import dev.andante.engine.request.Request;
import dev.andante.engine.request.RequestTimes;
import dev.andante.qoe.QoeSpec;
import dev.andante.qoe.batch.BatchRequest;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What a decision is told of a request's KV. */
class TrackedTest {

  private static final int BLOCK = 4;
  private static final QoePolicy.Limits LIMITS = new QoePolicy.Limits(BLOCK, 20, 8);

  private final BlockPool pool = new BlockPool(20);
  private final Request request =
      new Request(
          new Attempt("r", 1),
          0,
          PromptTokens.of(new int[22]),
          SamplingParams.GREEDY,
          new StopParams(10, 0, true, Set.of()),
          StopMatcher.NONE,
          Set.of(),
          false,
          new GenerationDelivery(RequestListener.NONE),
          new BlockTable(pool, BLOCK),
          80,
          new RequestTimes(0, Engine.NO_LIMIT));
  private final Tracked tracked = new Tracked(request, new QoeSpec(1, 5), 0, 0);

  private static CachedKv found(int pooled, int inMemory) {
    return new CachedKv() {
      @Override
      public Extent extent(BlockTable table, int[] tokens, int size) {
        return new Extent(pooled, inMemory);
      }

      @Override
      public long tokensInMemory() {
        return 1000;
      }

      @Override
      public double loadSecondsPerToken() {
        return 0;
      }
    };
  }

  private int owed(CachedKv kv) {
    tracked.find(kv);
    return tracked.owed(LIMITS);
  }

  private BatchRequest snapshot(CachedKv kv, long room) {
    tracked.find(kv);
    return tracked.snapshot(LIMITS, room);
  }

  @Test
  void whoHasNoBlocksStartsFromWhatIsFound() {
    BatchRequest waiting = snapshot(found(8, 12), 1000);
    assertThat(waiting.cachedTokens()).isEqualTo(8);
    assertThat(waiting.loadableTokens()).isEqualTo(12);
    assertThat(waiting.keptTokens()).as("once it runs").isEqualTo(20);
    assertThat(waiting.contextTokens()).as("a block to grow into").isEqualTo(28);
  }

  @Test
  void whoHasBlocksLoadsNothing() {
    request.blocks().ensure(22);
    request.computed(8);
    BatchRequest halfDone = snapshot(found(8, 12), 1000);
    assertThat(halfDone.cachedTokens()).isEqualTo(8);
    assertThat(halfDone.loadableTokens()).isZero();
    request.computed(22);
    assertThat(snapshot(found(8, 12), 1000).cachedTokens()).isEqualTo(21);
  }

  @Test
  void fullBlocksAreKeptAsFarAsThereIsRoom() {
    assertThat(snapshot(CachedKv.NONE, 20).keptTokens()).isEqualTo(20);
    assertThat(snapshot(CachedKv.NONE, 19).keptTokens()).isEqualTo(16);
    assertThat(snapshot(CachedKv.NONE, -5).keptTokens()).isZero();
  }

  /** What other kernels computed is shared with nobody, and so is in no tier. */
  @Test
  void kvFromElsewhereIsNotKept() {
    request.blocks().ensure(22);
    request.blocks().contentIsForeign();
    assertThat(snapshot(CachedKv.NONE, 1000).keptTokens()).isZero();
    assertThat(owed(CachedKv.NONE)).isZero();
  }

  @Test
  void memoryIsOwedToWhoRanBefore() {
    assertThat(owed(found(8, 12))).as("what it finds is others'").isZero();
    request.append(7);
    assertThat(owed(found(8, 12))).isEqualTo(20);
    request.blocks().ensure(24);
    assertThat(owed(found(0, 0))).as("what it holds comes below next").isEqualTo(20);
  }

  @Test
  void itDecodesOnceAllButItsLastTokenIsComputedAndItHasTheBlocks() {
    assertThat(snapshot(found(0, 0), 0).decoding()).isFalse();
    assertThat(request.blocks().ensure(22)).isTrue();
    request.computed(20);
    assertThat(snapshot(found(0, 0), 0).decoding()).isFalse();
    request.computed(21);
    assertThat(snapshot(found(0, 0), 0).decoding()).isTrue();
    request.blocks().releaseAll();
    assertThat(snapshot(found(0, 0), 0).decoding()).isFalse();
  }

  @Test
  void itIsWithoutATokenSinceItCameOrHadItsLast() {
    tracked.look(5);
    assertThat(snapshot(found(0, 0), 0).tokenNanos()).isZero();
    assertThat(tracked.progress(6)).isFalse();
    request.append(7);
    assertThat(tracked.progress(8)).isTrue();
    assertThat(tracked.progress(9)).isFalse();
    assertThat(snapshot(found(0, 0), 0).tokenNanos()).isEqualTo(8);
  }
}
