package dev.andante.engine.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.kvcache.BlockPool;
import dev.andante.engine.kvcache.PrefixCache;
import dev.andante.engine.request.Request;
import dev.andante.engine.request.RequestState;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SchedulerTest {

  private static final int BLOCK = 4;

  private BlockPool pool = new BlockPool(32);
  private Scheduler scheduler = scheduler(8, 4);
  private long arrivals;

  private Scheduler scheduler(int maxBatchTokens, int maxSequences) {
    return scheduler(maxBatchTokens, maxSequences, maxBatchTokens);
  }

  private Scheduler scheduler(int maxBatchTokens, int maxSequences, int maxLogitRows) {
    PrefixCache off = new PrefixCache(pool, BLOCK, "m", (from, to) -> {}, false);
    return new Scheduler(off, maxBatchTokens, maxSequences, maxLogitRows);
  }

  private Request add(int prompt) {
    Request request = TestRequests.request(pool, BLOCK, arrivals++, prompt, 100);
    scheduler.add(request);
    return request;
  }

  /** What was planned, as "request:context+tokens+drafts". */
  private List<String> step() {
    StepPlan plan = scheduler.schedule();
    List<String> result = new ArrayList<>();
    for (ScheduledRequest one : plan.scheduled()) {
      Request request = one.request();
      result.add(
          request.attempt().requestId()
              + ":"
              + one.context()
              + "+"
              + one.tokens()
              + "+"
              + one.drafts());
      if (one.samples()) {
        assertThat(request.append(0)).isNull();
      }
      scheduler.update(one, 0);
    }
    return result;
  }

  @Test
  void promptsAreChunkedAndDecodesGoFirst() {
    add(12);
    assertThat(step()).containsExactly("r0:0+8+0");
    add(5);
    assertThat(step()).containsExactly("r0:8+4+0", "r1:0+4+0");
    assertThat(step()).containsExactly("r0:12+1+0", "r1:4+1+0");
    add(20);
    assertThat(step()).containsExactly("r0:13+1+0", "r1:5+1+0", "r2:0+6+0");
    add(3);
    assertThat(step()).containsExactly("r0:14+1+0", "r1:6+1+0", "r2:6+6+0");
    assertThat(step()).containsExactly("r0:15+1+0", "r1:7+1+0", "r2:12+6+0");
    assertThat(step()).containsExactly("r0:16+1+0", "r1:8+1+0", "r2:18+2+0", "r3:0+3+0");
  }

  @Test
  void firstComeFirstServedUpToMaxSequences() {
    scheduler = scheduler(100, 2);
    Request first = add(3);
    add(4);
    add(5);
    assertThat(step()).containsExactly("r0:0+3+0", "r1:0+4+0");
    assertThat(scheduler.waiting()).isEqualTo(1);
    first.become(RequestState.FINISHED_STOP);
    scheduler.remove(first);
    assertThat(step()).containsExactly("r1:4+1+0", "r2:0+5+0");
  }

  @Test
  void draftsShareTheBudget() {
    Request a = add(2);
    Request b = add(2);
    step();
    a.drafts(new int[] {1, 2, 3, 4});
    b.drafts(new int[] {1, 2, 3, 4});
    assertThat(step()).containsExactly("r0:2+1+4", "r1:2+1+2");
    // used or not, a draft is for one step
    assertThat(step()).containsExactly("r0:3+1+0", "r1:3+1+0");
  }

  @Test
  void draftsNeverPreempt() {
    pool = new BlockPool(4);
    scheduler = scheduler(16, 4);
    Request a = add(2);
    Request b = add(2);
    step();
    a.drafts(new int[] {1, 2, 3, 4, 5, 6, 7});
    b.drafts(new int[] {1, 2, 3, 4, 5, 6, 7});
    assertThat(step()).containsExactly("r0:2+1+7", "r1:2+1+1");
  }

  @Test
  void theLatestArrivalIsPreemptedAndComesBackFirst() {
    pool = new BlockPool(5);
    scheduler = scheduler(16, 4);
    Request old = add(7);
    Request young = add(7);
    step();
    assertThat(step()).hasSize(2);
    Request waiting = add(1);
    // both need a third block; one is left, so the old one gets it and the young one starts over
    assertThat(step()).containsExactly("r0:8+1+0");
    assertThat(young.state()).isEqualTo(RequestState.PREEMPTED);
    assertThat(young.computed()).isZero();
    assertThat(young.size()).isEqualTo(9);
    assertThat(young.blocks().size()).isZero();
    old.become(RequestState.FINISHED_LENGTH);
    scheduler.remove(old);
    assertThat(step()).containsExactly("r1:0+9+0", "r2:0+1+0");
    assertThat(waiting.state()).isEqualTo(RequestState.RUNNING);
  }

  @Test
  void joinedRequestsAreDecodesAtOnce() {
    Request waiting = add(6);
    Request joined = TestRequests.request(pool, BLOCK, arrivals++, 9, 100);
    joined.blocks().ensure(9);
    joined.computed(8);
    scheduler.join(joined);
    assertThat(step()).containsExactly("r1:8+1+0", "r0:0+6+0");
    assertThat(waiting.state()).isEqualTo(RequestState.RUNNING);
  }

  @Test
  void aJoinedRequestWaitsForASlotAndCanBePreempted() {
    pool = new BlockPool(3);
    scheduler = scheduler(16, 1);
    add(4);
    step();
    Request joined = TestRequests.request(pool, BLOCK, arrivals++, 5, 100);
    joined.blocks().ensure(5);
    joined.computed(4);
    scheduler.join(joined);
    // r0 needs a second block, and the joined one has it
    assertThat(step()).containsExactly("r0:4+1+0");
    assertThat(joined.state()).isEqualTo(RequestState.PREEMPTED);
    assertThat(joined.blocks().size()).isZero();
  }

  @Test
  void moreDecodesThanBudget() {
    scheduler = scheduler(2, 4, 4);
    for (int i = 0; i < 4; i++) {
      Request joined = TestRequests.request(pool, BLOCK, arrivals++, 3, 100);
      joined.blocks().ensure(3);
      joined.computed(2);
      scheduler.join(joined);
    }
    add(3);
    assertThat(step()).hasSize(4);
  }

  /** Its prompt is half done, so its blocks must not be taken from it yet. */
  @Test
  void whoIsHeldGoesOnWhereNobodyElseCanForItsBlocks() {
    Set<Request> held = new HashSet<>();
    SchedulingPolicy holding =
        request -> held.contains(request) ? SchedulingPolicy.HELD : (int) request.arrival();
    Server server = new Server(12, 16, 4, s -> holding);
    Request first = server.add(40, 5);
    server.step(1);
    held.add(first);
    Request second = server.add(16, 5);
    for (int steps = 0; !server.finished.contains(second); steps++) {
      assertThat(steps).as("steps").isLessThan(50);
      server.step(1);
    }
    assertThat(server.finished).containsExactly(second);
    held.clear();
    server.runDry(1);
    assertThat(server.finished).containsExactly(second, first);
  }

  @Test
  void knownBlocksAreNotComputedAgain() {
    PrefixCache on = new PrefixCache(pool, BLOCK, "m", (from, to) -> {}, true);
    scheduler = new Scheduler(on, 16, 4, 16);
    Request first = add(10);
    assertThat(step()).containsExactly("r0:0+10+0");
    add(10);
    add(8);
    assertThat(step())
        .as("two of three blocks; of the two of r2 all but the last token")
        .containsExactly("r0:10+1+0", "r1:8+2+0", "r2:7+1+0");
    first.become(RequestState.FINISHED_STOP);
    scheduler.remove(first);
    assertThat(pool.free()).as("two shared, one of r1, one of r2").isEqualTo(32 - 4);
  }

  @Test
  void blocksSpokenFor() {
    add(9);
    assertThat(scheduler.spokenFor()).isEqualTo(3);
    step();
    assertThat(scheduler.spokenFor()).isEqualTo(1);
  }
}
