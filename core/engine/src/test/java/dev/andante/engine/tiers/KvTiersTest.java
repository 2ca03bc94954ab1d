package dev.andante.engine.tiers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.compute.KvPool;
import dev.andante.compute.host.HostKvPool;
import dev.andante.engine.KvTierObserver;
import dev.andante.engine.TierLimits;
import dev.andante.engine.kvcache.BlockKey;
import dev.andante.engine.kvcache.BlockTable;
import dev.andante.engine.kvcache.CachedKv;
import dev.andante.engine.kvcache.KvTier;
import dev.andante.engine.kvcache.LowerTiers;
import dev.andante.engine.kvcache.PrefixCache;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KvTiersTest {

  private static final int[] FIRST = {1, 2, 3, 4, 5, 6, 7};
  private static final int[] SECOND = {9, 8, 7, 6, 5, 4, 3};

  private static final long BYTES = TierFixture.layout(2).bytesPerBlock();

  @TempDir Path folder;

  private static MemorySlotFile file() {
    return new MemorySlotFile(BYTES);
  }

  /** Waits until all writes to disk are over. */
  private static void awaitWritten(TierFixture f, int blocks) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    f.tiers.settle();
    while (f.held(KvTier.DISK) != blocks) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      Thread.sleep(1);
      f.tiers.settle();
    }
  }

  /** With memory for three blocks: those of the second prompt are there, of the first on disk. */
  private static void spill(TierFixture f) throws InterruptedException {
    f.once(FIRST);
    f.flush();
    f.once(SECOND);
    f.flush();
    awaitWritten(f, 3);
  }

  @Test
  void whatThePoolGaveUpComesBack() {
    try (TierFixture f = new TierFixture(6, 10, null, 0)) {
      assertThat(f.once(FIRST)).isZero();
      assertThat(f.once(FIRST)).as("still in the pool").isEqualTo(6);
      assertThat(f.held(KvTier.HOST)).isZero();
      f.flush();
      assertThat(f.held(KvTier.HOST)).isEqualTo(3);
      assertThat(f.once(FIRST)).isEqualTo(6);
      assertThat(f.counts.loaded(KvTier.HOST)).isEqualTo(3);
      assertThat(f.held(KvTier.HOST)).as("a copy stays").isEqualTo(3);
      f.flush();
      assertThat(f.counts.stored).as("and need not be written again").containsEntry(KvTier.HOST, 3);
    }
  }

  @Test
  void whatWouldBeFoundIsToldWithoutBeingUsed() {
    try (TierFixture f = new TierFixture(6, 3, null, 0)) {
      BlockTable none = f.newTable();
      assertThat(f.cache.extent(none, FIRST, 7)).isEqualTo(new CachedKv.Extent(0, 0));
      f.once(FIRST);
      assertThat(f.cache.extent(none, FIRST, 7)).isEqualTo(new CachedKv.Extent(6, 0));
      assertThat(f.cache.extent(none, FIRST, 6))
          .as("the last token is computed in any case")
          .isEqualTo(new CachedKv.Extent(4, 0));
      BlockTable large = f.newTable();
      assertThat(large.ensure(8)).as("three blank blocks and the last one kept").isTrue();
      large.releaseAll();
      assertThat(f.cache.extent(none, FIRST, 7)).isEqualTo(new CachedKv.Extent(4, 2));
      f.flush();
      assertThat(f.cache.extent(none, FIRST, 7)).isEqualTo(new CachedKv.Extent(0, 6));
      assertThat(f.cache.tokensInMemory()).isEqualTo(3 * 2);
      f.once(SECOND); // its three blocks take the places of the others, asked for or not
      f.flush();
      assertThat(f.cache.extent(none, FIRST, 7)).isEqualTo(new CachedKv.Extent(0, 0));
      assertThat(f.cache.extent(f.newTable(), SECOND, 7)).isEqualTo(new CachedKv.Extent(0, 6));
    }
  }

  @Test
  void thePoolsPartAndTheTiersPartAreJoined() {
    try (TierFixture f = new TierFixture(6, 10, null, 0)) {
      f.once(FIRST);
      BlockTable large = f.newTable();
      assertThat(large.ensure(8)).as("three blank blocks and the last one kept").isTrue();
      assertThat(f.held(KvTier.HOST)).isEqualTo(1);
      large.releaseAll();
      BlockTable again = f.newTable();
      assertThat(f.run(again, FIRST)).isEqualTo(6);
      assertThat(again.loaded()).isEqualTo(1);
      assertThat(f.pool.named(again.block(2))).as("known at once").isTrue();
      f.check(List.of(again));
    }
  }

  @Test
  void theLastTokenIsComputedInTheLoadedBlock() {
    try (TierFixture f = new TierFixture(6, 10, null, 0)) {
      f.once(1, 2, 3, 4);
      f.flush();
      assertThat(f.once(1, 2, 3, 4)).isEqualTo(3);
      assertThat(f.counts.loaded(KvTier.HOST)).isEqualTo(2);
    }
  }

  @Test
  void aReservationIsFilledFromMemoryAlone() throws InterruptedException {
    try (TierFixture f = new TierFixture(6, 3, file(), 10)) {
      f.once(FIRST);
      f.flush();
      int[] known = {1, 2, 3, 4, 5, 6};
      BlockTable table = f.newTable();
      assertThat(f.cache.openToReceive(table, known, 7, 0)).isEqualTo(6);
      assertThat(f.reads(table, known, 6)).isTrue();
      f.check(List.of(table));
      table.releaseAll();
      f.once(SECOND);
      f.flush();
      awaitWritten(f, 3);
      assertThat(f.cache.openToReceive(table, known, 7, 0)).as("on disk now").isZero();
      table.releaseAll();
      assertThat(f.once(FIRST)).isEqualTo(6);
      assertThat(f.counts.loaded(KvTier.DISK)).isEqualTo(3);
    }
  }

  @Test
  void aTableOfForeignContentGetsNothing() {
    try (TierFixture f = new TierFixture(6, 10, null, 0)) {
      f.once(FIRST);
      f.flush();
      BlockTable foreign = f.newTable();
      foreign.contentIsForeign();
      assertThat(f.cache.openToReceive(foreign, FIRST, 8, 0)).isZero();
    }
  }

  @Test
  void withoutRoomNothingIsLoaded() {
    try (TierFixture f = new TierFixture(6, 10, null, 0)) {
      f.once(FIRST);
      f.flush();
      BlockTable all = f.newTable();
      assertThat(all.ensure(6)).isTrue();
      BlockTable table = f.newTable();
      assertThat(f.cache.open(table, FIRST, 7, 0)).isEqualTo(PrefixCache.NO_ROOM);
      assertThat(table.size() + f.counts.loaded(KvTier.HOST)).isZero();
      f.check(List.of(all));
    }
  }

  @Test
  void theHostTierKeepsWhatWasUsedLastAndBeginningsLongest() {
    try (TierFixture f = new TierFixture(6, 4, null, 0)) {
      f.once(FIRST);
      f.flush();
      f.once(SECOND);
      f.flush();
      assertThat(f.held(KvTier.HOST)).isEqualTo(4);
      assertThat(f.once(FIRST)).as("its beginning is left").isEqualTo(2);
      f.flush();
      assertThat(f.once(SECOND)).as("and drove out the end of the other").isEqualTo(2);
    }
  }

  @Test
  void whatIsBeingLoadedIsNotGivenUpForWhatMakesRoomForIt() {
    try (TierFixture f = new TierFixture(4, 3, null, 0)) {
      f.once(FIRST);
      f.flush();
      f.once(SECOND);
      assertThat(f.held(KvTier.HOST)).isEqualTo(3);
      assertThat(f.once(FIRST)).isEqualTo(6);
      assertThat(f.counts.dropped(KvTier.HOST)).as("the other one found no room").isPositive();
    }
  }

  @Test
  void whatTheHostTierGivesUpGoesToDisk() throws InterruptedException {
    try (TierFixture f = new TierFixture(6, 3, file(), 10)) {
      spill(f);
      assertThat(f.once(FIRST)).isEqualTo(6);
      assertThat(f.counts.loaded(KvTier.DISK)).isEqualTo(3);
    }
  }

  @Test
  void whatIsUnderWayToDiskCanBeLoaded() {
    MemorySlotFile file = file();
    CountDownLatch gate = new CountDownLatch(1);
    file.gate = gate;
    try (TierFixture f = new TierFixture(6, 3, file, 10)) {
      f.once(FIRST);
      f.flush();
      f.once(SECOND);
      f.flush();
      assertThat(f.held(KvTier.DISK)).isZero();
      assertThat(f.once(FIRST)).isEqualTo(6);
      assertThat(f.counts.loaded(KvTier.DISK)).isEqualTo(3);
      gate.countDown();
    }
  }

  @Test
  void aSlowDiskLosesBlocksAndStopsNobody() throws InterruptedException {
    MemorySlotFile file = file();
    CountDownLatch gate = new CountDownLatch(1);
    file.gate = gate;
    try (TierFixture f = new TierFixture(6, 1, file, 1000)) {
      for (int i = 0; i < 100; i++) {
        f.once(i, 1, 2, 3, 4, 5);
        f.flush();
      }
      assertThat(f.counts.dropped(KvTier.DISK)).as("256 buffers, 1 still above").isEqualTo(43);
      gate.countDown();
      awaitWritten(f, 256);
    }
  }

  @Test
  void aDamagedBlockIsComputedAnew() throws InterruptedException {
    MemorySlotFile file = file();
    try (TierFixture f = new TierFixture(6, 3, file, 10)) {
      spill(f);
      file.damageAll();
      assertThat(f.once(FIRST)).isZero();
      assertThat(f.counts.damaged).isEqualTo(1);
      assertThat(f.counts.failed).isZero();
      f.check(List.of());
    }
  }

  @Test
  void aDiskThatCannotBeReadTurnsTheTierOff() throws InterruptedException {
    MemorySlotFile file = file();
    try (TierFixture f = new TierFixture(6, 3, file, 10)) {
      spill(f);
      file.readable = false;
      assertThat(f.once(FIRST)).isZero();
      assertThat(f.held(KvTier.DISK)).isZero();
      assertThat(f.counts.failed).isEqualTo(1);
      assertThat(f.counts.damaged).isZero();
      assertThat(file.closed.await(60, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void aFullDiskTurnsTheTierOffForGood() throws InterruptedException {
    MemorySlotFile file = file();
    try (TierFixture f = new TierFixture(6, 3, file, 10)) {
      spill(f);
      file.writesLeft.set(0);
      f.once(FIRST);
      f.flush();
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      while (f.counts.failed == 0) {
        assertThat(System.nanoTime()).isLessThan(deadline);
        Thread.sleep(1);
        f.tiers.settle();
      }
      assertThat(f.held(KvTier.DISK)).isZero();
      assertThat(file.closed.await(60, TimeUnit.SECONDS)).as("the file is gone").isTrue();
      assertThat(f.once(FIRST)).as("still in memory").isEqualTo(6);
      f.flush();
      f.once(SECOND);
      f.flush();
      assertThat(f.counts.failed).isEqualTo(1);
      assertThat(f.held(KvTier.HOST)).isEqualTo(3);
    }
  }

  @Test
  void whatIsDearerToLoadThanToComputeIsLeftWhereItIs() {
    BlockKey key = new BlockKey(1, 1);
    AtomicLong clock = new AtomicLong();
    try (KvPool pool = new HostKvPool(TierFixture.layout(2), 2);
        LowerTiers tiers =
            KvTiers.open(
                TierLimits.host(64),
                pool,
                (context, tokens) -> 5e-3,
                event -> {},
                KvTierObserver.NONE,
                () -> clock.addAndGet(10_000_000))) {
      tiers.offer(0, key, new BlockKey(0, 0), 0);
      try (LowerTiers.Run run = tiers.claim(i -> key, 0, 1, LowerTiers.Otherwise.COMPUTED)) {
        assertThat(run.blocks()).as("not known to be dear").isEqualTo(1);
        assertThat(run.load(0, 1)).isTrue();
      }
      assertThat(tiers.claim(i -> key, 0, 1, LowerTiers.Otherwise.COMPUTED).blocks())
          .as("10 ms to load, 5 ms to compute")
          .isZero();
      tiers.checkIntegrity();
    }
  }

  @Test
  void closingDeletesTheFile() {
    TierLimits limits = new TierLimits(4096, 8192, Optional.of(folder.resolve("kv")));
    try (KvPool pool = new HostKvPool(TierFixture.layout(2), 2)) {
      LowerTiers tiers = open(limits, pool);
      assertThat(folder.resolve("kv")).isDirectoryContaining("glob:**.tier");
      tiers.close();
      assertThat(folder.resolve("kv")).isEmptyDirectory();
    }
  }

  @Test
  void limitsThatCannotBeHadAreAnError() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "");
    try (KvPool pool = new HostKvPool(TierFixture.layout(2), 2)) {
      assertThatThrownBy(() -> open(TierLimits.host(BYTES - 1), pool))
          .hasMessage("host_bytes of 15 hold 0 blocks of 16 bytes; they must hold 1 to 2^31 - 1");
      assertThatThrownBy(() -> open(new TierLimits(64, 4095, Optional.of(folder)), pool))
          .hasMessage(
              "disk_bytes of 4095 hold 0 blocks of 4096 bytes; they must hold 1 to 2^31 - 1");
      assertThatThrownBy(() -> open(new TierLimits(64, 4096, Optional.of(file)), pool))
          .hasMessageStartingWith("disk_folder " + file + " cannot hold the disk tier's file");
      assertThatThrownBy(() -> open(new TierLimits(15, 4096, Optional.of(folder)), pool))
          .hasMessageContaining("host_bytes");
      assertThat(folder).as("nothing is left").isDirectoryNotContaining("glob:**.tier");
      assertThat(open(TierLimits.NONE, pool)).isSameAs(LowerTiers.NONE);
    }
    assertThatThrownBy(() -> new TierLimits(0, 1, Optional.of(folder)))
        .hasMessageStartingWith("disk_bytes needs host_bytes");
    assertThatThrownBy(() -> new TierLimits(1, 1, Optional.empty()))
        .hasMessage("disk_bytes needs disk_folder");
  }

  private static LowerTiers open(TierLimits limits, KvPool pool) {
    return KvTiers.open(
        limits, pool, (context, tokens) -> 1, event -> {}, KvTierObserver.NONE, () -> 0);
  }
}
