package dev.andante.model.experts;

import dev.andante.compute.Backend;
import dev.andante.compute.Tensor;
import dev.andante.model.ExpertExecutor;
import dev.andante.model.ExpertUnavailableException;
import dev.andante.model.Routing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;

/**
 * Runs experts in other processes. The rows of one layer go to all shards concerned at once, those
 * of an expert that several hold to the one with the least to do; what a shard fails to answer goes
 * to another that can. The weighted sum is made here, in the order that {@link LocalExperts} uses,
 * so it does not matter who computed what. Nobody waits longer than the deadline given, nor longer
 * than the pass is waited for ({@link PassContext}).
 */
public final class RemoteExperts implements ExpertExecutor {

  private final Backend backend;
  private final ExpertTransport transport;
  private final ShardChoice choice = new ShardChoice();
  private final int expertCount;
  private final int hiddenSize;
  private final Duration deadline;
  private final LongConsumer dispatchNanos;
  private final ScratchPool<ResultScratch> scratches;

  /**
   * @param transport owned and closed by this executor
   * @param expertCount experts per layer
   * @param deadline for the answers of one layer, all shards together
   */
  public RemoteExperts(
      Backend backend,
      ExpertTransport transport,
      int expertCount,
      int hiddenSize,
      Duration deadline) {
    this(backend, transport, expertCount, hiddenSize, deadline, nanos -> {});
  }

  /**
   * @param transport owned and closed by this executor
   * @param expertCount experts per layer
   * @param deadline for the answers of one layer, all shards together
   * @param dispatchNanos told how long the answers of each layer took, from the first row sent; any
   *     thread
   */
  public RemoteExperts(
      Backend backend,
      ExpertTransport transport,
      int expertCount,
      int hiddenSize,
      Duration deadline,
      LongConsumer dispatchNanos) {
    if (deadline.isNegative() || deadline.isZero()) {
      throw new IllegalArgumentException("the deadline of experts must be positive: " + deadline);
    }
    this.backend = backend;
    this.transport = transport;
    this.expertCount = expertCount;
    this.hiddenSize = hiddenSize;
    this.deadline = deadline;
    this.dispatchNanos = dispatchNanos;
    this.scratches =
        new ScratchPool<>(entries -> new ResultScratch(backend.allocate(entries, hiddenSize)));
  }

  @Override
  public void apply(int layer, Tensor x, Routing routing, Tensor out) {
    ExpertGroups groups = ExpertGroups.of(routing, expertCount);
    float[] activations = new float[routing.rows() * hiddenSize];
    backend.read(x, activations);
    long start = System.nanoTime();
    float[] results = exchange(layer, groups, activations);
    dispatchNanos.accept(System.nanoTime() - start);
    backend.clear(out);
    ResultScratch scratch = scratches.acquire(groups.entries());
    try {
      Tensor result = scratch.tensor().rows(groups.entries());
      backend.write(results, result);
      backend.scatterAddRows(result, groups.rows(), groups.weights(), out);
    } finally {
      scratches.release(scratch);
    }
  }

  @Override
  public void close() {
    scratches.close();
    transport.close();
  }

  /** The outputs of all groups, from whoever answers. */
  private float[] exchange(int layer, ExpertGroups groups, float[] activations) {
    long limit = PassContext.current().leftNanos(deadline.toNanos());
    long end = System.nanoTime() + limit;
    float[] results = new float[groups.entries() * hiddenSize];
    List<Integer> open = IntStream.range(0, groups.size()).boxed().toList();
    Map<String, ExpertUnavailableException> failed = new LinkedHashMap<>();
    List<CompletableFuture<float[]>> sent = new ArrayList<>();
    try {
      while (!open.isEmpty()) {
        List<ShardCall> calls = choice.of(transport.shards(), layer, groups, open, failed);
        List<CompletableFuture<float[]>> answers = new ArrayList<>();
        for (ShardCall call : calls) {
          answers.add(send(call, layer, groups, activations));
        }
        sent.addAll(answers);
        List<Integer> again = new ArrayList<>();
        for (int i = 0; i < calls.size(); i++) {
          ShardCall call = calls.get(i);
          try {
            float[] answer = await(call, layer, answers.get(i), end, limit);
            call.store(answer, groups, results, hiddenSize);
          } catch (ShardFailureException e) {
            failed.put(call.shard().name(), e.reason());
            again.addAll(call.groups());
          }
        }
        open = again.stream().sorted().toList();
      }
      return results;
    } finally {
      sent.forEach(answer -> answer.cancel(false)); // no effect on those that have arrived
    }
  }

  private CompletableFuture<float[]> send(
      ShardCall call, int layer, ExpertGroups groups, float[] activations) {
    try {
      return call.send(transport, layer, groups, activations, hiddenSize);
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e); // a transport may fail at once or later
    }
  }

  private static float[] await(
      ShardCall call, int layer, CompletableFuture<float[]> answer, long end, long limit) {
    String what = "experts of layer " + layer + " on " + call.shard().name();
    try {
      return answer.get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw new ExpertUnavailableException(
          what + " did not answer within " + TimeUnit.NANOSECONDS.toMillis(limit) + " ms", e);
    } catch (ExecutionException e) {
      throw new ShardFailureException(
          new ExpertUnavailableException(what + " failed: " + e.getCause(), e));
    } catch (CancellationException e) {
      throw new ShardFailureException(
          new ExpertUnavailableException(what + " were given up by the transport", e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ExpertUnavailableException("interrupted while waiting for " + what, e);
    }
  }

  /** A shard did not answer, so another may be asked. */
  private static final class ShardFailureException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ExpertUnavailableException reason;

    ShardFailureException(ExpertUnavailableException reason) {
      super(reason);
      this.reason = reason;
    }

    ExpertUnavailableException reason() {
      return reason;
    }
  }

  private record ResultScratch(Tensor tensor) implements Scratch {

    @Override
    public int capacity() {
      return tensor.rows();
    }

    @Override
    public void close() {
      tensor.close();
    }
  }
}
