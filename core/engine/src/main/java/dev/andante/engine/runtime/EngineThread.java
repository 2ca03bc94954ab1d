package dev.andante.engine.runtime;

import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
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
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadFactory;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The thread that owns an {@link EngineCore}, and the posts that reach it. */
final class EngineThread implements Engine {

  private static final System.Logger LOG = System.getLogger(EngineThread.class.getName());

  /** Longest sleep: leases are looked at this often even if nobody writes. */
  private static final long IDLE_NANOS = Mailbox.millis(200);

  /** Longest sleep while requests wait for blocks that reservations hold. */
  private static final long BLOCKED_NANOS = Mailbox.millis(20);

  /** How long {@link #close} waits for the step in progress. */
  private static final long CLOSE_MILLIS = 60_000;

  private final EngineCore core;
  private final KvPool pool;
  private final Mailbox mailbox;
  private final Arrivals arrivals;
  private final LongSupplier nanoTime;
  private final Thread thread;
  private final ArrayDeque<Mailbox.Message> inbox = new ArrayDeque<>();
  private final CompletableFuture<@Nullable Void> serving = new CompletableFuture<>();
  private volatile EngineStatus status;
  private volatile boolean closing;
  private volatile @Nullable Throwable failure;

  EngineThread(
      EngineCore core,
      KvPool pool,
      int mailboxCapacity,
      LongSupplier nanoTime,
      ThreadFactory threads) {
    this.core = core;
    this.pool = pool;
    this.mailbox = new Mailbox(mailboxCapacity);
    this.arrivals =
        new Arrivals(core.transfers(), pool.writesBesidePasses(), mailbox, core::storeFailed);
    this.nanoTime = nanoTime;
    this.status = core.status();
    this.thread = threads.newThread(this::run);
  }

  void start() {
    thread.start();
  }

  @Override
  public KvLayout kvLayout() {
    return pool.layout();
  }

  @Override
  public void generate(GenerationRequest request, RequestListener listener) {
    long now = nanoTime.getAsLong();
    post(() -> core.intake().generate(request, listener, now), listener::onFailed);
  }

  @Override
  public void prefill(PrefillJob job, PrefillListener listener) {
    long now = nanoTime.getAsLong();
    post(() -> core.intake().prefill(job, listener, now), listener::onFailed);
  }

  @Override
  public CompletableFuture<KvReservation> reserve(
      Attempt attempt, PromptTokens prompt, KvSource source) {
    return ask(() -> core.reservations().now(attempt, prompt, source), false);
  }

  @Override
  public CompletableFuture<KvReservation> reserveLater(
      Attempt attempt, PromptTokens prompt, KvSource source, Duration patience) {
    long deadline = nanoTime.getAsLong() + patience.toNanos();
    CompletableFuture<KvReservation> answer = new CompletableFuture<>();
    post(
        () -> core.reservations().later(attempt, prompt, source, deadline, answer),
        answer::completeExceptionally);
    return answer;
  }

  @Override
  public void storeKv(
      String handle, int firstToken, int tokens, int firstLayer, int layers, MemorySegment kv) {
    arrivals.store(handle, firstToken, tokens, firstLayer, layers, kv);
  }

  @Override
  public void renew(String handle) {
    arrivals.renew(handle);
  }

  @Override
  public CompletableFuture<@Nullable Void> commit(String handle) {
    return tell(() -> core.transfers().commit(handle), false);
  }

  @Override
  public void decode(TransferredRequest request, RequestListener listener) {
    long now = nanoTime.getAsLong();
    post(() -> core.intake().decode(request, listener, now), listener::onFailed);
  }

  @Override
  public void fork(ForkRequest request, RequestListener listener) {
    long now = nanoTime.getAsLong();
    post(() -> core.intake().fork(request, listener, now), listener::onFailed);
  }

  @Override
  public CompletableFuture<AnswerKv> answerKv(Attempt attempt) {
    return ask(() -> core.readout().of(attempt), false);
  }

