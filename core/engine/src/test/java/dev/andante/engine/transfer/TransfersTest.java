package dev.andante.engine.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.compute.host.HostKvPool;
import dev.andante.engine.Attempt;
import dev.andante.engine.EngineException;
import dev.andante.engine.EngineException.Code;
import dev.andante.engine.KvSource;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.fake.AlteredBackend;
import dev.andante.engine.fake.FakeClock;
import dev.andante.engine.kvcache.BlockPool;
import dev.andante.engine.kvcache.PrefixCache;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TransfersTest {

  private static final int BLOCK = 4;
  private static final int LAYERS = 2;
  private static final KvLayout LAYOUT = new KvLayout(LAYERS, 2, 4, BLOCK, DType.F32);
  private static final Duration LEASE = Duration.ofSeconds(10);

  private final FakeClock clock = new FakeClock();
  private final HostKvPool pool = new HostKvPool(LAYOUT, 8);
  private final BlockPool blocks = new BlockPool(8);
  private final Transfers transfers = transfers(pool, blocks, clock);

  @AfterEach
  void closePool() {
    pool.close();
  }

  /** Without a prefix cache; see {@link SharedReservationsTest} for one with. */
  private static Transfers transfers(HostKvPool pool, BlockPool blocks, FakeClock clock) {
    PrefixCache none = new PrefixCache(blocks, BLOCK, "model", pool::copy, false);
    return new Transfers(pool, blocks, none, LEASE.toNanos(), clock);
  }

  /** Holds each write until the latch opens, and says when one is held. */
  private KvPool holding(CountDownLatch inside, CountDownLatch open) {
    return AlteredBackend.pool(
        pool,
        method -> {
          if (method.equals("write")) {
            inside.countDown();
            assertThat(open.await(20, TimeUnit.SECONDS)).isTrue();
          }
          return null;
        });
  }

  private static PromptTokens prompt(int length) {
    return PromptTokens.of(new int[length]);
  }

  private static MemorySegment kv(int tokens, int layers) {
    MemorySegment kv =
        Arena.ofAuto().allocate(LAYOUT.bytesPerTokenLayer() * tokens * layers, Float.BYTES);
    for (long i = 0; i < kv.byteSize() / 4; i++) {
      kv.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) i);
    }
    return kv;
  }

  private static @Nullable Code code(Runnable action) {
    try {
      action.run();
      return null;
    } catch (EngineException e) {
      return e.code();
    }
  }

  @Test
  void wholeLife() {
    Transfer transfer = transfers.reserve(new Attempt("a", 1), prompt(8), KvSource.EQUAL, 0);
    assertThat(transfer.state()).isEqualTo(TransferState.RESERVED);
    assertThat(transfer.blocks().size()).as("room for one more token").isEqualTo(3);
    assertThat(code(() -> transfers.committed(transfer.handle(), transfer.attempt())))
        .isEqualTo(Code.BAD_FRAME);
    transfers.store(transfer.handle(), 0, 4, 0, 2, kv(4, 2));
    assertThat(transfer.state()).isEqualTo(TransferState.STREAMING);
    assertThat(code(() -> transfers.commit(transfer.handle()))).isEqualTo(Code.BAD_FRAME);
    transfers.store(transfer.handle(), 4, 4, 1, 1, kv(4, 1));
    assertThat(code(() -> transfers.commit(transfer.handle()))).isEqualTo(Code.BAD_FRAME);
    transfers.store(transfer.handle(), 4, 4, 0, 1, kv(4, 1));
    transfers.commit(transfer.handle());
    transfers.commit(transfer.handle());
    assertThat(transfer.state()).isEqualTo(TransferState.COMMITTED);
    // a late duplicate must not touch the blocks
    transfers.store(transfer.handle(), 0, 1, 0, 1, kv(1, 1).fill((byte) 9));
    MemorySegment stored = kv(4, 2).fill((byte) 0);
    pool.read(transfer.blocks().block(0), 0, 4, 0, 2, stored);
    assertThat(stored.mismatch(kv(4, 2))).isEqualTo(-1);
    assertThat(code(() -> transfers.committed(transfer.handle(), new Attempt("a", 2))))
        .isEqualTo(Code.STALE_EPOCH);
    transfers.joined(transfers.committed(transfer.handle(), transfer.attempt()));
    assertThat(transfers.release(transfer.handle())).isFalse();
    assertThat(blocks.free()).as("the request's now").isEqualTo(5);
  }

  @Test
  void blocksAreGivenBackAfterTheRunThatIsBeingStored() throws Exception {
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch open = new CountDownLatch(1);
    PrefixCache none = new PrefixCache(blocks, BLOCK, "model", pool::copy, false);
    Transfers held = new Transfers(holding(inside, open), blocks, none, LEASE.toNanos(), clock);
    Transfer transfer = held.reserve(new Attempt("a", 1), prompt(4), KvSource.EQUAL, 0);
    String handle = transfer.handle();
    Thread storing = Thread.ofPlatform().start(() -> held.store(handle, 0, 4, 0, 2, kv(4, 2)));
    assertThat(inside.await(10, TimeUnit.SECONDS)).isTrue();
    Thread releasing = Thread.ofPlatform().start(() -> held.release(handle));
    assertThat(releasing.join(Duration.ofMillis(50))).as("while it is being stored").isFalse();
    assertThat(blocks.free()).isEqualTo(6);
    open.countDown();
    assertThat(releasing.join(Duration.ofSeconds(10))).isTrue();
    assertThat(storing.join(Duration.ofSeconds(10))).isTrue();
    assertThat(blocks.free()).isEqualTo(8);
    assertThat(code(() -> held.store(handle, 0, 4, 0, 2, kv(4, 2))))
        .isEqualTo(Code.UNKNOWN_KV_HANDLE);
  }

  @Test
  void runsMayCrossBlocks() {
    Transfer whole = transfers.reserve(new Attempt("a", 1), prompt(11), KvSource.EQUAL, 0);
    MemorySegment kv = kv(9, 2);
    transfers.store(whole.handle(), 2, 9, 0, 2, kv);
    // one token at a time, cut out of the run by hand
    for (int token = 0; token < 9; token++) {
      MemorySegment one = kv(1, 2);
      pool.read(whole.blocks().block((2 + token) / BLOCK), (2 + token) % BLOCK, 1, 0, 2, one);
      for (int head = 0; head < LAYERS * 2 * 2; head++) {
        for (int d = 0; d < 4; d++) {
          assertThat(one.getAtIndex(ValueLayout.JAVA_FLOAT, head * 4L + d))
              .isEqualTo(kv.getAtIndex(ValueLayout.JAVA_FLOAT, (head * 9L + token) * 4 + d));
        }
      }
    }
  }

  @Test
  void badFramesChangeNothing() {
    Transfer transfer = transfers.reserve(new Attempt("a", 1), prompt(8), KvSource.EQUAL, 0);
    String handle = transfer.handle();
    int max = Integer.MAX_VALUE;
    for (int[] run :
        new int[][] {
          {-1, 1, 0, 1},
          {0, 0, 0, 1},
          {8, 1, 0, 1},
          {7, 2, 0, 1},
          {0, 1, -1, 1},
          {0, 1, 2, 1},
          {0, 1, 1, 2},
          {0, 1, 0, 0},
          {max, max, 0, 1},
          {0, 1, max, max},
          {0, -1, 0, 1}
        }) {
      assertThat(code(() -> transfers.store(handle, run[0], run[1], run[2], run[3], kv(1, 1))))
          .isEqualTo(Code.BAD_FRAME);
    }
    assertThat(code(() -> transfers.store(handle, 0, 2, 0, 1, kv(1, 1)))).isEqualTo(Code.BAD_FRAME);
    assertThat(code(() -> transfers.store(handle, 0, 1, 0, 1, kv(2, 1)))).isEqualTo(Code.BAD_FRAME);
    assertThat(code(() -> transfers.store("no such", 0, 1, 0, 1, kv(1, 1))))
        .isEqualTo(Code.UNKNOWN_KV_HANDLE);
    assertThat(transfer.state()).isEqualTo(TransferState.RESERVED);
  }

  @Test
  void epochs() {
    Transfer first = transfers.reserve(new Attempt("a", 2), prompt(8), KvSource.EQUAL, 0);
    assertThat(transfers.reserve(new Attempt("a", 2), prompt(8), KvSource.EQUAL, 0))
        .isSameAs(first);
    assertThat(code(() -> transfers.reserve(new Attempt("a", 2), prompt(7), KvSource.EQUAL, 0)))
        .isEqualTo(Code.INVALID_REQUEST);
    assertThat(code(() -> transfers.reserve(new Attempt("a", 1), prompt(8), KvSource.EQUAL, 0)))
        .isEqualTo(Code.STALE_EPOCH);
    Transfer second = transfers.reserve(new Attempt("a", 3), prompt(20), KvSource.EQUAL, 0);
    assertThat(first.state()).isEqualTo(TransferState.RELEASED);
    assertThat(code(() -> transfers.store(first.handle(), 0, 1, 0, 1, kv(1, 1))))
        .isEqualTo(Code.UNKNOWN_KV_HANDLE);
    assertThat(second.handle()).isNotEqualTo(first.handle()).hasSize(32);
    assertThat(blocks.free()).isEqualTo(2);
  }

  @Test
  void respectsWhatIsSpokenFor() {
    assertThat(code(() -> transfers.reserve(new Attempt("a", 1), prompt(20), KvSource.EQUAL, 3)))
        .isEqualTo(Code.SATURATED);
    assertThat(blocks.free()).isEqualTo(8);
    transfers.reserve(new Attempt("a", 1), prompt(20), KvSource.EQUAL, 2);
  }

  @Test
  void leases() {
    Transfer transfer = transfers.reserve(new Attempt("a", 1), prompt(4), KvSource.EQUAL, 0);
    clock.advance(Duration.ofSeconds(9));
    assertThat(transfers.expire()).isZero();
    transfers.store(transfer.handle(), 0, 1, 0, 1, kv(1, 1));
    clock.advance(Duration.ofSeconds(9));
    assertThat(transfers.expire()).as("renewed").isZero();
    transfers.renew(transfer.handle());
    clock.advance(Duration.ofSeconds(9));
    assertThat(transfers.expire()).as("renewed by a sign of life").isZero();
    clock.advance(Duration.ofSeconds(1));
    assertThat(transfers.expire()).isEqualTo(1);
    assertThat(transfer.state()).isEqualTo(TransferState.EXPIRED);
    assertThat(code(() -> transfers.commit(transfer.handle()))).isEqualTo(Code.LEASE_EXPIRED);
    assertThat(code(() -> transfers.renew(transfer.handle()))).isEqualTo(Code.LEASE_EXPIRED);
    assertThat(code(() -> transfers.renew("unknown"))).isEqualTo(Code.UNKNOWN_KV_HANDLE);
    assertThat(transfers.release(transfer.handle())).isFalse();
    assertThat(blocks.free()).isEqualTo(8);
  }

  @Test
  void lifeCycleIsClosed() {
    for (TransferState from : TransferState.values()) {
      for (TransferState to : TransferState.values()) {
        if (from.over()) {
          assertThat(from.canBecome(to)).isFalse();
        }
      }
    }
    assertThat(TransferState.OPEN.canBecome(TransferState.COMMITTED)).isFalse();
    assertThat(TransferState.COMMITTED.canBecome(TransferState.STREAMING)).isFalse();
  }

  /** What a reservation should be like. */
  private static final class Model {
    final Attempt attempt;
    final int tokens;
    final BitSet arrived = new BitSet();
    boolean committed;
    long deadline;

    Model(Attempt attempt, int tokens) {
      this.attempt = attempt;
      this.tokens = tokens;
    }

    int blocks() {
      return (tokens + 1 + BLOCK - 1) / BLOCK;
    }
  }

  /** Random operations on a few requests, against the plainest possible account of them. */
  @Property(tries = 300)
  void behavesLikeItsModel(@ForAll long seed) {
    Random random = new Random(seed);
    int total = 12;
    try (HostKvPool memory = new HostKvPool(LAYOUT, total)) {
      BlockPool owned = new BlockPool(total);
      FakeClock time = new FakeClock();
      Transfers tested = transfers(memory, owned, time);
      Map<String, Model> live = new HashMap<>();
      Set<String> expired = new HashSet<>();
      List<String> handles = new ArrayList<>(List.of("never made"));
      int joinedBlocks = 0;
      for (int i = 0; i < 120; i++) {
        String handle = handles.get(random.nextInt(handles.size()));
        @Nullable Model model = live.get(handle);
        Code missing = expired.contains(handle) ? Code.LEASE_EXPIRED : Code.UNKNOWN_KV_HANDLE;
        switch (random.nextInt(8)) {
          case 0, 1 -> {
            Attempt attempt = new Attempt("r" + random.nextInt(4), random.nextInt(3));
            int tokens = 1 + random.nextInt(12);
            reserve(tested, live, handles, owned, attempt, tokens, time);
          }
          case 2, 3 -> {
            int first = random.nextInt(14) - 1;
            int count = random.nextInt(13);
            int layer = random.nextInt(3);
            int layers = random.nextInt(3);
            Code code =
                code(() -> tested.store(handle, first, count, layer, layers, kv(count, layers)));
            if (model == null) {
              assertThat(code).isEqualTo(missing);
            } else if (first < 0
                || count < 1
                || layers < 1
                || first + count > model.tokens
                || layer + layers > LAYERS) {
              assertThat(code).isEqualTo(Code.BAD_FRAME);
            } else {
              assertThat(code).isNull();
              model.deadline = time.getAsLong() + LEASE.toNanos();
              for (int l = layer; l < layer + layers; l++) {
                model.arrived.set(l * 100 + first, l * 100 + first + count);
              }
            }
          }
          case 4 -> {
            // everything that is missing, so that some get somewhere
            if (model != null) {
              tested.store(handle, 0, model.tokens, 0, LAYERS, kv(model.tokens, LAYERS));
              model.deadline = time.getAsLong() + LEASE.toNanos();
              for (int l = 0; l < LAYERS; l++) {
                model.arrived.set(l * 100, l * 100 + model.tokens);
              }
            }
          }
          case 5 -> {
            Code code = code(() -> tested.commit(handle));
            if (model == null) {
              assertThat(code).isEqualTo(missing);
            } else if (model.arrived.cardinality() < LAYERS * model.tokens) {
              assertThat(code).isEqualTo(Code.BAD_FRAME);
            } else {
              assertThat(code).isNull();
              model.committed = true;
              model.deadline = time.getAsLong() + LEASE.toNanos();
            }
          }
          case 6 -> {
            if (random.nextBoolean()) {
              assertThat(tested.release(handle)).isEqualTo(live.remove(handle) != null);
            } else if (model != null) {
              Code code = code(() -> tested.joined(tested.committed(handle, model.attempt)));
              assertThat(code).isEqualTo(model.committed ? null : Code.BAD_FRAME);
              if (model.committed) {
                live.remove(handle);
                joinedBlocks += model.blocks();
              }
            }
          }
          default -> {
            time.advance(Duration.ofSeconds(random.nextInt(7)));
            long now = time.getAsLong();
            int before = live.size();
            live.entrySet().removeIf(e -> e.getValue().deadline <= now && expired.add(e.getKey()));
            assertThat(tested.expire()).isEqualTo(before - live.size());
          }
        }
        int held = live.values().stream().mapToInt(Model::blocks).sum();
        assertThat(tested.reservedBlocks()).isEqualTo(held);
        assertThat(owned.free()).isEqualTo(total - held - joinedBlocks);
        assertThat(tested.all()).hasSize(live.size());
      }
      tested.releaseAll();
      assertThat(owned.free()).isEqualTo(total - joinedBlocks);
    }
  }

  private static void reserve(
      Transfers tested,
      Map<String, Model> live,
      List<String> handles,
      BlockPool owned,
      Attempt attempt,
      int tokens,
      FakeClock time) {
    String old =
        live.entrySet().stream()
            .filter(e -> e.getValue().attempt.requestId().equals(attempt.requestId()))
            .map(Map.Entry::getKey)
            .findFirst()
            .orElse("");
    @Nullable Model existing = live.get(old);
    List<Transfer> made = new ArrayList<>();
    Code code = code(() -> made.add(tested.reserve(attempt, prompt(tokens), KvSource.EQUAL, 0)));
    if (existing != null && existing.attempt.epoch() > attempt.epoch()) {
      assertThat(code).isEqualTo(Code.STALE_EPOCH);
      return;
    }
    if (existing != null && existing.attempt.epoch() == attempt.epoch()) {
      assertThat(code).isEqualTo(existing.tokens == tokens ? null : Code.INVALID_REQUEST);
      if (code == null) {
        assertThat(made.getFirst().handle()).isEqualTo(old);
        existing.deadline = time.getAsLong() + LEASE.toNanos();
      }
      return;
    }
    live.remove(old);
    Model model = new Model(attempt, tokens);
    if (code != null) {
      assertThat(code).isEqualTo(Code.SATURATED);
      assertThat(owned.free()).isLessThan(model.blocks());
      return;
    }
    model.deadline = time.getAsLong() + LEASE.toNanos();
    live.put(made.getFirst().handle(), model);
    handles.add(made.getFirst().handle());
  }
}
