package dev.andante.compute.cuda;

import java.util.ArrayList;
import java.util.List;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;

/**
 * All work of a backend, in one order: a stream for kernels and one for copies of KV blocks.
 *
 * <p>While recording, launches only pile up; {@link #flush} then sends the pile, as one graph if
 * the same pile came by before. Everything that lets the host see results or that does not go
 * through {@link #launch} flushes first, so recording changes when work starts and nothing else.
 *
 * <p>Callers hold this object's monitor.
 */
final class CommandQueue implements AutoCloseable {

  private final CudaDevice device;
  private final NativeStream stream = new NativeStream();
  private final CUstream copies = new CUstream();
  private final CUevent ordered = new CUevent();
  private final GraphCache graphs;
  private final List<Launch> pending = new ArrayList<>();
  private final NativeLauncher launcher;
  private boolean recording;

  CommandQueue(CudaDevice device) {
    this.device = device;
    this.graphs = new GraphCache(device);
    device.use();
    device.check(
        JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING),
        "creating a stream");
    device.check(
        JCudaDriver.cuStreamCreate(copies, CUstream_flags.CU_STREAM_NON_BLOCKING),
        "creating a stream");
    device.check(
        JCudaDriver.cuEventCreate(ordered, CUevent_flags.CU_EVENT_DISABLE_TIMING),
        "creating an event");
    this.launcher = new NativeLauncher(stream);
  }

  CudaDevice device() {
    return device;
  }

  /** Kernel launches from here to the next flush may wait for it. */
  void record() {
    flush();
    recording = true;
  }

  void launch(
      Kernel kernel, int x, int y, int z, int threads, int shared, KernelArguments structure) {
    Launch launch = new Launch(kernel, x, y, z, threads, shared, structure.toBytes());
    if (recording) {
      pending.add(launch);
    } else {
      device.use();
      send(launch);
    }
  }

  private void send(Launch launch) {
    device.check(launcher.launch(launch), "kernel " + launch.kernel().name());
  }

  /** Sends what is pending and stops recording. */
  void flush() {
    recording = false;
    if (pending.isEmpty()) {
      return;
    }
    device.use();
    try {
      CUgraphExec graph = graphs.find(pending, stream, () -> pending.forEach(this::send));
      if (graph == null) {
        pending.forEach(this::send);
      } else {
        device.check(JCudaDriver.cuGraphLaunch(graph, stream), "running a graph");
      }
    } finally {
      pending.clear();
    }
  }

  /** The stream of the kernels, with everything so far sent to it. */
  CUstream stream() {
    flush();
    device.use();
    return stream;
  }

  /** The stream of copies, made to wait for every kernel so far. */
  CUstream copiesAfterKernels() {
    order(stream(), copies);
    return copies;
  }

  /** Later kernels wait for every copy so far. */
  void kernelsAfterCopies() {
    order(copies, stream());
  }

  private void order(CUstream first, CUstream second) {
    device.check(JCudaDriver.cuEventRecord(ordered, first), "ordering streams");
    device.check(JCudaDriver.cuStreamWaitEvent(second, ordered, 0), "ordering streams");
  }

  /** Waits for all kernels; reports what failed in them. */
  void finish() {
    device.check(JCudaDriver.cuStreamSynchronize(stream()), "waiting for the GPU");
  }

  /** Waits for all copies, and so for what they wait for. */
  void finishCopies() {
    device.use();
    device.check(JCudaDriver.cuStreamSynchronize(copies), "copying KV blocks");
  }

  /** Sends what is pending before memory that it may use is freed; quiet once all is lost. */
  void discardable() {
    if (device.isLost() || device.isClosed()) {
      pending.clear();
    } else {
      flush();
    }
  }

  /** Graphs in use. */
  int graphs() {
    return graphs.size();
  }

  @Override
  public void close() {
    pending.clear();
    if (!device.isLost() && !device.isClosed()) {
      finish();
      graphs.close();
      device.check(JCudaDriver.cuEventDestroy(ordered), "closing the queue");
      device.check(JCudaDriver.cuStreamDestroy(copies), "closing the queue");
      device.check(JCudaDriver.cuStreamDestroy(stream), "closing the queue");
    }
    launcher.close();
  }
}
