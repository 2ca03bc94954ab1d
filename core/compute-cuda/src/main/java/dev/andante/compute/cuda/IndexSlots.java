package dev.andante.compute.cuda;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.JCudaDriver;

/**
 * Buffers for the indices of batches. The buffer freed last is handed out first, so that one decode
 * step after the other finds its indices at the same address and can replay a graph.
 */
final class IndexSlots {

  /** Page-locked memory and its twin on the device. */
  static final class Slot {
    private final PinnedMemory host;
    private final CudaMemory memory;
    private final CUevent copied = new CUevent();

    private Slot(CudaDevice device, int bytes) {
      host = new PinnedMemory(device, bytes);
      memory = device.allocate(bytes, "batch indices");
      device.check(
          JCudaDriver.cuEventCreate(copied, CUevent_flags.CU_EVENT_DISABLE_TIMING),
          "creating an event");
    }

    PinnedMemory host() {
      return host;
    }

    long address() {
      return memory.address();
    }
  }

  private final CommandQueue queue;
  private final Map<Integer, Deque<Slot>> free = new HashMap<>();

  IndexSlots(CommandQueue queue) {
    this.queue = queue;
  }

  /** A slot of at least {@code bytes}, whose host memory may be overwritten. */
  Slot acquire(int bytes) {
    int size = Math.max(4096, Integer.highestOneBit(bytes - 1) * 2);
    Slot slot = free.computeIfAbsent(size, s -> new ArrayDeque<>()).pollFirst();
    queue.device().use();
    if (slot == null) {
      return new Slot(queue.device(), size);
    }
    queue.device().check(JCudaDriver.cuEventSynchronize(slot.copied), "waiting for batch indices");
    return slot;
  }

  /** Copies the first bytes of a slot to the device, in order with the kernels. */
  void upload(Slot slot, int bytes) {
    queue
        .device()
        .check(
            JCudaDriver.cuMemcpyHtoDAsync(
                slot.memory.pointer(0), slot.host.pointer(), bytes, queue.stream()),
            "copying batch indices");
    queue
        .device()
        .check(JCudaDriver.cuEventRecord(slot.copied, queue.stream()), "copying batch indices");
  }

  void release(Slot slot) {
    free.computeIfAbsent(slot.host.bytes(), s -> new ArrayDeque<>()).addFirst(slot);
  }
}
