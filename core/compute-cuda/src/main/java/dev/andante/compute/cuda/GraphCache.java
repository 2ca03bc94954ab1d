package dev.andante.compute.cuda;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;

/**
 * Sequences of launches as CUDA graphs. A sequence becomes a graph when it comes up for the second
 * time: decode steps of the same batch and context bucket are equal launch for launch, because
 * their indices lie in the same device buffers, while a sequence that never returns is not worth a
 * graph.
 */
final class GraphCache implements AutoCloseable {

  private static final int CAPACITY = 64;
  private static final int REMEMBERED = 4096;

  /** Below this, a graph saves nothing. */
  static final int MINIMUM_LAUNCHES = 12;

  private final CudaDevice device;
  private final Set<Integer> seen = new HashSet<>();
  private final Map<List<Launch>, CUgraphExec> graphs =
      new LinkedHashMap<>(16, 0.75f, /* accessOrder= */ true);

  GraphCache(CudaDevice device) {
    this.device = device;
  }

  /** The graph of a sequence, made from {@code launch} if it is due; null if it is not yet. */
  @Nullable CUgraphExec find(List<Launch> sequence, CUstream stream, Runnable launch) {
    if (sequence.size() < MINIMUM_LAUNCHES) {
      return null;
    }
    CUgraphExec known = graphs.get(sequence);
    if (known != null) {
      return known;
    }
    if (seen.size() >= REMEMBERED) {
      seen.clear();
    }
    if (seen.add(sequence.hashCode())) {
      return null;
    }
    CUgraphExec made = capture(stream, launch);
    if (graphs.size() >= CAPACITY) {
      List<Launch> eldest = graphs.keySet().iterator().next();
      destroy(graphs.remove(eldest));
    }
    graphs.put(List.copyOf(sequence), made);
    return made;
  }

  private CUgraphExec capture(CUstream stream, Runnable launch) {
    device.check(
        JCudaDriver.cuStreamBeginCapture(
            stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
        "recording a graph");
    CUgraph graph = new CUgraph();
    try {
      launch.run();
    } finally {
      device.check(JCudaDriver.cuStreamEndCapture(stream, graph), "recording a graph");
    }
    CUgraphExec executable = new CUgraphExec();
    device.check(JCudaDriver.cuGraphInstantiate(executable, graph, 0L), "building a graph");
    device.check(JCudaDriver.cuGraphDestroy(graph), "building a graph");
    return executable;
  }

  private void destroy(@Nullable CUgraphExec graph) {
    if (graph != null) {
      device.check(JCudaDriver.cuGraphExecDestroy(graph), "freeing a graph");
    }
  }

  int size() {
    return graphs.size();
  }

  @Override
  public void close() {
    graphs.values().forEach(this::destroy);
    graphs.clear();
  }
}