  @Override
  public CompletableFuture<@Nullable Void> readKv(
      Attempt attempt, int firstToken, int tokens, KvSink sink) {
    return tell(() -> core.readout().read(attempt, firstToken, tokens, sink), false);
  }

  @Override
  public CompletableFuture<Boolean> release(String handle) {
    return ask(() -> core.transfers().release(handle), true);
  }

  @Override
  public void abort(Attempt attempt) {
    mailbox.post(new Mailbox.Message(() -> core.abort(attempt), refused -> {}), true);
  }

  @Override
  public CompletableFuture<@Nullable Void> serving() {
    return serving.copy();
  }

  @Override
  public EngineStatus status() {
    return status;
  }

  @Override
  public Optional<Throwable> failure() {
    return Optional.ofNullable(failure);
  }

  @Override
  public CompletableFuture<@Nullable Void> checkIntegrity() {
    return tell(core::checkIntegrity, true);
  }

  @Override
  public void close() {
    closing = true;
    mailbox.wake();
    if (Thread.currentThread().equals(thread)) {
      return;
    }
    try {
      if (!thread.join(Duration.ofMillis(CLOSE_MILLIS))) {
        LOG.log(System.Logger.Level.WARNING, "the engine is still busy with a step; left behind");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void post(Runnable action, Consumer<EngineException> refusal) {
    mailbox.post(
        new Mailbox.Message(
            () -> {
              try {
                action.run();
              } catch (EngineException e) {
                refusal.accept(e);
              } catch (RuntimeException e) {
                refusal.accept(new EngineException(Code.INTERNAL, "the engine failed: " + e, e));
                throw e;
              }
            },
            refusal),
        false);
  }

  private <T> CompletableFuture<T> ask(Supplier<T> question, boolean always) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    mailbox.post(
        new Mailbox.Message(
            () -> {
              try {
                answer.complete(question.get());
              } catch (EngineException | IllegalStateException e) {
                answer.completeExceptionally(e);
              } catch (RuntimeException | Error e) {
                answer.completeExceptionally(
                    new EngineException(Code.INTERNAL, "the engine failed: " + e, e));
                throw e; // a defect
              }
            },
            answer::completeExceptionally),
        always);
    return answer;
  }

  private CompletableFuture<@Nullable Void> tell(Runnable action, boolean always) {
    return this.<@Nullable Void>ask(
        () -> {
          action.run();
          return null;
        },
        always);
  }

  private void run() {
    EngineException reason =
        new EngineException(Code.SHUTTING_DOWN, "the engine is shutting down; use another worker");
    try {
      core.warmUp(() -> closing);
      serving.complete(null);
      loop();
    } catch (Throwable e) {
      // Whatever it is, nobody may be left waiting; the process is told through failure().
      failure = e;
      serving.completeExceptionally(e);
      LOG.log(System.Logger.Level.ERROR, "the engine loop failed; all requests fail", e);
      reason = new EngineException(Code.INTERNAL, "the engine failed: " + e, e);
    } finally {
      end(reason);
    }
  }

  private void loop() throws InterruptedException {
    while (!closing) {
      mailbox.drainTo(inbox);
      core.expireLeases();
      while (!inbox.isEmpty()) {
        inbox.poll().action().run();
      }
      core.reservations().serve();
      boolean busy = core.hasWork();
      boolean advanced = busy && core.step();
      core.reportKvEvents();
      status = core.status();
      if (!advanced) {
        mailbox.await(busy ? BLOCKED_NANOS : IDLE_NANOS);
      }
    }
  }

  private void closeAll() {
    try {
      core.close();
    } finally {
      pool.close();
    }
  }

  private void end(EngineException reason) {
    arrivals.end(reason);
    try {
      for (Mailbox.Message message : inbox) {
        message.refusal().accept(reason);
      }
      mailbox.close(reason);
      core.failAll(reason);
      status = core.status();
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "the engine could not end in order", e);
    } finally {
      try {
        core.transfers().releaseAll(); // waits for what is being stored: the pool goes next
      } finally {
        closeAll();
      }
    }
  }
}
