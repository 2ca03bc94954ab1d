package dev.andante.host.experts;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.andante.model.experts.ExpertShard;
import dev.andante.model.experts.PassContext;
import dev.andante.protocol.v1.ExpertBatch;
import dev.andante.protocol.v1.ExpertGrpc;
import dev.andante.protocol.v1.ExpertResult;
import dev.andante.protocol.v1.GetShardRequest;
import dev.andante.service.grpc.Failures;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connection to one expert service: asks what it holds, keeps one stream open, and makes both
 * again, with growing pauses, whenever they are lost. What was under way then fails at once.
 *
 * <pre>DOWN ⇄ UP → CLOSED</pre>
 */
final class ExpertLink implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(ExpertLink.class);
  private static final long FIRST_PAUSE_MILLIS = 100;

  /** A rollout stops the next service a few seconds after this one is back. */
  private static final long LONGEST_PAUSE_MILLIS = 500;

  private static final long SHARD_DEADLINE_SECONDS = 5;

  private final String address;
  private final ManagedChannel channel;
  private final String fingerprint;
  private final int hiddenSize;
  private final Thread thread;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  // Guarded by lock.
  private final Map<Long, CompletableFuture<float[]>> pending = new HashMap<>();
  private @Nullable ClientCallStreamObserver<ExpertBatch> stream;
  private @Nullable ExpertShard shard;
  private String lastProblem = "connecting";
  private long nextId;
  private boolean closed;

  /**
   * @param channel this link's, closed with it
   */
  ExpertLink(String address, ManagedChannel channel, String fingerprint, int hiddenSize) {
    this.address = address;
    this.channel = channel;
    this.fingerprint = fingerprint;
    this.hiddenSize = hiddenSize;
    this.thread = Thread.ofVirtual().name("expert-link-" + address).unstarted(this::keepConnected);
  }

  void start() {
    thread.start();
  }

  /** What can be reached there now. */
  Optional<ExpertShard> shard() {
    lock.lock();
    try {
      return Optional.ofNullable(stream == null ? null : shard);
    } finally {
      lock.unlock();
    }
  }

  /** Why nothing can be reached, for an operator. */
  String problem() {
    lock.lock();
    try {
      return address + ": " + lastProblem;
    } finally {
      lock.unlock();
    }
  }

  CompletableFuture<float[]> send(
      int layer, int[] experts, int[] rowsPerExpert, float[] activations) {
    ExpertBatch.Builder batch =
        ExpertBatch.newBuilder()
            .setLayer(layer)
            .setActivations(bytes(activations))
            .addAllRequests(PassContext.current().requests());
    for (int i = 0; i < experts.length; i++) {
      batch.addExperts(experts[i]).addRows(rowsPerExpert[i]);
    }
    CompletableFuture<float[]> answer = new CompletableFuture<>();
    lock.lock();
    try {
      ClientCallStreamObserver<ExpertBatch> current = stream;
      if (current == null) {
        return CompletableFuture.failedFuture(
            new ExpertLinkException(address + " is not connected: " + lastProblem));
      }
      long id = nextId++;
      pending.put(id, answer);
      current.onNext(batch.setId(id).build()); // under the lock: a stream has one writer at a time
      var _ = answer.whenComplete((_, _) -> forget(id));
    } finally {
      lock.unlock();
    }
    return answer;
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    lost("closed", stream);
    thread.interrupt();
    channel.shutdownNow();
  }

  private void keepConnected() {
    long pause = FIRST_PAUSE_MILLIS;
    while (!isClosed()) {
      boolean connected = connect();
      pause = connected ? FIRST_PAUSE_MILLIS : Math.min(LONGEST_PAUSE_MILLIS, 2 * pause);
      if (!awaitLoss() || !pause(pause)) {
        return;
      }
    }
  }

  private boolean connect() {
    try {
      dev.andante.protocol.v1.ExpertShard answer =
          ExpertGrpc.newBlockingStub(channel)
              .withDeadlineAfter(SHARD_DEADLINE_SECONDS, TimeUnit.SECONDS)
              .getShard(GetShardRequest.getDefaultInstance());
      String problem = problemOf(answer);
      if (problem != null) {
        report(problem);
        return false;
      }
      open(new ExpertShard(address, new HashSet<>(answer.getExpertsList())));
      LOG.info("experts at {}: {} per layer", address, answer.getExpertsCount());
      return true;
    } catch (StatusRuntimeException e) {
      report(Failures.describe(e));
      return false;
    }
  }

  private void open(ExpertShard found) {
    Results results = new Results();
    lock.lock();
    try {
      if (closed) {
        return;
      }
      ExpertGrpc.newStub(channel).compute(results);
      if (!results.ended) { // a call may fail before this returns
        stream = results.call;
        shard = found;
      }
    } finally {
      lock.unlock();
    }
  }

  private @Nullable String problemOf(dev.andante.protocol.v1.ExpertShard answer) {
    if (!answer.getModelFingerprint().equals(fingerprint)) {
      return "it serves model "
          + answer.getModelFingerprint()
          + ", this worker "
          + fingerprint
          + "; give both the same file";
    }
    if (answer.getHiddenSize() != hiddenSize) {
      return "its hidden size is " + answer.getHiddenSize() + ", not " + hiddenSize;
    }
    return null;
  }

  private void report(String problem) {
    lock.lock();
    try {
      if (!problem.equals(lastProblem)) {
        LOG.warn("experts at {} cannot be used: {}", address, problem);
      }
      lastProblem = problem;
    } finally {
      lock.unlock();
    }
  }

  /** False when interrupted or closed. */
  private boolean awaitLoss() {
    lock.lock();
    try {
      while (stream != null && !closed) {
        changed.await();
      }
      return !closed;
    } catch (InterruptedException e) {
      return false;
    } finally {
      lock.unlock();
    }
  }

  private static boolean pause(long millis) {
    try {
      Thread.sleep(millis);
      return true;
    } catch (InterruptedException e) {
      return false;
    }
  }

  private boolean isClosed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }

  private void forget(long id) {
    lock.lock();
    try {
      pending.remove(id);
    } finally {
      lock.unlock();
    }
  }

  private void onResult(ExpertResult result) {
    CompletableFuture<float[]> answer;
    lock.lock();
    try {
      answer = pending.remove(result.getId());
    } finally {
      lock.unlock();
    }
    if (answer == null) {
      return; // given up meanwhile
    }
    if (result.getError().isEmpty()) {
      answer.complete(floats(result.getOutputs()));
    } else {
      answer.completeExceptionally(new ExpertLinkException(address + ": " + result.getError()));
    }
  }

  /** Fails what is under way, if {@code call} is still the current stream. */
  @SuppressWarnings("ReferenceEquality") // the very stream, not one like it
  private void lost(String reason, @Nullable ClientCallStreamObserver<ExpertBatch> call) {
    List<CompletableFuture<float[]>> failed;
    lock.lock();
    try {
      if (call == null || stream != call) {
        return;
      }
      stream = null;
      lastProblem = reason;
      failed = List.copyOf(pending.values());
      pending.clear();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    call.cancel(reason, null);
    failed.forEach(
        f -> f.completeExceptionally(new ExpertLinkException(address + " was lost: " + reason)));
  }

  private static ByteString bytes(float[] values) {
    ByteBuffer buffer = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    buffer.asFloatBuffer().put(values);
    return UnsafeByteOperations.unsafeWrap(buffer);
  }

  private static float[] floats(ByteString bytes) {
    float[] values = new float[bytes.size() / 4];
    bytes.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return values;
  }

  /** Answers of one stream. */
  private final class Results implements ClientResponseObserver<ExpertBatch, ExpertResult> {
    private @Nullable ClientCallStreamObserver<ExpertBatch> call;
    private boolean ended; // guarded by lock

    @Override
    public void beforeStart(ClientCallStreamObserver<ExpertBatch> requests) {
      call = requests;
    }

    @Override
    public void onNext(ExpertResult result) {
      onResult(result);
    }

    @Override
    public void onError(Throwable error) {
      end(Failures.describe(error));
    }

    @Override
    public void onCompleted() {
      end("the expert service ended the stream");
    }

    private void end(String reason) {
      lock.lock();
      try {
        ended = true;
      } finally {
        lock.unlock();
      }
      lost(reason, call);
    }
  }
}
