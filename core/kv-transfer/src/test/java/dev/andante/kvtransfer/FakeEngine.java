package dev.andante.kvtransfer;

import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.engine.AnswerKv;
import dev.andante.engine.Attempt;
import dev.andante.engine.Engine;
import dev.andante.engine.EngineException;
import dev.andante.engine.EngineException.Code;
import dev.andante.engine.EngineStatus;
import dev.andante.engine.ForkRequest;
import dev.andante.engine.GenerationRequest;
import dev.andante.engine.KvReservation;
import dev.andante.engine.KvSink;
import dev.andante.engine.KvSource;
import dev.andante.engine.PrefillJob;
import dev.andante.engine.PrefillListener;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.RequestListener;
import dev.andante.engine.TransferredRequest;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** An engine that only keeps reservations: what was written to each, and how often it was freed. */
public final class FakeEngine implements Engine {

  public static final KvLayout LAYOUT = new KvLayout(3, 2, 4, 4, DType.F32);

  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon(true).factory());
  private final Map<String, byte[]> contents = new HashMap<>(); // engine thread
  private final Map<String, Integer> releases = new HashMap<>(); // engine thread
  private final Map<String, Integer> renewals = new HashMap<>(); // engine thread
  private final List<String> committed = new ArrayList<>(); // engine thread

  private record InLine(
      Attempt attempt,
      PromptTokens prompt,
      KvSource source,
      CompletableFuture<KvReservation> answer) {}

  private final Queue<InLine> inLine = new ConcurrentLinkedQueue<>();
  private final AtomicInteger storesAsked = new AtomicInteger();
  private final List<String> storeOrder = new ArrayList<>(); // engine thread
  private final AtomicInteger asked = new AtomicInteger();
  private final List<KvSource> sources = new CopyOnWriteArrayList<>();
  private volatile long leaseMillis = 60_000;
  private volatile int cachedTokens;
  private volatile @Nullable EngineException refusal;
  private volatile @Nullable Throwable storeFailure;
  private final CountDownLatch commitAsked = new CountDownLatch(1);
  private volatile @Nullable CountDownLatch gate;
  private volatile @Nullable CountDownLatch commitGate;

  public FakeEngine withLease(long millis) {
    leaseMillis = millis;
    return this;
  }

  public FakeEngine withCached(int tokens) {
    cachedTokens = tokens;
    return this;
  }

  public FakeEngine refusing(Code code) {
    refusal = new EngineException(code, "refused by the test");
    return this;
  }

  public FakeEngine failingToStore(Code code) {
    storeFailure = new EngineException(code, "cannot store, says the test");
    return this;
  }

  public FakeEngine failingToStore(Throwable failure) {
    storeFailure = failure;
    return this;
  }

  private static void fail(@Nullable Throwable failure) {
    switch (failure) {
      case null -> {}
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalArgumentException(failure);
    }
  }

  /** Holds the engine thread until the latch opens, at most ten seconds. */
  public void holdUntil(CountDownLatch latch) {
    gate = latch;
  }

  /** Holds commits, and what comes after them, until the latch opens, at most ten seconds. */
  public void holdCommitsUntil(CountDownLatch latch) {
    commitGate = latch;
  }

  /** Waits until a commit has been asked for, made yet or not; at most ten seconds. */
  public boolean awaitCommitAsked() throws InterruptedException {
    return isCommitAskedWithin(Duration.ofSeconds(10));
  }

  /** Waits so long at most. */
  public boolean isCommitAskedWithin(Duration patience) throws InterruptedException {
    return commitAsked.await(patience.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** What a reservation holds, in the order of the layout with tokens of the whole prompt. */
  public byte[] contentOf(String handle) {
    return onThread(() -> contents.getOrDefault(handle, new byte[0]).clone()).join();
  }

  /** How many reservations were asked for, made yet or not. */
  public int asked() {
    return asked.get();
  }

  /** Whose KV was said to come, for each reservation asked for. */
  public List<KvSource> sources() {
    return sources;
  }

  public int reservationsHeld() {
    return onThread(contents::size).join();
  }

  public int releasesOf(String handle) {
    return onThread(() -> releases.getOrDefault(handle, 0)).join();
  }

  public int renewalsOf(String handle) {
    return onThread(() -> renewals.getOrDefault(handle, 0)).join();
  }

  public List<String> committed() {
    return onThread(() -> List.copyOf(committed)).join();
  }

  /** Offset in {@link #contentOf} of one token of one layer and half (0 = K, 1 = V). */
  public static int offset(int promptTokens, int layer, int half, int head, int token) {
    int row = LAYOUT.headDim() * LAYOUT.dtype().blockBytes();
    return (((layer * 2 + half) * LAYOUT.kvHeads() + head) * promptTokens + token) * row;
  }

  @Override
  public KvLayout kvLayout() {
    return LAYOUT;
  }

  @Override
  public CompletableFuture<KvReservation> reserve(
      Attempt attempt, PromptTokens prompt, KvSource source) {
    asked.incrementAndGet();
    sources.add(source);
    return onThread(
        () -> {
          EngineException no = refusal;
          if (no != null) {
            throw no;
          }
          String handle = attempt.requestId() + "#" + attempt.epoch();
          int size = Math.toIntExact(LAYOUT.bytesPerToken() * prompt.ids().length);
          contents.put(handle, new byte[size]);
          return new KvReservation(handle, leaseMillis, cachedTokens);
        });
  }

  @Override
  public CompletableFuture<KvReservation> reserveLater(
      Attempt attempt, PromptTokens prompt, KvSource source, Duration patience) {
    CompletableFuture<KvReservation> answer = new CompletableFuture<>();
    inLine.add(new InLine(attempt, prompt, source, answer));
    return answer;
  }

  /** Waits until that many runs were brought, stored yet or not; at most twenty seconds. */
  public void awaitStoresAsked(int runs) {
    for (int wait = 0; wait < 4000 && storesAsked() < runs; wait++) {
      LockSupport.parkNanos(5_000_000);
    }
    if (storesAsked() < runs) {
      throw new AssertionError(storesAsked() + " runs were brought, not " + runs);
    }
  }

  /** How many runs were brought, stored yet or not. */
  public int storesAsked() {
    return storesAsked.get();
  }

  /** Whose runs were stored, one after the other. */
  public List<String> storeOrder() {
    return onThread(() -> List.copyOf(storeOrder)).join();
  }

  /** Makes room for those who wait. */
  public void makeRoom() {
    refusal = null;
    for (InLine waiting = inLine.poll(); waiting != null; waiting = inLine.poll()) {
      CompletableFuture<KvReservation> answer = waiting.answer();
      if (!answer.isDone()) {
        var _ =
            reserve(waiting.attempt(), waiting.prompt(), waiting.source())
                .thenAccept(answer::complete);
      }
    }
  }

  /** How many wait for room. */
  public long waiting() {
    return inLine.stream().filter(waiting -> !waiting.answer().isDone()).count();
  }

  @Override
  public void storeKv(
      String handle, int firstToken, int tokens, int firstLayer, int layers, MemorySegment kv) {
    storesAsked.incrementAndGet();
    awaited(
        () -> {
          storeOrder.add(handle);
          fail(storeFailure);
          byte[] content = contents.get(handle);
          if (content == null) {
            throw new EngineException(Code.UNKNOWN_KV_HANDLE, handle);
          }
          int promptTokens = content.length / Math.toIntExact(LAYOUT.bytesPerToken());
          int row = LAYOUT.headDim() * LAYOUT.dtype().blockBytes();
          long from = 0;
          for (int layer = firstLayer; layer < firstLayer + layers; layer++) {
            for (int half = 0; half < 2; half++) {
              for (int head = 0; head < LAYOUT.kvHeads(); head++) {
                int to = offset(promptTokens, layer, half, head, firstToken);
                MemorySegment.copy(kv, ValueLayout.JAVA_BYTE, from, content, to, tokens * row);
                from += (long) tokens * row;
              }
            }
          }
          return null;
        });
  }

  @Override
  public void renew(String handle) {
    awaited(
        () -> {
          if (!contents.containsKey(handle)) {
            throw new EngineException(Code.UNKNOWN_KV_HANDLE, handle);
          }
          renewals.merge(handle, 1, Integer::sum);
          return null;
        });
  }

  @Override
  public CompletableFuture<Void> commit(String handle) {
    commitAsked.countDown();
    return onThread(
        () -> {
          pass(commitGate);
          if (!contents.containsKey(handle)) {
            throw new EngineException(Code.UNKNOWN_KV_HANDLE, handle);
          }
          committed.add(handle);
          return null;
        });
  }

  @Override
  public void fork(ForkRequest request, RequestListener listener) {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletableFuture<AnswerKv> answerKv(Attempt attempt) {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletableFuture<Void> readKv(Attempt attempt, int firstToken, int tokens, KvSink sink) {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletableFuture<Boolean> release(String handle) {
    return onThread(
        () -> {
          releases.merge(handle, 1, Integer::sum);
          return contents.remove(handle) != null;
        });
  }

  @Override
  public void generate(GenerationRequest request, RequestListener listener) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void prefill(PrefillJob job, PrefillListener listener) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void decode(TransferredRequest request, RequestListener listener) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void abort(Attempt attempt) {}

  @Override
  public CompletableFuture<Void> serving() {
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public EngineStatus status() {
    return EngineStatus.NONE;
  }

  @Override
  public CompletableFuture<Void> checkIntegrity() {
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }

  private void awaited(Supplier<?> work) {
    try {
      onThread(work).join();
    } catch (CompletionException e) {
      switch (e.getCause()) {
        case RuntimeException known -> throw known;
        case Error error -> throw error;
        case null, default -> throw e;
      }
    }
  }

  private <T> CompletableFuture<T> onThread(Supplier<T> work) {
    return CompletableFuture.supplyAsync(
        () -> {
          pass(gate);
          return work.get();
        },
        thread);
  }

  private static void pass(@Nullable CountDownLatch latch) {
    if (latch != null) {
      try {
        boolean _ = latch.await(10, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
