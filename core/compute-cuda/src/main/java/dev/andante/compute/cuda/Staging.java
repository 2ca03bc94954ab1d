package dev.andante.compute.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jcuda.driver.CUDA_MEMCPY2D;
import jcuda.driver.CUmemorytype;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;

/** Copies between the heap and the device through page-locked memory. */
final class Staging {

  static final int BYTES = 16 << 20;

  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final CommandQueue queue;
  private final PinnedMemory memory;

  Staging(CommandQueue queue) {
    this.queue = queue;
    this.memory = new PinnedMemory(queue.device(), BYTES);
  }

  /** Bytes to consecutive device memory; done on return. */
  void upload(MemorySegment source, long target) {
    CUstream stream = queue.stream();
    for (long at = 0; at < source.byteSize(); at += BYTES) {
      long bytes = Math.min(BYTES, source.byteSize() - at);
      MemorySegment.copy(source, at, memory.segment(), 0, bytes);
      queue
          .device()
          .check(
              JCudaDriver.cuMemcpyHtoDAsync(
                  DeviceAddress.of(target + at), memory.pointer(), bytes, stream),
              "copying to the GPU");
      queue.finish();
    }
  }

  /** A dense matrix to the rows of a tensor. */
  void write(float[] source, CudaTensor x) {
    int chunk = Math.max(1, BYTES / (4 * x.columns()));
    for (int row = 0; row < x.rows(); row += chunk) {
      int rows = Math.min(chunk, x.rows() - row);
      MemorySegment.copy(source, row * x.columns(), memory.segment(), FLOAT, 0, rows * x.columns());
      CUDA_MEMCPY2D copy = copy(x, rows);
      copy.srcMemoryType = CUmemorytype.CU_MEMORYTYPE_HOST;
      copy.srcHost = memory.pointer();
      copy.srcPitch = 4L * x.columns();
      copy.dstMemoryType = CUmemorytype.CU_MEMORYTYPE_DEVICE;
      copy.dstDevice = DeviceAddress.of(x.address() + 4L * row * x.pitch());
      copy.dstPitch = 4L * x.pitch();
      run(copy);
    }
  }

  /** The rows of a tensor to a dense matrix. */
  void read(CudaTensor x, float[] target) {
    int chunk = Math.max(1, BYTES / (4 * x.columns()));
    for (int row = 0; row < x.rows(); row += chunk) {
      int rows = Math.min(chunk, x.rows() - row);
      CUDA_MEMCPY2D copy = copy(x, rows);
      copy.srcMemoryType = CUmemorytype.CU_MEMORYTYPE_DEVICE;
      copy.srcDevice = DeviceAddress.of(x.address() + 4L * row * x.pitch());
      copy.srcPitch = 4L * x.pitch();
      copy.dstMemoryType = CUmemorytype.CU_MEMORYTYPE_HOST;
      copy.dstHost = memory.pointer();
      copy.dstPitch = 4L * x.columns();
      run(copy);
      MemorySegment.copy(memory.segment(), FLOAT, 0, target, row * x.columns(), rows * x.columns());
    }
  }

  /** Consecutive ints from the device. */
  void read(long source, int[] target, int count) {
    if (count == 0) {
      return;
    }
    queue
        .device()
        .check(
            JCudaDriver.cuMemcpyDtoHAsync(
                memory.pointer(), DeviceAddress.of(source), 4L * count, queue.stream()),
            "copying from the GPU");
    queue.finish();
    MemorySegment.copy(
        memory.segment(),
        ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN),
        0,
        target,
        0,
        count);
  }

  private static CUDA_MEMCPY2D copy(CudaTensor x, int rows) {
    if (4L * x.columns() > BYTES) {
      throw new IllegalArgumentException("rows of " + x.columns() + " do not fit the staging area");
    }
    CUDA_MEMCPY2D copy = new CUDA_MEMCPY2D();
    copy.WidthInBytes = 4L * x.columns();
    copy.Height = rows;
    return copy;
  }

  private void run(CUDA_MEMCPY2D copy) {
    CUstream stream = queue.stream();
    queue.device().check(JCudaDriver.cuMemcpy2DAsync(copy, stream), "copying a tensor");
    queue.finish();
  }
}
