package dev.andante.compute.cuda;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.JCudaDriver;

/** One allocation in device memory, freed by close or with its context. */
final class CudaMemory implements AutoCloseable {

  private final CudaDevice device;
  private final long address;
  private final long bytes;
  private boolean closed;

  CudaMemory(CudaDevice device, long address, long bytes) {
    this.device = device;
    this.address = address;
    this.bytes = bytes;
  }

  /**
   * @throws IllegalStateException after close
   */
  long address() {
    if (closed) {
      throw new IllegalStateException("tensor is closed");
    }
    return address;
  }

  CUdeviceptr pointer(long offset) {
    return DeviceAddress.of(address() + offset);
  }

  long bytes() {
    return bytes;
  }

  boolean isClosed() {
    return closed;
  }

  /** Waits for work that uses the memory. The caller has flushed the queue. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      if (!device.isClosed() && !device.isLost()) {
        device.use();
        device.check(JCudaDriver.cuMemFree(DeviceAddress.of(address)), "freeing GPU memory");
      }
    }
  }
}
