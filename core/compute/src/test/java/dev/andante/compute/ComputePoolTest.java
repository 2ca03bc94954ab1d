package dev.andante.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ComputePoolTest {

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 8})
  void everyIndexRunsExactlyOnce(int threads) {
    try (ComputePool pool = new ComputePool(threads)) {
      for (int count : new int[] {0, 1, 2, 3, 7, 64, 1000}) {
        AtomicIntegerArray runs = new AtomicIntegerArray(count);
        for (int repeat = 0; repeat < 50; repeat++) {
          pool.run(count, runs::incrementAndGet);
        }
        assertThat(IntStream.range(0, count).map(runs::get)).allMatch(n -> n == 50);
      }
    }
  }

  @Test
  void whatTasksWroteIsVisibleToTheCaller() {
    try (ComputePool pool = new ComputePool(3)) {
      for (int repeat = 0; repeat < 2000; repeat++) {
        int[] plain = new int[16];
        int value = repeat + 1;
        pool.run(plain.length, i -> plain[i] = value);
        assertThat(plain).containsOnly(value);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void theFirstFailureIsRethrownAndThePoolStaysUsable(int threads) {
    try (ComputePool pool = new ComputePool(threads)) {
      assertThatThrownBy(
              () ->
                  pool.run(
                      100,
                      i -> {
                        if (i == 37) {
                          throw new IllegalStateException("index 37");
                        }
                      }))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("index 37");
      assertThatThrownBy(
              () ->
                  pool.run(
                      5,
                      i -> {
                        throw new AssertionError("an error");
                      }))
          .isInstanceOf(AssertionError.class);

      AtomicInteger runs = new AtomicInteger();
      pool.run(100, i -> runs.incrementAndGet());
      assertThat(runs).hasValue(100);
    }
  }

  @Test
  void helpersTakePart() throws InterruptedException {
    try (ComputePool pool = new ComputePool(3)) {
      CountDownLatch allThree = new CountDownLatch(3);
      AtomicInteger met = new AtomicInteger();
      pool.run(
          3,
          i -> {
            allThree.countDown();
            if (awaits(allThree)) {
              met.incrementAndGet();
            }
          });
      assertThat(met).as("tasks that ran at the same time").hasValue(3);

      parkAll();
      CountDownLatch again = new CountDownLatch(3);
      pool.run(
          3,
          i -> {
            again.countDown();
            assertThat(awaits(again)).as("parked workers wake").isTrue();
          });
    }
  }

  @Test
  void eachThreadBeginsWithIndicesOfItsOwn() {
    try (ComputePool pool = new ComputePool(3)) {
      CountDownLatch all = new CountDownLatch(3);
      AtomicInteger met = new AtomicInteger();
      Set<Integer> begun = ConcurrentHashMap.newKeySet();
      ThreadLocal<Boolean> first = ThreadLocal.withInitial(() -> true);
      pool.run(
          10,
          i -> {
            if (first.get()) {
              first.set(false);
              begun.add(i);
              all.countDown();
              met.addAndGet(awaits(all) ? 1 : 0);
            }
          });
      assertThat(met).as("threads that took part").hasValue(3);
      assertThat(begun).containsExactlyInAnyOrder(0, 3, 6);
    }
  }

  @Test
  void aCallerMakesProgressWhileEveryHelperIsBusyElsewhere() throws Exception {
    try (ComputePool pool = new ComputePool(2);
        ExecutorService callers = Executors.newCachedThreadPool()) {
      CountDownLatch busy = new CountDownLatch(2);
      CountDownLatch release = new CountDownLatch(1);
      Future<?> first =
          callers.submit(
              () ->
                  pool.run(
                      2,
                      i -> {
                        busy.countDown();
                        awaits(release);
                      }));
      assertThat(awaits(busy)).isTrue();

      AtomicInteger runs = new AtomicInteger();
      pool.run(100, i -> runs.incrementAndGet());

      assertThat(runs).hasValue(100);
      assertThat(first.isDone()).isFalse();
      release.countDown();
      first.get(60, TimeUnit.SECONDS);
    }
  }

  @Test
  void asManyCallersAsThreadsWorkAlone() throws Exception {
    try (ComputePool pool = new ComputePool(2);
        ExecutorService callers = Executors.newCachedThreadPool()) {
      CountDownLatch inside = new CountDownLatch(1);
      CountDownLatch release = new CountDownLatch(1);
      Future<?> other =
          callers.submit(
              () ->
                  pool.run(
                      2,
                      i -> {
                        if (Thread.currentThread().getName().startsWith("andante-compute")) {
                          awaits(inside); // leaves the other index to the caller
                          return;
                        }
                        inside.countDown();
                        awaits(release);
                      }));
      assertThat(awaits(inside)).isTrue();
      parkAll();

      Set<Thread> seen = ConcurrentHashMap.newKeySet();
      for (int repeat = 0; repeat < 1000; repeat++) {
        pool.run(8, i -> seen.add(Thread.currentThread()));
      }

      assertThat(seen).containsExactly(Thread.currentThread());
      release.countDown();
      other.get(60, TimeUnit.SECONDS);
    }
  }

  @Test
  void callsFromManyThreadsAndFromInsideTasksComplete() throws Exception {
    try (ComputePool pool = new ComputePool(2);
        ExecutorService callers = Executors.newCachedThreadPool()) {
      List<Callable<Integer>> work = new ArrayList<>();
      for (int c = 0; c < 4; c++) {
        work.add(
            () -> {
              AtomicInteger runs = new AtomicInteger();
              for (int repeat = 0; repeat < 200; repeat++) {
                pool.run(4, i -> pool.run(5, j -> runs.incrementAndGet()));
              }
              return runs.get();
            });
      }
      for (Future<Integer> done : callers.invokeAll(work, 60, TimeUnit.SECONDS)) {
        assertThat(done.get()).isEqualTo(200 * 20);
      }
    }
  }

  @Test
  void interruptionIsKeptAndCutsNothingShort() throws InterruptedException {
    try (ComputePool pool = new ComputePool(2)) {
      AtomicInteger runs = new AtomicInteger();
      Thread caller =
          new Thread(
              () -> {
                Thread.currentThread().interrupt();
                pool.run(50, i -> runs.incrementAndGet());
                assertThat(Thread.currentThread().isInterrupted()).isTrue();
                runs.addAndGet(1000);
              });
      caller.start();
      caller.join(60_000);
      assertThat(runs).hasValue(1050);
    }
  }

  @Test
  void afterCloseTheCallerWorksAlone() {
    ComputePool pool = new ComputePool(4);
    pool.close();
    AtomicInteger runs = new AtomicInteger();
    pool.run(10, i -> runs.incrementAndGet());
    assertThat(runs).hasValue(10);
  }

  @Test
  void aPoolHasAtLeastOneThread() {
    assertThatThrownBy(() -> new ComputePool(0)).isInstanceOf(IllegalArgumentException.class);
  }

  private static boolean awaits(CountDownLatch latch) {
    try {
      return latch.await(60, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Long enough for idle workers to stop spinning; if they have not, the test is merely easier. */
  private static void parkAll() throws InterruptedException {
    Thread.sleep(20);
  }
}
