package dev.andante.compute.cuda;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jcuda.Pointer;
import jcuda.driver.JCudaDriver;

/** Page-locked host memory, which the device copies from and to while the host goes on. */
final class PinnedMemory implements AutoCloseable {

  private final CudaDevice device;
  private final Pointer pointer = new Pointer();
  private final ByteBuffer buffer;
  private boolean closed;

  PinnedMemory(CudaDevice device, int bytes) {
    this.device = device;
    device.use();
    device.check(
        JCudaDriver.cuMemHostAlloc(pointer, bytes, 0),
        "allocating " + bytes + " bytes of page-locked host memory");
    this.buffer = pointer.getByteBuffer(0, bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  Pointer pointer() {
    return pointer;
  }

  ByteBuffer buffer() {
    return buffer;
  }

  MemorySegment segment() {
    return MemorySegment.ofBuffer(buffer.duplicate().clear());
  }

  int bytes() {
    return buffer.capacity();
  }

  @Override
  public void close() {
    if (!closed && !device.isClosed() && !device.isLost()) {
      closed = true;
      device.use();
      device.check(JCudaDriver.cuMemFreeHost(pointer), "freeing page-locked memory");
    }
  }
}
