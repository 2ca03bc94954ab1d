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

/**
 * Runs experts in other processes. The rows of one layer go to all shards concerned at once; the
 * weighted sum is made here, in the order that {@link LocalExperts} uses. Nobody waits longer than
 * the deadline given, nor longer than the pass is waited for ({@link PassContext}).
 */
public final class RemoteExperts implements ExpertExecutor {

  private final Backend backend;
  private final ExpertTransport transport;
  private final int expertCount;
  private final int hiddenSize;
  private final Duration deadline;
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
    if (deadline.isNegative() || deadline.isZero()) {
      throw new IllegalArgumentException("the deadline of experts must be positive: " + deadline);
    }
    this.backend = backend;
    this.transport = transport;
    this.expertCount = expertCount;
    this.hiddenSize = hiddenSize;
    this.deadline = deadline;
    this.scratches =
        new ScratchPool<>(entries -> new ResultScratch(backend.allocate(entries, hiddenSize)));
  }

  @Override
  public void apply(int layer, Tensor x, Routing routing, Tensor out) {
    ExpertGroups groups = ExpertGroups.of(routing, expertCount);
    List<ShardCall> calls = assign(layer, groups);
    float[] activations = new float[routing.rows() * hiddenSize];
    backend.read(x, activations);
    float[] results = exchange(layer, groups, calls, activations);
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

  /** Gives every group to the first shard that holds its expert. */
  private List<ShardCall> assign(int layer, ExpertGroups groups) {
    List<ExpertShard> shards = transport.shards();
    Map<ExpertShard, ShardCall> calls = new LinkedHashMap<>();
    for (int i = 0; i < groups.size(); i++) {
      int expert = groups.experts()[i];
      ExpertShard holder =
          shards.stream()
              .filter(shard -> shard.experts().contains(expert))
              .findFirst()
              .orElseThrow(() -> nobodyHolds(expert, layer, shards));
      calls.computeIfAbsent(holder, ShardCall::new).add(i);
    }
    return List.copyOf(calls.values());
  }

  private float[] exchange(
      int layer, ExpertGroups groups, List<ShardCall> calls, float[] activations) {
    long limit = PassContext.current().leftNanos(deadline.toNanos());
    long end = System.nanoTime() + limit;
    List<CompletableFuture<float[]>> answers = new ArrayList<>();
    try {
      for (ShardCall call : calls) {
        answers.add(send(call, layer, groups, activations));
      }
      float[] results = new float[groups.entries() * hiddenSize];
      for (int i = 0; i < calls.size(); i++) {
        float[] answer = await(calls.get(i), layer, answers.get(i), end, limit);
        calls.get(i).store(answer, groups, results, hiddenSize);
      }
      return results;
    } finally {
      answers.forEach(answer -> answer.cancel(false)); // no effect on those that have arrived
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
      throw new ExpertUnavailableException(what + " failed: " + e.getCause(), e);
    } catch (CancellationException e) {
      throw new ExpertUnavailableException(what + " were given up by the transport", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ExpertUnavailableException("interrupted while waiting for " + what, e);
    }
  }

  private static ExpertUnavailableException nobodyHolds(
      int expert, int layer, List<ExpertShard> shards) {
    return new ExpertUnavailableException(
        "no reachable shard holds expert "
            + expert
            + " of layer "
            + layer
            + "; start an expert service for it. Reachable: "
            + shards);
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
